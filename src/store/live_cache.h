#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "store/prepare.h"

namespace sinew::store {

/// The states of the resources used last, by "Type/id". The writer puts what it changes; other
/// threads may add what they read from disk, which never hides something newer.
///
/// Bounded by the bytes of two generations: a full young one becomes the old one, whose entries
/// come back when they are asked for and are lost when not.
class LiveCache {
 public:
  /// What a reader has to take before its snapshot, to add states of that snapshot afterwards.
  using Epoch = std::uint64_t;

  [[nodiscard]] std::optional<Live> find(std::string_view key);
  /// The state that transactions under way are to bring about, or else the state that is.
  [[nodiscard]] std::optional<Live> find_expected(std::string_view key);
  /// Until the writer puts this version, or another, or forgets what was expected.
  void expect(std::string_view key, Live live);
  void forget_expected(std::string_view key);
  [[nodiscard]] Epoch epoch() const { return epoch_; }

  /// The writer's: the state from now on.
  void put(std::string_view key, Live live);
  /// A state read from disk. Dropped where a state is known already, or could have been lost
  /// since `epoch`.
  void add_read(std::string_view key, Live live, Epoch epoch);
  void clear();

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kBytesPerShardMax = std::size_t{1} << 20;  ///< of one generation

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return hash64(key); }
  };
  using Generation = std::unordered_map<std::string, Live, Hash, std::equal_to<>>;
  struct Shard {
    std::mutex mutex;
    Generation young, old, expected;
    std::size_t bytes = 0;  ///< of `young`

    Live* touch(std::string_view key, std::atomic<Epoch>& epoch);
    void put(std::string_view key, Live live, std::atomic<Epoch>& epoch);
  };

  Shard& shard_of(std::string_view key) { return shards_[hash64(key) % kShards]; }
  std::array<Shard, kShards> shards_;
  std::atomic<Epoch> epoch_{0};  ///< grows whenever a state may have been lost
};

}  // namespace sinew::store
