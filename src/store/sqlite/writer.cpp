#include "store/sqlite/writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kGroupSizeMax = 2048;
constexpr std::size_t kGroupWorthACommit = 256;  // work that can wait is committed at this number
/// Where so much comes within the time that work may be held back, it is held back longer: under
/// load the pages that a commit costs are shared by more.
constexpr std::size_t kBusyGroup = 32;
constexpr int kBusyWaits = 4;
constexpr auto kSyncLook = std::chrono::microseconds(200);
/// Work is taken when there is so much of it, or after that time: waking for each costs more.
constexpr std::size_t kQueueWorthTaking = 8;
constexpr auto kQueueTimeMax = std::chrono::milliseconds(2);

bool can_wait(Work const& work) {
  if (std::holds_alternative<PurgeWork>(work)) return false;
  auto const* item = std::get_if<ApplyWork>(&work);
  return item == nullptr || item->transaction.can_wait;
}

int on_commit(void* pages, sqlite3*, char const*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(Connection connection, std::string path, Catalogue const& catalogue,
               LiveCache& cache, Clock& clock, StoreOptions const& options, FindMatches find,
               LogSync& log_sync, Filed filed)
    : connection_(std::move(connection)),
      cache_(cache),
      clock_(clock),
      group_wait_max_(options.group_wait_ms_max),
      applier_(connection_, catalogue, cache, std::move(find), options.young_rows_max),
      log_sync_(log_sync),
      filed_(std::move(filed)),
      checkpointer_(std::move(path)) {}

Result<> Writer::start() {
  sqlite3_wal_hook(connection_.handle(), on_commit, &log_pages_);
  TRY(applier_.load_counters());
  checkpointer_.start();
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
  checkpointer_.stop();
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

Result<> Writer::perform_and_wait(std::function<Result<>(Applier&)> work) {
  // Shared with the callback, which may still be leaving set_value when get returns.
  auto const promise = std::make_shared<std::promise<Result<>>>();
  auto answer = promise->get_future();
  TaskWork task;
  task.run = std::move(work);
  task.done = [promise](Result<> result) { promise->set_value(std::move(result)); };
  submit(std::move(task));
  return answer.get();
}

void Writer::run() {
  while (wait_for_work()) {
    Group group;
    commit_group(group);
    answer(group);
    checkpointer_.committed(connection_, log_pages_);
  }
}

/// False: the store is closing and nothing is left.
bool Writer::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_at_ = 1;
  wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  wake_at_ = kNoWaking;
  is_hurried_ = std::ranges::any_of(queue_, [](Work const& work) { return !can_wait(work); });
  return !queue_.empty();
}

Writer::Group Writer::take_queue() {
  std::scoped_lock const lock(mutex_);
  return std::exchange(queue_, {});
}

/// A commit costs the pages it touches, so work that can wait is committed with company. Work that
/// somebody waits for is not held back, unless a sync is under way, which would hold it back
/// anyway. True: there is more to take.
bool Writer::wait_for_company(std::size_t size, Time::time_point deadline) {
  std::unique_lock lock(mutex_);
  auto const look_at = std::min(deadline, Time::now() + kQueueTimeMax);
  while (!stopping_ && size < kGroupSizeMax) {
    if (is_hurried_ ? !log_sync_.is_busy() : size >= kGroupWorthACommit) return false;
    auto const now = Time::now();
    if (now >= deadline) return false;
    if (queue_.size() >= kQueueWorthTaking || (!queue_.empty() && now >= look_at)) return true;
    wake_at_ = kQueueWorthTaking;
    wake_.wait_until(lock, is_hurried_ ? now + kSyncLook : now < look_at ? look_at : deadline);
    wake_at_ = kNoWaking;
  }
  return stopping_ && !queue_.empty();
}

/// Work is performed as it comes, so that those who prepare the next see what it changes; the
/// commit comes when there is enough of it.
Result<> Writer::gather(Group& group) {
  TRY(connection_.run("BEGIN IMMEDIATE"));
  auto const began = Time::now();
  auto const deadline = [&] {
    return began + (group.size() < kBusyGroup ? 1 : kBusyWaits) * group_wait_max_;
  };
  Result<> performed;
  do {
    auto fresh = take_queue();
    if (performed) performed = perform(fresh);
    group.insert(group.end(), std::move_iterator(fresh.begin()), std::move_iterator(fresh.end()));
  } while (performed && wait_for_company(group.size(), deadline()));
  TRY(std::move(performed));
  return applier_.finish_group();
}

void Writer::commit_group(Group& group) {
  Error reason;
  auto performed = gather(group);
  if (group.empty()) group = take_queue();
  if (finish(std::move(performed), group, reason) || group.size() == 1) return;
  // One member may have spoilt it for all: each for itself.
  for (auto& work : group) (void)try_alone(work, reason);
}

bool Writer::try_alone(Work& work, Error& reason) {
  std::span const group(&work, 1);
  auto done = connection_.run("BEGIN IMMEDIATE");
  if (done) done = perform(group);
  if (done) done = applier_.finish_group();
  return finish(std::move(done), group, reason);
}

bool Writer::finish(Result<> performed, std::span<Work> group, Error& reason) {
  if (performed) performed = connection_.run("COMMIT");
  if (performed) {
    ++commits_;
    report(group);
    return true;
  }
  reason = performed.error();
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
      if (item->purges_seen != purges_) {
        for (auto& change : item->changes) change.prepared.reset();
      }
      item->answer = applier_.apply(*item, clock_.now());
      if (applier_.is_broken()) return Result<std::vector<Outcome>>(item->answer).failure();
    } else if (auto* purging = std::get_if<PurgeWork>(&work)) {
      ++purges_;
      purging->answer = applier_.purge(purging->items, clock_.now());
      if (applier_.is_broken()) return Result<std::uint64_t>(purging->answer).failure();
    } else {
      auto& task = std::get<TaskWork>(work);
      TRY(task.run(applier_));
      task.answer = {};
    }
  }
  return {};
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

namespace {

/// Answers once the commit is on disk; a failure at once.
template <class T>
void answer_durably(LogSync& log_sync, std::function<void(Result<T>)> done, Result<T> answer) {
  if (!answer) return done(std::move(answer));
  log_sync.when_durable(
      [done = std::move(done), answer = std::move(answer)](Result<> synced) mutable {
        if (synced) return done(std::move(answer));
        done(std::move(synced).failure());
      });
}

}  // namespace

void Writer::answer(Group& group) {
  versions_ = applier_.versions_written();
  unchanged_ = applier_.unchanged();
  for (auto& work : group) {
    if (auto* filing = std::get_if<FileWork>(&work)) {
      filing->done(std::move(filing->answer));
      continue;
    }
    if (auto* purging = std::get_if<PurgeWork>(&work)) {
      answer_durably(log_sync_, std::move(purging->done), std::move(purging->answer));
      continue;
    }
    if (auto* task = std::get_if<TaskWork>(&work)) {
      task->done(std::move(task->answer));
      continue;
    }
    auto& item = std::get<ApplyWork>(work);
    if (item.answer) ++transactions_;
    if (!item.done) continue;
    if (item.transaction.cause != 0 || !item.answer) {
      item.done(std::move(item.answer));
      continue;
    }
    answer_durably(log_sync_, std::move(item.done), std::move(item.answer));
  }
}

StoreCounters Writer::counters() const {
  return {.commits = commits_,
          .transactions = transactions_,
          .versions = versions_,
          .unchanged = unchanged_};
}

}  // namespace sinew::store::sqlite
