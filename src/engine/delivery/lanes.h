#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "store/deliveries/delivery_log.h"

namespace sinew::engine {

/// The deliveries of one destination that are not done, in their lanes: one is ready when it is the
/// first in the lane of each of its keys, so that what waits holds back those that share a key with
/// it, and nobody else. Not thread-safe.
class Lanes {
 public:
  /// Behind all that are here. Its status says whether it is held; it is not here yet.
  void add(store::Delivery delivery);
  /// The ready one that is due and has been due longest; it is under way from then on.
  [[nodiscard]] std::optional<store::Delivery> take(Instant now);
  /// When the next ready one is due, under way ones aside.
  [[nodiscard]] std::optional<Instant> next_due() const;

  /// Of one that is under way or held: it is over, and its lanes go on.
  void finish(std::uint64_t item);
  /// Of one that is under way: it keeps its place, and is not taken before its `due`, or at all
  /// when it is held.
  void put_back(store::Delivery delivery);
  /// The one here, unless it is under way.
  [[nodiscard]] store::Delivery const* waiting(std::uint64_t item) const;
  [[nodiscard]] bool contains(std::uint64_t item) const { return entries_.contains(item); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t held_count() const { return held_; }

 private:
  struct Entry {
    store::Delivery delivery;
    std::size_t before = 0;  ///< lanes in which it is not the first
    bool under_way = false;
  };
  void offer(Entry const& entry);
  void withdraw(Entry const& entry);

  std::unordered_map<std::uint64_t, Entry> entries_;
  std::unordered_map<std::uint64_t, std::deque<std::uint64_t>> lanes_;
  std::set<std::pair<Instant, std::uint64_t>> ready_;
  std::size_t held_ = 0;
};

}  // namespace sinew::engine
