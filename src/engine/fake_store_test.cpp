#include "engine/fake_store_test.h"

namespace sinew::engine {

FakeStore::~FakeStore() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
    held_ = false;
  }
  changed_.notify_all();
  writer_.join();
}

void FakeStore::submit(std::function<void()> job) {
  {
    std::scoped_lock const lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
}

void FakeStore::hold(bool held) {
  {
    std::scoped_lock const lock(mutex_);
    held_ = held;
  }
  changed_.notify_all();
}

void FakeStore::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || (!held_ && !jobs_.empty()); });
    if (jobs_.empty()) return;
    auto const job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

void FakeStore::append(store::JournalEntry entry, Appended done) {
  submit([this, entry = std::move(entry), done = std::move(done)]() mutable {
    if (disk_full) return done(fail(ErrorCode::unavailable, "disk full"));
    store::JournalId id = 0;
    {
      std::scoped_lock const lock(mutex_);
      id = journal_.size() + 1;
      store::JournalRecord record;
      record.id = id;
      record.entry = std::move(entry);
      journal_[id] = std::move(record);
    }
    done(id);
  });
}

void FakeStore::apply(store::Transaction transaction, Applied done) {
  submit([this, transaction = std::move(transaction), done = std::move(done)]() mutable {
    if (disk_full) return done(fail(ErrorCode::unavailable, "disk full"));
    for (auto const& change : transaction.changes) {
      if (change.id == "refused") return done(fail(ErrorCode::conflict, "refused for the test"));
    }
    {
      std::scoped_lock const lock(mutex_);
      auto& record = journal_.at(transaction.cause);
      record.status = transaction.cause_status;
      record.reason = transaction.cause_reason;
      applied_.push_back(std::move(transaction));
    }
    done(std::vector<store::Outcome>());
  });
}

Result<store::JournalRecord> FakeStore::journal_record(store::JournalId id) {
  std::scoped_lock const lock(mutex_);
  auto const found = journal_.find(id);
  if (found == journal_.end()) return fail(ErrorCode::not_found, "no such entry");
  return found->second;
}

Result<std::vector<store::JournalRecord>> FakeStore::unfinished(store::JournalId after,
                                                                std::size_t count_max) {
  std::scoped_lock const lock(mutex_);
  std::vector<store::JournalRecord> found;
  for (auto at = journal_.upper_bound(after); at != journal_.end(); ++at) {
    if (found.size() == count_max) break;
    if (at->second.status == store::JournalStatus::received) found.push_back(at->second);
  }
  return found;
}

Result<store::JournalId> FakeStore::find_duplicate(store::JournalEntry const& entry,
                                                   store::JournalId before) {
  std::scoped_lock const lock(mutex_);
  for (auto const& [id, record] : journal_) {
    if (id >= before) break;
    if (record.entry.sender == entry.sender && record.entry.control_id == entry.control_id &&
        record.entry.bytes == entry.bytes) {
      return id;
    }
  }
  return store::JournalId{0};
}

std::vector<store::Transaction> FakeStore::applied() {
  std::scoped_lock const lock(mutex_);
  return applied_;
}

std::size_t FakeStore::journal_size() {
  std::scoped_lock const lock(mutex_);
  return journal_.size();
}

}  // namespace sinew::engine
