#include "net/loop.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "base/check.h"
#include "net/loop_impl.h"

namespace sinew::net {

Loop::Loop(unsigned threads) : implementation_(std::make_unique<Implementation>()) {
  SINEW_CHECK(threads > 0);
  for (unsigned i = 0; i < threads; ++i) {
    // Not the "1 thread" hint: answers are posted from worker threads.
    auto& context = implementation_->contexts.emplace_back(std::make_unique<asio::io_context>());
    implementation_->guards.push_back(asio::make_work_guard(*context));
  }
}

Loop::~Loop() {
  stop();
  for (auto& thread : implementation_->threads) thread.join();
  for (auto const& clean : implementation_->at_end) clean();
}

void Loop::run() {
  SINEW_CHECK(!implementation_->running.exchange(true));
  for (auto& context : implementation_->contexts) {
    implementation_->threads.emplace_back([&context] { context->run(); });
  }
}

void Loop::stop() {
  implementation_->running = false;
  for (auto& context : implementation_->contexts) context->stop();
}

void wait_for_signal(std::function<void()> reload) {
  asio::io_context context(1);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  if (reload) signals.add(SIGHUP);
  std::function<void(boost::system::error_code const&, int)> const caught =
      [&](boost::system::error_code const& error, int signal) {
        if (error || signal != SIGHUP) return;
        reload();
        signals.async_wait(caught);
      };
  signals.async_wait(caught);
  context.run();
}

}  // namespace sinew::net
