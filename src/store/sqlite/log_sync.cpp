#include "store/sqlite/log_sync.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

namespace sinew::store::sqlite {

LogSync::LogSync(std::shared_ptr<arrivals::Disk> disk, std::string path,
                 std::chrono::milliseconds interval, std::function<void(std::uint64_t)> on_durable)
    : disk_(std::move(disk)),
      path_(std::move(path)),
      interval_(interval),
      on_durable_(std::move(on_durable)) {}

void LogSync::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-sync");
}

void LogSync::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LogSync::committed(std::uint64_t commit) {
  bool wakes = false;
  {
    std::scoped_lock const lock(mutex_);
    wakes = committed_ == durable_;  // else its thread has something to do already
    committed_ = commit;
  }
  if (wakes) wake_.notify_all();
}

void LogSync::when_durable(Done done) {
  {
    std::scoped_lock const lock(mutex_);
    waiters_.push_back(std::move(done));
  }
  wake_.notify_all();
}

Result<> LogSync::wait() {
  auto const promise = std::make_shared<std::promise<Result<>>>();
  auto answer = promise->get_future();
  when_durable([promise](Result<> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

void LogSync::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    auto const is_wanted = [&] { return stopping_ || !waiters_.empty(); };
    wake_.wait(lock, [&] { return is_wanted() || (durable_ < committed_ && !failed_); });
    if (!is_wanted()) wake_.wait_for(lock, interval_, is_wanted);
    if (stopping_ && waiters_.empty() && (durable_ == committed_ || failed_)) return;
    auto const target = committed_;
    bool const is_new = target > durable_;
    auto waiters = std::exchange(waiters_, {});
    busy_ = !waiters.empty();
    bool const has_failed = failed_;
    lock.unlock();
    auto synced = has_failed ? Result<>(fail(ErrorCode::unavailable, "the store's disk failed"))
                  : is_new   ? sync()
                             : Result<>();
    busy_ = false;
    if (synced && is_new) on_durable_(target);
    for (auto& done : waiters) done(synced ? Result<>() : Result<>(Failure{synced.error()}));
    lock.lock();
    failed_ = failed_ || !synced;
    if (synced) durable_ = target;
  }
}

Result<> LogSync::sync() {
  if (!log_) log_ = TRY(disk_->open(path_));
  return log_->sync();
}

}  // namespace sinew::store::sqlite
