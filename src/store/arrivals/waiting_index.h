#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "store/arrivals/disk.h"
#include "store/arrivals/segment.h"

namespace sinew::store::arrivals {

/// A file of the journal in use. What changes is guarded by the lock of `Arrivals`.
struct Segment {
  std::string path;
  std::unique_ptr<DiskFile> file;
  std::uint64_t bytes = 0;
  SegmentName name;
  std::uint64_t used = kBlockBytes;  ///< the writing thread's
  std::uint64_t groups = 0;          ///< the writing thread's
  bool is_full = false;              ///< nothing more will be written
  bool is_bad = false;               ///< a write failed: not to be used again
  std::size_t waiting = 0;           ///< messages in it that the database lacks
  std::uint64_t last_commit = 0;  ///< the database's newest commit that holds one of its messages
};

/// Where a message stands that is durable here and not yet in the database.
struct Slot {
  std::shared_ptr<Segment> segment;  ///< null: it is in the database, or never became durable
  std::uint64_t offset = 0;
  std::size_t size = 0;
  std::int64_t duplicate_hash = 0;
  std::chrono::steady_clock::time_point since{};  ///< durable since
};

/// The messages that the database lacks, by id. About 100 bytes each, none of them the message's.
class WaitingIndex {
 public:
  /// Ids only grow; those left out never became durable.
  void add(JournalId id, Slot slot);
  /// The slot, or one without a segment.
  [[nodiscard]] Slot find(JournalId id) const;
  /// The slot that was there, now forgotten.
  Slot erase(JournalId id);
  [[nodiscard]] std::vector<JournalId> after(JournalId id, std::size_t count_max) const;
  /// Those before `before` with the hash, oldest first.
  [[nodiscard]] std::vector<JournalId> with_hash(std::int64_t hash, JournalId before) const;
  /// Null: nothing waits.
  [[nodiscard]] Slot const* oldest() const { return slots_.empty() ? nullptr : &slots_.front(); }
  [[nodiscard]] std::size_t count() const { return by_hash_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  JournalId first_ = 1;  ///< id of slots_.front()
  std::deque<Slot> slots_;
  std::unordered_multimap<std::int64_t, JournalId> by_hash_;
  std::size_t bytes_ = 0;
};

}  // namespace sinew::store::arrivals
