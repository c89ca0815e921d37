#include "engine/backlog.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace sinew::engine {
namespace {

/// Entries read back at a time: each may be as large as a frame.
constexpr std::size_t kLoadCount = 32;
/// How long a database that cannot write is left alone.
constexpr auto kHaltPause = std::chrono::milliseconds(500);

}  // namespace

Backlog::Backlog(store::Store& store, BacklogLimits limits, Admit admit)
    : store_(store), limits_(limits), admit_(std::move(admit)) {}

Backlog::~Backlog() { stop(); }

void Backlog::start() {
  loader_ = std::thread([this] { load(); });
}

void Backlog::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
    dropping_ = true;
  }
  changed_.notify_all();
  if (loader_.joinable()) loader_.join();
}

void Backlog::appended(Pending pending) {
  std::scoped_lock const lock(mutex_);
  appended_ = std::max(appended_, pending.id);
  // The loader may have seen the entry in the journal before we were told of it.
  if (pending.id <= admitted_) return;
  if (!reading_ && !stopping_ && has_room()) {
    admit_locked(std::move(pending));
    return;
  }
  // Only the first one wakes the loader; from then on it looks when there is room.
  if (!reading_) changed_.notify_all();
  reading_ = true;
}

void Backlog::admit_locked(Pending pending) {
  ++messages_;
  bytes_ += pending.entry.bytes.size();
  admitted_ = pending.id;
  admit_(std::move(pending));
}

void Backlog::finished(Pending const& pending) {
  std::scoped_lock const lock(mutex_);
  --messages_;
  bytes_ -= pending.entry.bytes.size();
  if (messages_ == 0 || (reading_ && is_half_empty())) changed_.notify_all();
}

void Backlog::halt() {
  {
    std::scoped_lock const lock(mutex_);
    if (!halted_) log(Level::error, "store cannot write, the engine waits");
  }
  read_again();
}

void Backlog::read_again() {
  std::scoped_lock const lock(mutex_);
  halted_ = true;
  dropping_ = true;
  reading_ = true;
  changed_.notify_all();
}

/// True: there is room for entries from the journal. False: the backlog stops.
bool Backlog::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] {
    if (stopping_) return true;
    if (halted_) return messages_ == 0;
    // Half empty before it is filled again, so that not every message is a query.
    return reading_ && is_half_empty();
  });
  if (stopping_ || !halted_) return !stopping_;
  changed_.wait_for(lock, kHaltPause, [this] { return stopping_; });
  halted_ = false;
  dropping_ = stopping_;
  admitted_ = 0;
  return !stopping_;
}

void Backlog::load() {
  std::unique_lock lock(mutex_);
  while (wait_for_turn(lock)) {
    auto const newest_known = appended_;
    auto const after = admitted_;
    lock.unlock();
    auto records = store_.unfinished(after, kLoadCount);
    lock.lock();
    if (!records) {
      log(Level::error, "journal not readable", {{"reason", records.error().what}});
      changed_.wait_for(lock, kHaltPause, [this] { return stopping_; });
      continue;
    }
    if (halted_ || stopping_) continue;
    bool const is_last = records->size() < kLoadCount;
    admit_all(*std::move(records));
    if (!is_last) continue;
    // Everything that was in the journal before the query has been admitted.
    admitted_ = std::max(admitted_, newest_known);
    reading_ = appended_ > admitted_;
    if (!reading_) changed_.notify_all();
  }
}

void Backlog::admit_all(std::vector<store::JournalRecord> records) {
  for (auto& record : records) {
    admit_locked({record.id, record.received, std::move(record.entry), record.is_passed_on});
  }
}

std::uint64_t Backlog::size() const {
  std::scoped_lock const lock(mutex_);
  return messages_ + (appended_ > admitted_ ? appended_ - admitted_ : 0);
}

bool Backlog::wait_until_empty(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return messages_ == 0 && !reading_; });
}

void Backlog::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return messages_ == 0; });
}

}  // namespace sinew::engine
