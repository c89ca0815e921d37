#include "script/watchdog.h"

#include <chrono>

namespace sinew::script {
namespace {

constexpr auto kWatchPause = std::chrono::milliseconds(10);
/// Looks without anything running before it sleeps.
constexpr int kIdleLooksMax = 100;

}  // namespace

Watchdog::~Watchdog() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::add(Watched& watched) {
  std::scoped_lock const lock(mutex_);
  all_.insert(&watched);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Watchdog::remove(Watched& watched) {
  std::scoped_lock const lock(mutex_);
  all_.erase(&watched);
}

void Watchdog::rouse() {
  {
    std::scoped_lock const lock(mutex_);
    is_awake_ = true;
  }
  changed_.notify_all();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  int idle = 0;
  while (!stopping_) {
    bool is_busy = false;
    for (auto* const watched : all_) {
      if (!watched->is_running) continue;
      is_busy = true;
      watched->interrupt();
    }
    idle = is_busy ? 0 : idle + 1;
    if (idle < kIdleLooksMax) {
      changed_.wait_for(lock, kWatchPause, [this] { return stopping_; });
      continue;
    }
    idle = 0;
    is_awake_ = false;
    // Who began before it read that we sleep is seen here; who begins later wakes us.
    bool began = false;
    for (auto const* const watched : all_) began = began || watched->is_running;
    if (!began) changed_.wait(lock, [this] { return stopping_ || is_awake_; });
    is_awake_ = true;
  }
}

}  // namespace sinew::script
