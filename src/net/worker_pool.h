#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/waiting.h"

namespace sinew::net {

/// Threads that run jobs, a few at a time. A job that says that it waits (`Waiting`) gives its
/// place to another until its wait is over: so many jobs can wait for one sync of the disk, and
/// those that wait for nothing still run on few threads, which need not be woken for each.
class WorkerPool final : private WaitObserver {
 public:
  using Job = std::function<void()>;

  /// `running_max`  jobs that run at a time, without those that wait.
  /// `threads`      jobs that are begun at a time.
  WorkerPool(unsigned running_max, unsigned threads);
  WorkerPool(WorkerPool const&) = delete;
  WorkerPool& operator=(WorkerPool const&) = delete;
  ~WorkerPool() override { stop(); }

  void add(Job job);
  /// Runs what is queued, then joins.
  void stop();

 private:
  struct Worker {
    std::condition_variable called;
    bool is_called = false;
    std::thread thread;
  };

  void work(Worker& worker);
  void begins_to_wait() override;
  void ends_to_wait() override;
  /// Gives the place that is free to a sleeping thread, if there is something to do for it. Returns
  /// whom to wake once the lock is free; null: nobody.
  [[nodiscard]] Worker* fill_place();
  void wake_all_at_end();

  unsigned const running_max_;
  std::mutex mutex_;
  std::deque<Job> jobs_;
  // Read and written without the lock where a wait begins or ends.
  std::atomic<std::size_t> queued_ = 0;  ///< length of `jobs_`
  std::atomic<unsigned> running_ = 0;    ///< threads that have a place
  /// Sleeping threads. The last one to fall asleep is called first: its memory is still warm.
  std::vector<Worker*> idle_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sinew::net
