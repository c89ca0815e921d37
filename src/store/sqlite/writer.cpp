#include "store/sqlite/writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kGroupSizeMax = 2048;
constexpr std::size_t kGroupWorthACommit = 128;  // work that can wait is committed at this number
constexpr auto kSyncLook = std::chrono::microseconds(200);
constexpr int kSyncLooksMax = 100;
constexpr int kCheckpointPages = 8192;  // 64 MB of write-ahead log

bool can_wait(Work const& work) {
  auto const* item = std::get_if<ApplyWork>(&work);
  return item == nullptr || item->transaction.can_wait;
}

int on_commit(void* pages, sqlite3*, char const*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(Connection connection, Catalogue const& catalogue, LiveCache& cache, Clock& clock,
               StoreOptions const& options, FindMatches find, LogSync& log_sync, Filed filed)
    : connection_(std::move(connection)),
      cache_(cache),
      clock_(clock),
      group_wait_max_(options.group_wait_ms_max),
      applier_(connection_, catalogue, cache, std::move(find), options.young_rows_max),
      log_sync_(log_sync),
      filed_(std::move(filed)),
      checkpoint_at_pages_(kCheckpointPages) {}

Result<> Writer::start() {
  sqlite3_wal_hook(connection_.handle(), on_commit, &log_pages_);
  TRY(applier_.load_counters());
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-writer");
  return {};
}

void Writer::stop() {
  if (!thread_.joinable()) return;
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::submit(Work work) {
  bool wakes = false;
  {
    std::scoped_lock const lock(mutex_);
    is_hurried_ = is_hurried_ || !can_wait(work);
    queue_.push_back(std::move(work));
    wakes = wake_at_ != kNoWaking && (is_hurried_ || queue_.size() >= wake_at_);
    if (wakes) wake_at_ = kNoWaking;
  }
  if (wakes) wake_.notify_one();
}

void Writer::run() {
  for (;;) {
    auto group = take_group();
    if (group.empty()) return;
    commit_group(group);
    answer(group);
    checkpoint_if_due();
  }
}

/// Waits for work. Empty: the store is closing and nothing is left.
Writer::Group Writer::take_group() {
  std::unique_lock lock(mutex_);
  if (queue_.empty()) {
    wake_at_ = 1;
    wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  }
  gather(lock);
  wake_at_ = kNoWaking;
  is_hurried_ = false;
  Group group;
  if (queue_.size() <= kGroupSizeMax) {
    group.swap(queue_);
  } else {
    auto const end = queue_.begin() + kGroupSizeMax;
    group.assign(std::move_iterator(queue_.begin()), std::move_iterator(end));
    queue_.erase(queue_.begin(), end);
    is_hurried_ = std::ranges::any_of(queue_, [](Work const& work) { return !can_wait(work); });
  }
  return group;
}

/// A commit costs the pages it touches, so work that can wait is committed with company. Work that
/// somebody waits for is not held back, unless a sync is under way, which would hold it back
/// anyway.
void Writer::gather(std::unique_lock<std::mutex>& lock) {
  if (!stopping_ && !is_hurried_ && queue_.size() < kGroupWorthACommit) {
    wake_at_ = kGroupWorthACommit;
    wake_.wait_for(lock, group_wait_max_,
                   [&] { return stopping_ || is_hurried_ || queue_.size() >= kGroupWorthACommit; });
  }
  for (int look = 0; look < kSyncLooksMax && !stopping_ && log_sync_.is_busy(); ++look)
    wake_.wait_for(lock, kSyncLook);
}

void Writer::commit_group(Group& group) {
  Error reason;
  if (try_group(group, reason) || group.size() == 1) return;
  // One member may have spoilt it for all: each for itself.
  for (auto& work : group) (void)try_group(std::span(&work, 1), reason);
}

bool Writer::try_group(std::span<Work> group, Error& reason) {
  auto done = connection_.run("BEGIN IMMEDIATE");
  if (done) done = perform(group);
  if (done) done = connection_.run("COMMIT");
  if (done) {
    ++commits_;
    report(group);
    return true;
  }
  reason = done.error();
  if (sqlite3_get_autocommit(connection_.handle()) == 0) (void)connection_.run("ROLLBACK");
  cache_.clear();
  (void)applier_.load_counters();
  for (auto& work : group) std::visit([&](auto& item) { item.answer = Failure{reason}; }, work);
  return false;
}

Result<> Writer::perform(std::span<Work> group) {
  for (auto& work : group) {
    if (auto* filing = std::get_if<FileWork>(&work)) {
      TRY(applier_.file(filing->rows));
      filing->answer = {};
    } else if (auto* item = std::get_if<ApplyWork>(&work)) {
      item->answer = applier_.apply(*item, clock_.now());
      if (applier_.is_broken()) return Result<std::vector<Outcome>>(item->answer).failure();
    }
  }
  return applier_.finish_group();
}

/// A group is committed.
void Writer::report(std::span<Work> group) {
  filed_ids_.clear();
  for (auto const& work : group) {
    if (auto const* filing = std::get_if<FileWork>(&work)) {
      for (auto const& row : filing->rows) filed_ids_.push_back(row.id);
    } else if (auto const* item = std::get_if<ApplyWork>(&work)) {
      if (item->cause && item->answer) filed_ids_.push_back(item->cause->id);
    }
  }
  if (!filed_ids_.empty()) filed_(filed_ids_, commits_);
  log_sync_.committed(commits_);
}

void Writer::answer(Group& group) {
  versions_ = applier_.versions_written();
  unchanged_ = applier_.unchanged();
  for (auto& work : group) {
    if (auto* filing = std::get_if<FileWork>(&work)) {
      filing->done(std::move(filing->answer));
      continue;
    }
    auto& item = std::get<ApplyWork>(work);
    if (item.answer) ++transactions_;
    if (!item.done) continue;
    if (item.transaction.cause != 0 || !item.answer) {
      item.done(std::move(item.answer));
      continue;
    }
    log_sync_.when_durable(
        [done = std::move(item.done), answer = std::move(item.answer)](Result<> synced) mutable {
          if (synced) return done(std::move(answer));
          done(std::move(synced).failure());
        });
  }
}

/// Moves the write-ahead log into the file when it has grown. Readers of old snapshots may hold
/// some of it back; the next attempt comes when it has grown as much again.
void Writer::checkpoint_if_due() {
  if (log_pages_ < checkpoint_at_pages_) return;
  int in_log = 0, moved = 0;
  sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log,
                            &moved);
  checkpoint_at_pages_ = (moved < in_log ? in_log : 0) + kCheckpointPages;
}

StoreCounters Writer::counters() const {
  return {.commits = commits_,
          .transactions = transactions_,
          .versions = versions_,
          .unchanged = unchanged_};
}

}  // namespace sinew::store::sqlite
