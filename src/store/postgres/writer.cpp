#include "store/postgres/writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "store/sqlite/search.h"

namespace sinew::store::postgres {
namespace {

constexpr std::size_t kGroupSizeMax = 2048;
constexpr std::size_t kGroupWorthACommit = 128;  // work that can wait is committed at this number
constexpr int kAttemptsMax = 5;                  // of a group, where the database asks for another
/// How long the database may be away before those who wait are told.
constexpr auto kAwayMax = std::chrono::seconds(10);
constexpr auto kReconnectPause = std::chrono::milliseconds(100);

bool can_wait(Work const& work) {
  auto const* item = std::get_if<ApplyWork>(&work);
  return item != nullptr && item->transaction.can_wait;
}

}  // namespace

Writer::Writer(std::string target, std::unique_ptr<Session> session, Catalogue const& catalogue,
               LiveCache& cache, Clock& clock, StoreOptions const& options, std::int64_t owner)
    : target_(std::move(target)),
      session_(std::move(session)),
      catalogue_(catalogue),
      clock_(clock),
      group_wait_max_(options.group_wait_ms_max),
      owner_(owner),
      applier_(catalogue, cache, owner, [this](std::string_view type, std::string const& query) {
        return sqlite::find_up_to_two(*searching_, catalogue_, clock_, type, query);
      }) {}

void Writer::start() {
  use_session();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-writer");
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
    wakes = is_hurried_ || queue_.size() >= kGroupWorthACommit || queue_.size() == 1;
  }
  if (wakes) wake_.notify_one();
}

/// While a commit is under way those who come gather behind it. Work that can wait is given
/// company. Empty: the store is closing and nothing is left.
Writer::Group Writer::take_group() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  wake_.wait_until(lock, Time::now() + group_wait_max_,
                   [&] { return stopping_ || is_hurried_ || queue_.size() >= kGroupWorthACommit; });
  Group group;
  if (queue_.size() <= kGroupSizeMax) {
    group.swap(queue_);
  } else {
    auto const end = queue_.begin() + kGroupSizeMax;
    group.assign(std::move_iterator(queue_.begin()), std::move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  is_hurried_ = std::ranges::any_of(queue_, [](Work const& work) { return !can_wait(work); });
  return group;
}

void Writer::run() {
  for (auto group = take_group(); !group.empty(); group = take_group()) {
    commit_group(group);
    answer(group);
  }
}

void Writer::commit_group(Group& group) {
  Error reason;
  if (attempt(group, reason)) return;
  // One member may have spoilt it for all: each for itself. Not when the database is away.
  if (group.size() > 1 && reason.code != ErrorCode::unavailable) {
    for (auto& work : group) {
      if (attempt(std::span(&work, 1), reason)) continue;
      std::visit([&](auto& item) { item.answer = Failure{reason}; }, work);
    }
    return;
  }
  for (auto& work : group) std::visit([&](auto& item) { item.answer = Failure{reason}; }, work);
}

bool Writer::attempt(std::span<Work> group, Error& reason) {
  auto const since = Time::now();
  applier_.forget_commit();
  for (int count = 0; count < kAttemptsMax; ++count) {
    auto performed = session_ ? perform(group) : Result<>(fail(ErrorCode::unavailable, "database"));
    if (performed) return true;
    reason = performed.error();
    bool is_lost = !session_ || session_->is_lost();
    bool const again = is_lost || session_->wants_retry();
    applier_.roll_back();
    // What was prepared may have been moved into rows.
    for (auto& work : group)
      if (auto* item = std::get_if<ApplyWork>(&work))
        for (auto& change : item->changes) change.prepared.reset();
    if (!again) return false;
    while (is_lost) {
      if (reconnect()) return true;
      is_lost = !session_;
      if (Time::now() - since > kAwayMax || stopping_) return false;
      if (is_lost) std::this_thread::sleep_for(kReconnectPause);
    }
  }
  return false;
}

/// Whether the last commit took place is told by the number of commits of this process.
bool Writer::reconnect() {
  if (auto const opened = open_session(); !opened) return false;
  auto const commits = session_->ask_integer(0, "SELECT commits FROM process WHERE owner=$1",
                                             Parameters().add(owner_));
  if (!commits) {
    drop_session();  // what became of the commit has to be known before anything is done again
    return false;
  }
  bool const took_place = applier_.settle_commit(*commits);
  if (took_place) ++commits_;
  return took_place;
}

Result<> Writer::open_session() {
  drop_session();
  session_ = TRY(Session::open(target_, Session::Use::writes));
  use_session();
  return {};
}

void Writer::drop_session() {
  applier_.forget_session();
  searching_.reset();
  session_.reset();
}

void Writer::use_session() {
  searching_ = std::make_unique<sqlite::Connection>(std::make_unique<Foreign>(*session_));
  applier_.use(*session_, *searching_);
}

Result<> Writer::perform(std::span<Work> group) {
  TRY(applier_.begin());
  TRY(applier_.load(group));
  for (auto& work : group) {
    if (auto* entry = std::get_if<AppendWork>(&work)) {
      applier_.append(*entry);
    } else if (auto* item = std::get_if<ApplyWork>(&work)) {
      if (item->purges_seen != applier_.purges())
        for (auto& change : item->changes) change.prepared.reset();
      item->answer = applier_.apply(*item, clock_.now());
      if (applier_.is_broken()) return Result<std::vector<Outcome>>(item->answer).failure();
    } else if (auto* purging = std::get_if<PurgeWork>(&work)) {
      purging->answer = applier_.purge(purging->items, clock_.now());
      if (applier_.is_broken()) return Result<std::uint64_t>(purging->answer).failure();
    }
    TRY(applier_.flush_if_large());
  }
  TRY(applier_.commit());
  ++commits_;
  return {};
}

void Writer::answer(Group& group) {
  versions_ = applier_.versions_written();
  unchanged_ = applier_.unchanged();
  bool has_entries = false;
  for (auto& work : group) {
    if (auto* entry = std::get_if<AppendWork>(&work)) {
      if (entry->answer) ++entries_, has_entries = true;
      if (entry->done) entry->done(std::move(entry->answer));
    } else if (auto* item = std::get_if<ApplyWork>(&work)) {
      if (item->answer) ++transactions_;
      if (item->done) item->done(std::move(item->answer));
    } else if (auto* purging = std::get_if<PurgeWork>(&work)) {
      if (purging->done) purging->done(std::move(purging->answer));
    }
  }
  if (has_entries) ++syncs_;
}

StoreCounters Writer::counters() const {
  return {.commits = commits_,
          .journal_entries = entries_,
          .transactions = transactions_,
          .versions = versions_,
          .unchanged = unchanged_,
          .journal_syncs = syncs_};
}

}  // namespace sinew::store::postgres
