#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "net/connection.h"

namespace sinew::net {

/// Counts what a server has under way, so that its end can be waited for.
class Pending {
 public:
  void begin();
  void end();
  void wait();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::size_t count_ = 0;
};

/// The bodies that leave in pieces.
class Streams {
 public:
  /// Returns a number for `end`. `connection` is broken where the server cannot wait any longer.
  [[nodiscard]] std::size_t begin(std::weak_ptr<Connection> connection);
  void end(std::size_t number);
  /// Waits until there are none. Those that are left after `patience` are broken off, and waited
  /// for once more as long as that.
  void finish(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::map<std::size_t, std::weak_ptr<Connection>> open_;
  std::size_t last_ = 0;
};

}  // namespace sinew::net
