#include "store/sqlite/writer.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kGroupSizeMax = 2048;
constexpr std::size_t kCompanyWorthWaitingFor = 8;
constexpr int kCheckpointPages = 8192;  // 64 MB of write-ahead log

int on_commit(void* pages, sqlite3*, char const*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(Connection connection, Catalogue const& catalogue, LiveCache& cache, Clock& clock,
               StoreOptions const& options, FindMatches find)
    : connection_(std::move(connection)),
      cache_(cache),
      clock_(clock),
      group_wait_ms_max_(options.group_wait_ms_max),
      applier_(connection_, catalogue, cache, std::move(find), options.young_rows_max),
      checkpoint_at_pages_(kCheckpointPages) {}

Result<> Writer::start() {
  sqlite3_wal_hook(connection_.handle(), on_commit, &log_pages_);
  TRY(applier_.load_counters());
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-writer");
  return {};
}

Writer::~Writer() {
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
    queue_.push_back(std::move(work));
    wakes = std::exchange(sleeping_, false);
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
  sleeping_ = queue_.empty();
  wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  sleeping_ = false;
  // Under load a little patience saves a commit, with its pages and its fsync, for many callers;
  // a lone caller is never made to wait.
  if (last_group_size_ >= kCompanyWorthWaitingFor && queue_.size() < last_group_size_ &&
      !stopping_) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(group_wait_ms_max_));
    lock.lock();
  }
  Group group;
  if (queue_.size() <= kGroupSizeMax) {
    group.swap(queue_);
  } else {
    auto const end = queue_.begin() + kGroupSizeMax;
    group.assign(std::move_iterator(queue_.begin()), std::move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  last_group_size_ = group.size();
  return group;
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
    if (auto* entry = std::get_if<AppendWork>(&work)) {
      entry->answer = applier_.append(*entry);
      if (applier_.is_broken()) return Result<JournalId>(entry->answer).failure();
    } else if (auto* item = std::get_if<ApplyWork>(&work)) {
      item->answer = applier_.apply(*item, clock_.now());
      if (applier_.is_broken()) return Result<std::vector<Outcome>>(item->answer).failure();
    }
  }
  return applier_.finish_group();
}

void Writer::answer(Group& group) {
  versions_ = applier_.versions_written();
  unchanged_ = applier_.unchanged();
  for (auto& work : group) {
    if (auto* entry = std::get_if<AppendWork>(&work)) {
      if (entry->answer) ++entries_;
      if (entry->done) entry->done(std::move(entry->answer));
    } else if (auto* item = std::get_if<ApplyWork>(&work)) {
      if (item->answer) ++transactions_;
      if (item->done) item->done(std::move(item->answer));
    }
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
  return {commits_, entries_, transactions_, versions_, unchanged_};
}

}  // namespace sinew::store::sqlite
