#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

namespace sinew::script {

/// Interrupts scripts: one thread for all that run, asleep while none does. What is interrupted
/// looks at its own limits; it is asked every kWatchPause while it runs.
class Watchdog {
 public:
  /// Something that runs scripts.
  class Watched {
   public:
    virtual ~Watched() = default;
    /// From the watchdog's thread.
    virtual void interrupt() = 0;
    std::atomic<bool> is_running{false};
  };
  Watchdog() = default;
  Watchdog(Watchdog const&) = delete;
  Watchdog& operator=(Watchdog const&) = delete;
  ~Watchdog();
  void add(Watched& watched);
  void remove(Watched& watched);
  /// After `is_running` was set: makes sure that somebody looks.
  void wake() {
    if (!is_awake_.load()) rouse();
  }

 private:
  void rouse();
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Watched*> all_;
  std::atomic<bool> is_awake_{false};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sinew::script
