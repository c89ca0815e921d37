#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sinew::engine {

/// The threads that scripts run on. An engine of scripts belongs to its thread and takes some ten
/// megabytes: so there are as many as there are processors, and not one for each connection of each
/// destination.
class TransformThreads {
 public:
  TransformThreads() = default;
  TransformThreads(TransformThreads const&) = delete;
  TransformThreads& operator=(TransformThreads const&) = delete;
  ~TransformThreads();
  /// Returns when the job is done. The threads begin with the first one.
  void run(std::function<void()> const& job);

 private:
  struct Waiting {
    std::function<void()> const& job;
    bool is_done = false;
    std::condition_variable changed;
  };
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sinew::engine
