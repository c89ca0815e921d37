#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/store.h"

namespace sinew::engine {

/// A message in the journal that is not applied yet.
struct Pending {
  store::JournalId id = 0;
  Instant received{};
  store::JournalEntry entry;
  bool is_passed_on = true;  ///< by the channels
};

struct BacklogLimits {
  std::size_t messages_max;
  std::size_t bytes_max;
};

/// Hands journal entries to the workers in the order of the journal, each once, and keeps few of
/// them in memory: what does not fit is left in the journal and read back when there is room. So
/// what an earlier process left unfinished, a burst, and a database that was away for a while are
/// one case.
class Backlog {
 public:
  using Admit = std::function<void(Pending)>;

  /// `admit`  is called in the order of the journal, never twice at a time; must not block.
  Backlog(store::Store& store, BacklogLimits limits, Admit admit);
  ~Backlog();

  /// Begins with the entries that are unfinished in the store.
  void start();
  /// An entry has become durable. Called in the order of the journal.
  void appended(Pending pending);
  /// An admitted entry is applied, or marked as failed; or it was dropped because of `halt`.
  void finished(Pending const& pending);

  /// The database cannot take what is applied. Nothing more is admitted until everything admitted
  /// is finished or dropped; after a pause the journal is read again from the first entry that is
  /// unfinished, so that the order holds.
  void halt();
  /// The same without a fault: the journal has got unfinished entries older than those admitted,
  /// of another process that is gone.
  void read_again();
  /// What is admitted now is to be dropped.
  [[nodiscard]] bool is_halted() const { return dropping_.load(std::memory_order_relaxed); }
  /// Admits no more, for good.
  void stop();

  /// Entries not finished, as far as this process knows.
  [[nodiscard]] std::uint64_t size() const;
  /// False: time ran out.
  bool wait_until_empty(std::chrono::milliseconds timeout);
  /// Waits until nothing that was admitted is unfinished.
  void wait_until_idle();

 private:
  void load();
  bool wait_for_turn(std::unique_lock<std::mutex>& lock);
  void admit_all(std::vector<store::JournalRecord> records);
  void admit_locked(Pending pending);
  [[nodiscard]] bool is_half_empty() const {
    return messages_ <= limits_.messages_max / 2 && bytes_ <= limits_.bytes_max / 2;
  }
  [[nodiscard]] bool has_room() const {
    return messages_ < limits_.messages_max && bytes_ < limits_.bytes_max;
  }

  store::Store& store_;
  BacklogLimits limits_;
  Admit admit_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t messages_ = 0;  ///< admitted and not finished
  std::size_t bytes_ = 0;
  store::JournalId appended_ = 0;  ///< the newest known to be in the journal
  store::JournalId admitted_ = 0;  ///< all up to here have been admitted, or were finished
  bool reading_ = true;            ///< entries after `admitted_` are read back from the journal
  bool halted_ = false;
  bool stopping_ = false;
  std::atomic<bool> dropping_ = false;  ///< halted_ or stopping_
  std::thread loader_;
};

}  // namespace sinew::engine
