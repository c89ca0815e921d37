#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "net/loop.h"

namespace sinew::net {

namespace asio = boost::asio;

/// One io_context per thread, so that whatever lives on one needs no lock.
struct Loop::Implementation {
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> turn = 0;
  std::atomic<bool> running = false;
  /// Run when the threads have ended and the contexts still live. Added before or while running,
  /// by whoever listens; listeners are made by one thread.
  std::vector<std::function<void()>> at_end;

  /// The contexts in turn: connections spread evenly.
  std::size_t next() { return turn.fetch_add(1, std::memory_order_relaxed) % contexts.size(); }
  [[nodiscard]] bool on_loop_thread() const {
    for (auto const& context : contexts) {
      if (context->get_executor().running_in_this_thread()) return true;
    }
    return false;
  }
};

}  // namespace sinew::net
