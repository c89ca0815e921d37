#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "net/loop.h"

namespace sinew::engine {

/// How a source does.
struct SourceState {
  std::string name;  ///< of the channel, and of its feed
  std::string kind;
  bool is_working = false;  ///< connected, listening, or able to look
  bool is_paused = false;
  std::uint64_t messages = 0;  ///< taken in and durable, since the process began
  std::uint64_t refused = 0;   ///< put aside: files with a reason, requests without credentials
  std::string last_error;      ///< empty while it works
  std::string where;           ///< what it listens on or looks at, for people
};

/// The figures of one source and what is said of it. Shared by the threads of a source.
class SourceStatus {
 public:
  SourceStatus(std::string name, std::string kind, Metrics& metrics);
  void taken(std::uint64_t messages);
  void refused();
  /// It works, or goes on to: logged when it did not before.
  void works();
  /// It does not: logged when the reason is new.
  void fails(Error const& error);
  void set_where(std::string where);
  void set_paused(bool is_paused);
  [[nodiscard]] SourceState state() const;

 private:
  mutable std::mutex mutex_;
  SourceState state_;
  bool was_heard_ = false;
  Counter& messages_;
  Counter& refused_;
  Counter& errors_;
  Gauge& up_;
};

/// What a source works with. Each must outlive it.
struct SourceContext {
  std::string name;  ///< of the channel: the feed that the messages belong to
  Engine& engine;
  net::Loop& loop;
  Metrics& metrics;
  Clock& clock;
};

/// Whether messages may have been taken in before, and the source not told: after a crash, or when
/// a broker says that it delivers again.
enum class Repeat : std::uint8_t { no, possible };

/// Gives messages to the engine; shared by those connectors that acknowledge what they read.
class Taker {
 public:
  Taker(SourceContext const& context, SourceStatus& status);
  /// Returns once all are in the journal, on disk; nothing may be acknowledged before. Those that
  /// the journal has had already are left out where repetition is possible. Waits while the engine
  /// is far behind. Fails `unavailable`: some may be durable, and all are to be offered again.
  Result<> take(std::vector<std::string> messages, Repeat repeat);
  /// Ends a wait for the engine.
  void stop() { stopping_ = true; }

 private:
  SourceContext const& context_;
  SourceStatus& status_;
  std::uint64_t lane_;
  std::atomic<bool> stopping_ = false;
};

/// The way in by one connector. Nothing is acknowledged to whoever sends before the journal has it.
class Source {
 public:
  virtual ~Source() = default;
  /// Begins. Fails when it can never work as things are (a port in use): the caller tries again.
  virtual Result<> start() = 0;
  /// Takes nothing more in, and finishes what is under way.
  virtual void stop() = 0;
  [[nodiscard]] virtual SourceStatus& status() = 0;
};

/// What a source that looks again and again does each time.
class Poller {
 public:
  virtual ~Poller() = default;
  /// Brings in what is there, a limited piece of it, waiting at most about a second. True: there
  /// may be more at once. A failure is told to people and tried again after a while.
  [[nodiscard]] virtual Result<bool> poll() = 0;
  /// After a failure, and at the end: lets go of connections.
  virtual void disconnect() {}
};

/// What a poller is made with.
struct PollerContext {
  SourceContext const& source;
  Taker& taker;
  SourceStatus& status;
  std::atomic<bool> const& stopping;
};
using MakePoller = std::function<std::unique_ptr<Poller>(PollerContext const&)>;

/// A thread that polls: at once while there is more, else every `pause`; after a failure with
/// pauses that grow.
[[nodiscard]] std::unique_ptr<Source> polling_source(SourceContext context, std::string kind,
                                                     std::chrono::milliseconds pause,
                                                     MakePoller const& make);

}  // namespace sinew::engine
