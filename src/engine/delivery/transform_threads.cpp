#include "engine/delivery/transform_threads.h"

#include <algorithm>

namespace sinew::engine {
namespace {

constexpr unsigned kThreadsMax = 8;

}  // namespace

TransformThreads::~TransformThreads() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void TransformThreads::run(std::function<void()> const& job) {
  Waiting own{job, false, {}};
  std::unique_lock lock(mutex_);
  if (threads_.empty()) {
    auto const count = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  waiting_.push_back(&own);
  changed_.notify_one();
  own.changed.wait(lock, [&own] { return own.is_done; });
}

void TransformThreads::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto& next = *waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    next.job();
    lock.lock();
    next.is_done = true;
    // Under the lock: who waits may be gone as soon as it is released.
    next.changed.notify_one();
  }
}

}  // namespace sinew::engine
