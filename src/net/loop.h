#pragma once

#include <functional>
#include <memory>

namespace sinew::net {

/// The threads that sockets live on. Hides Asio; nothing outside net sees it.
class Loop {
 public:
  /// One event loop per thread.
  explicit Loop(unsigned threads);
  Loop(Loop const&) = delete;
  Loop& operator=(Loop const&) = delete;
  ~Loop();  ///< stops and joins

  void run();   ///< starts the threads and returns
  void stop();  ///< asks the threads to end after what is running now

  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
};

/// Blocks until the process is asked to end (SIGINT, SIGTERM) or, if given, SIGHUP calls `reload`.
void wait_for_signal(std::function<void()> reload = {});

}  // namespace sinew::net
