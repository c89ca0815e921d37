#include "net/worker_pool.h"

#include <algorithm>
#include <utility>

namespace sinew::net {

WorkerPool::WorkerPool(unsigned running_max, unsigned threads)
    : running_max_(std::max(running_max, 1U)) {
  for (unsigned i = 0; i < std::max(threads, running_max_); ++i)
    workers_.push_back(std::make_unique<Worker>());
  for (auto& worker : workers_) worker->thread = std::thread([this, &worker] { work(*worker); });
}

void WorkerPool::add(Job job) {
  Worker* sleeper = nullptr;
  {
    std::scoped_lock const lock(mutex_);
    jobs_.push_back(std::move(job));
    ++queued_;
    sleeper = fill_place();
  }
  if (sleeper != nullptr) sleeper->called.notify_one();
}

void WorkerPool::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
    wake_all_at_end();
  }
  for (auto& worker : workers_)
    if (worker->thread.joinable()) worker->thread.join();
}

WorkerPool::Worker* WorkerPool::fill_place() {
  if (jobs_.empty() || idle_.empty() || running_ >= running_max_) return nullptr;
  auto* const worker = idle_.back();
  idle_.pop_back();
  ++running_;
  worker->is_called = true;
  return worker;
}

/// Threads stay until the last job is begun: it may have to wait for others to be done.
void WorkerPool::wake_all_at_end() {
  if (!stopping_ || !jobs_.empty()) return;
  for (auto const& worker : workers_) worker->called.notify_one();
}

void WorkerPool::work(Worker& worker) {
  observe_waits(this);
  std::unique_lock lock(mutex_);
  while (true) {
    if (!jobs_.empty() && running_ < running_max_) {
      ++running_;
    } else {
      idle_.push_back(&worker);
      worker.called.wait(lock, [&] { return worker.is_called || (stopping_ && jobs_.empty()); });
      if (!std::exchange(worker.is_called, false)) return;
    }
    // Where more run than should, because waits have ended, this one leaves its place.
    while (!jobs_.empty() && running_ <= running_max_) {
      auto const job = std::move(jobs_.front());
      jobs_.pop_front();
      --queued_;
      wake_all_at_end();
      lock.unlock();
      job();
      lock.lock();
    }
    --running_;
  }
}

/// Whoever adds a job counts it before looking for a place, and this frees the place before looking
/// for a job: one of the two sees the other.
void WorkerPool::begins_to_wait() {
  --running_;
  if (queued_ == 0) return;
  Worker* sleeper = nullptr;
  {
    std::scoped_lock const lock(mutex_);
    sleeper = fill_place();
  }
  if (sleeper != nullptr) sleeper->called.notify_one();
}

void WorkerPool::ends_to_wait() { ++running_; }

}  // namespace sinew::net
