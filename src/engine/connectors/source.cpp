#include "engine/connectors/source.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/hash.h"
#include "base/log.h"

namespace sinew::engine {
namespace {

/// Messages acknowledged and not applied, above which sources wait: the journal would take more,
/// but what feeds it can keep them as well.
constexpr std::uint64_t kBacklogMax = 50'000;
constexpr auto kBacklogPause = std::chrono::milliseconds(50);

/// Pauses after failures, doubled each time.
constexpr auto kFailurePauseMin = std::chrono::milliseconds(250);
constexpr auto kFailurePauseMax = std::chrono::milliseconds(30'000);

}  // namespace

SourceStatus::SourceStatus(std::string name, std::string kind, Metrics& metrics)
    : messages_(metrics.counter("sinew_source_messages_total",
                                "Messages taken in by the source of a channel, on disk",
                                {{"source", name}})),
      refused_(metrics.counter("sinew_source_refused_total",
                               "Files put aside and requests refused by a source",
                               {{"source", name}})),
      errors_(metrics.counter("sinew_source_errors_total", "Times a source did not work",
                              {{"source", name}})),
      up_(metrics.gauge("sinew_source_up", "1 while the source of a channel works",
                        {{"source", name}})) {
  state_.name = std::move(name);
  state_.kind = std::move(kind);
}

void SourceStatus::taken(std::uint64_t messages) {
  messages_.add(messages);
  std::scoped_lock const lock(mutex_);
  state_.messages += messages;
}

void SourceStatus::refused() {
  refused_.add();
  std::scoped_lock const lock(mutex_);
  ++state_.refused;
}

void SourceStatus::works() {
  std::scoped_lock const lock(mutex_);
  if (state_.is_working && state_.last_error.empty() && was_heard_) return;
  if (was_heard_ && !state_.last_error.empty())
    log(Level::info, "source works again", {{"source", state_.name}, {"kind", state_.kind}});
  was_heard_ = true;
  state_.is_working = true;
  state_.last_error.clear();
  up_.set(1);
}

void SourceStatus::fails(Error const& error) {
  errors_.add();
  std::scoped_lock const lock(mutex_);
  auto reason = to_string(error);
  if (reason != state_.last_error) {
    log(Level::warning, "source does not work, it is tried again",
        {{"source", state_.name}, {"kind", state_.kind}, {"reason", reason}});
  }
  was_heard_ = true;
  state_.is_working = false;
  state_.last_error = std::move(reason);
  up_.set(0);
}

void SourceStatus::set_where(std::string where) {
  std::scoped_lock const lock(mutex_);
  state_.where = std::move(where);
}

void SourceStatus::set_paused(bool is_paused) {
  std::scoped_lock const lock(mutex_);
  state_.is_paused = is_paused;
}

SourceState SourceStatus::state() const {
  std::scoped_lock const lock(mutex_);
  return state_;
}

Taker::Taker(SourceContext const& context, SourceStatus& status)
    : context_(context), status_(status), lane_(hash64(context.name)) {}

Result<> Taker::take(std::vector<std::string> messages, Repeat repeat) {
  while (context_.engine.backlog() > kBacklogMax && !stopping_)
    std::this_thread::sleep_for(kBacklogPause);
  if (stopping_) return fail(ErrorCode::unavailable, "the server stops");
  struct Waiting {
    std::mutex mutex;
    std::condition_variable done;
    std::size_t missing = 0;
    Result<> result;
  };
  // The last answer may come when this is being left: it is shared.
  auto const waiting = std::make_shared<Waiting>();
  waiting->missing = 1;
  auto const answered = [waiting](Result<store::JournalId> const& id) {
    std::scoped_lock const lock(waiting->mutex);
    if (!id) waiting->result = fail(id.error().code, id.error().what, id.error().where);
    if (--waiting->missing == 0) waiting->done.notify_all();
  };
  Result<> looked;
  for (auto& message : messages) {
    if (repeat == Repeat::possible) {
      auto const before = context_.engine.find(message);
      if (!before) {
        looked = fail(before.error().code, before.error().what, before.error().where);
        break;
      }
      if (*before != 0) continue;
    }
    {
      std::scoped_lock const lock(waiting->mutex);
      ++waiting->missing;
    }
    context_.engine.take_later(context_.name, lane_, std::move(message), answered);
  }
  answered(store::JournalId(0));
  {
    std::unique_lock lock(waiting->mutex);
    waiting->done.wait(lock, [&waiting] { return waiting->missing == 0; });
  }
  TRY(std::move(looked));
  TRY(std::move(waiting->result));
  status_.taken(messages.size());
  return {};
}

namespace {

class PollingSource final : public Source {
 public:
  PollingSource(SourceContext context, std::string kind, std::chrono::milliseconds pause,
                MakePoller const& make)
      : context_(std::move(context)),
        status_(context_.name, std::move(kind), context_.metrics),
        taker_(context_, status_),
        pause_(pause),
        poller_(make({context_, taker_, status_, stopping_})) {}
  ~PollingSource() override { stop(); }

  Result<> start() override {
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() override {
    {
      std::scoped_lock const lock(mutex_);
      stopping_ = true;
    }
    taker_.stop();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  SourceStatus& status() override { return status_; }

 private:
  void run() {
    auto failure_pause = kFailurePauseMin;
    while (!stopping_) {
      auto const polled = poller_->poll();
      if (stopping_) break;
      if (polled) {
        status_.works();
        failure_pause = kFailurePauseMin;
        if (!*polled) wait(pause_);
        continue;
      }
      status_.fails(polled.error());
      poller_->disconnect();
      wait(failure_pause);
      failure_pause = std::min(failure_pause * 2, kFailurePauseMax);
    }
    poller_->disconnect();
  }

  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return stopping_.load(); });
  }

  SourceContext const context_;
  SourceStatus status_;
  Taker taker_;
  std::chrono::milliseconds const pause_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<Poller> poller_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> polling_source(SourceContext context, std::string kind,
                                       std::chrono::milliseconds pause, MakePoller const& make) {
  return std::make_unique<PollingSource>(std::move(context), std::move(kind), pause, make);
}

}  // namespace sinew::engine
