#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "store/arrivals/waiting_index.h"

namespace sinew::store::arrivals {

struct ArrivalsOptions {
  std::string prefix;               ///< of the paths of its files
  std::uint64_t store = 0;          ///< marks the files as this store's
  std::uint64_t last_sequence = 0;  ///< of files that were there before
  JournalId last_id = 0;            ///< given before
  std::size_t segment_bytes = 0;
};

/// The part of the journal on the road of an acknowledgement: files that are only appended to, and
/// synced by themselves. While one group of messages is being synced the next gathers; a message is
/// durable when its group is. The database gets each message later, at the latest with what the
/// message causes, and a file is used again when the database holds, on disk, all that is in it.
///
/// A group that could not be written or synced is refused, its ids are not given again, and its
/// file is left: what a failed sync has left behind is not known.
class Arrivals {
 public:
  Arrivals(std::shared_ptr<Disk> disk, ArrivalsOptions options);
  Arrivals(Arrivals const&) = delete;
  Arrivals& operator=(Arrivals const&) = delete;
  ~Arrivals() { stop(); }
  void start();
  /// Finishes what was appended.
  void stop();

  /// `done` is called on the journal's thread, in the order of the ids.
  void append(JournalEntry const& entry, Instant received, std::int64_t duplicate_hash,
              Store::Appended done);

  // What the database lacks. A message that is not here is in the database: look there after.

  /// Nothing: not here. Fails when it cannot be read.
  [[nodiscard]] Result<std::optional<Arrival>> find(JournalId id);
  struct Unfiled {
    std::vector<Arrival> arrivals;  ///< oldest first
    JournalId up_to = 0;            ///< there are no others up to this one
  };
  /// Some of those after `after`: so many, or as many as are worth holding in memory at a time.
  [[nodiscard]] Result<Unfiled> unfiled(JournalId after, std::size_t count_max);
  [[nodiscard]] std::vector<JournalId> with_hash(std::int64_t hash, JournalId before);

  // For whoever brings them there.

  /// Waits until messages have waited long, or are many, or `prepare_spare` has something to do.
  /// False: `stop_waiting` was called.
  bool wait_until_due();
  void stop_waiting();
  [[nodiscard]] bool is_due();
  /// Waits, or until `stop_waiting`.
  void pause(std::chrono::milliseconds time);
  /// Has a file ready before it is needed.
  void prepare_spare();
  /// The database's commit `commit` holds these.
  void filed(std::span<JournalId const> ids, std::uint64_t commit);
  /// The database's commits up to this one are on disk.
  void durable(std::uint64_t commit);
  /// Removes the files, if nothing in them is needed any more. After `stop`.
  void remove_files();

  struct Counters {
    std::uint64_t entries, syncs, waiting;
  };
  [[nodiscard]] Counters counters();

 private:
  struct Member {
    GroupWriter::Place place;
    std::int64_t duplicate_hash;
    Store::Appended done;
  };
  struct Group {
    GroupWriter text;
    JournalId first = 0;
    std::vector<Member> members;
  };
  using SegmentPointer = std::shared_ptr<Segment>;
  static constexpr std::size_t kNoWaking = static_cast<std::size_t>(-1);

  void run();
  void gather(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::size_t gathered() const;
  [[nodiscard]] Result<> write(Group& group);
  [[nodiscard]] Result<> take_segment(std::size_t bytes);
  [[nodiscard]] Result<SegmentPointer> make_segment(std::size_t bytes);
  bool wait_for_room();
  void abandon_segment();
  void add_to_index(Group const& group, std::uint64_t offset);
  void answer(Group& group, Result<> const& written);
  [[nodiscard]] bool is_due_at(std::chrono::steady_clock::time_point now) const;

  std::shared_ptr<Disk> disk_;
  ArrivalsOptions const options_;

  std::mutex spare_mutex_;  ///< held while a file is made; taken before `mutex_`
  SegmentPointer spare_;
  std::uint64_t files_made_ = 0;
  std::uint64_t sequence_;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_, due_, room_;
  std::deque<Group> gathering_;
  std::vector<Group> idle_;  ///< emptied, with their memory
  JournalId next_id_;
  std::size_t wake_at_ = kNoWaking;  ///< messages gathered at which the thread wants to know
  std::size_t expected_ = 0;         ///< messages that were under way when the last sync ended
  std::chrono::steady_clock::duration sync_time_{};  ///< of the last one
  bool stopping_ = false;
  bool waiting_stopped_ = false;
  bool needs_spare_ = true;
  WaitingIndex index_;
  std::vector<SegmentPointer> segments_, free_;
  SegmentPointer current_;  ///< the writing thread's
  bool is_broken_ = false;  ///< the writing thread's

  std::atomic<std::uint64_t> syncs_{0}, entries_{0};
  std::thread thread_;
};

}  // namespace sinew::store::arrivals
