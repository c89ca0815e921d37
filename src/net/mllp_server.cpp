#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/log.h"
#include "net/connection.h"
#include "net/mllp.h"
#include "net/mllp_frame.h"

namespace sinew::net {
namespace {

struct Totals {
  std::atomic<std::uint64_t> frames = 0, bytes = 0, rejected = 0;
};

class MllpSession;

/// What all connections of one server share; outlives the server while answers are owed.
struct Shared {
  MllpServerOptions options;
  FrameHandler handler;
  Totals totals;
  std::mutex mutex;  ///< guards what follows
  std::unordered_map<std::uint64_t, std::weak_ptr<MllpSession>> sessions;
};

class MllpSession final : public Protocol, public std::enable_shared_from_this<MllpSession> {
 public:
  explicit MllpSession(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), framer_(shared_->options.frame_bytes_max) {}

  void opened(std::shared_ptr<Connection> const& connection) override {
    connection_ = connection;
    peer_ = {connection->id(), connection->address(), connection->tls_subject()};
    {
      std::scoped_lock const lock(shared_->mutex);
      shared_->sessions[peer_.connection] = weak_from_this();
    }
    extend_deadline(*connection);
  }
  std::size_t received(Connection& connection, std::string_view bytes) override;
  void ended(Connection& connection) override {
    framer_.end();
    count_faults();
    close_when_answered(connection);
  }
  void stopping(Connection& connection) override { close_when_answered(connection); }
  void closed() override {
    std::scoped_lock const lock(shared_->mutex);
    shared_->sessions.erase(peer_.connection);
  }

  /// Both from any thread.
  void push(std::string payload);
  void answer(std::uint64_t number, std::string reply, std::size_t payload_bytes);

 private:
  /// A frame handed over, in the order of arrival.
  struct Owed {
    bool answered = false;
    std::string reply;
  };

  void hand_over(std::string payload);
  [[nodiscard]] bool is_full();
  void flush();
  void close_when_answered(Connection& connection);
  void extend_deadline(Connection& connection);
  void count_faults();

  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Connection> connection_;
  MllpFramer framer_;
  Peer peer_;
  std::uint64_t rejected_before_ = 0;
  bool closing_ = false;

  std::mutex mutex_;  ///< guards what follows
  std::deque<Owed> owed_;
  std::uint64_t first_owed_ = 0;  ///< the number of owed_.front()
  std::size_t owed_bytes_ = 0;    ///< payload bytes handed over and not answered
  bool flush_posted_ = false;
};

std::size_t MllpSession::received(Connection& connection, std::string_view bytes) {
  auto rest = bytes;
  while (!rest.empty() && !is_full()) {
    auto const event = framer_.feed(rest);
    if (event == MllpFramer::Event::frame) hand_over(framer_.take_payload());
    if (event == MllpFramer::Event::broken) {
      count_faults();
      close_when_answered(connection);
      return bytes.size();
    }
  }
  count_faults();
  extend_deadline(connection);
  return bytes.size() - rest.size();
}

bool MllpSession::is_full() {
  std::scoped_lock const lock(mutex_);
  return closing_ || owed_.size() >= shared_->options.in_flight_max ||
         owed_bytes_ >= shared_->options.in_flight_bytes_max;
}

void MllpSession::hand_over(std::string payload) {
  auto const size = payload.size();
  std::uint64_t number = 0;
  {
    std::scoped_lock const lock(mutex_);
    number = first_owed_ + owed_.size();
    owed_.emplace_back();
    owed_bytes_ += size;
  }
  shared_->totals.frames.fetch_add(1, std::memory_order_relaxed);
  shared_->totals.bytes.fetch_add(size, std::memory_order_relaxed);
  shared_->handler(peer_, std::move(payload),
                   [self = shared_from_this(), number, size](std::string reply) {
                     self->answer(number, std::move(reply), size);
                   });
}

void MllpSession::answer(std::uint64_t number, std::string reply, std::size_t payload_bytes) {
  {
    std::scoped_lock const lock(mutex_);
    auto& owed = owed_[number - first_owed_];
    owed.answered = true;
    owed.reply = std::move(reply);
    owed_bytes_ -= payload_bytes;
    // One flush sends all that is ready by then; behind an unanswered frame nothing may leave.
    if (flush_posted_ || !owed_.front().answered) return;
    flush_posted_ = true;
  }
  if (auto const connection = connection_.lock()) {
    connection->post([self = shared_from_this()] { self->flush(); });
  }
}

void MllpSession::push(std::string payload) {
  {
    std::scoped_lock const lock(mutex_);
    owed_.push_back({true, std::move(payload)});
    if (flush_posted_ || !owed_.front().answered) return;
    flush_posted_ = true;
  }
  if (auto const connection = connection_.lock()) {
    connection->post([self = shared_from_this()] { self->flush(); });
  }
}

void MllpSession::flush() {
  std::string out;
  bool nothing_owed = false;
  {
    std::scoped_lock const lock(mutex_);
    flush_posted_ = false;
    while (!owed_.empty() && owed_.front().answered) {
      auto const& reply = owed_.front().reply;
      if (!reply.empty()) append_frame(out, reply);
      owed_.pop_front();
      ++first_owed_;
    }
    nothing_owed = owed_.empty();
  }
  auto const connection = connection_.lock();
  if (!connection) return;
  if (!out.empty()) connection->send(std::move(out));
  if (closing_) {
    if (nothing_owed) connection->close();
    return;
  }
  extend_deadline(*connection);
  connection->resume();
}

void MllpSession::close_when_answered(Connection& connection) {
  closing_ = true;
  bool nothing_owed = false;
  {
    std::scoped_lock const lock(mutex_);
    nothing_owed = owed_.empty();
  }
  if (nothing_owed) {
    connection.close();
  } else {
    connection.set_deadline(std::nullopt);
  }
}

void MllpSession::extend_deadline(Connection& connection) {
  auto const seconds = shared_->options.idle_seconds_max;
  if (seconds == 0 || closing_) return;
  // A connection that waits for us is not idle.
  std::scoped_lock const lock(mutex_);
  connection.set_deadline(owed_.empty() ? std::optional(std::chrono::steady_clock::now() +
                                                        std::chrono::seconds(seconds))
                                        : std::nullopt);
}

void MllpSession::count_faults() {
  auto const& faults = framer_.faults();
  auto const rejected = faults.rejected();
  if (rejected == rejected_before_) return;
  shared_->totals.rejected.fetch_add(rejected - rejected_before_, std::memory_order_relaxed);
  rejected_before_ = rejected;
  log(Level::warning, "mllp frame rejected",
      {{"peer", peer_.address},
       {"truncated", faults.truncated},
       {"oversized", faults.oversized},
       {"text_between", faults.text_between}});
}

class Server final : public MllpServer {
 public:
  Server(std::shared_ptr<Shared> shared, std::unique_ptr<Listener> listener)
      : shared_(std::move(shared)), listener_(std::move(listener)) {}

  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  [[nodiscard]] MllpCounters counters() const override {
    auto const& totals = shared_->totals;
    return {listener_->connections_opened(), listener_->connections_open(), totals.frames,
            totals.bytes, totals.rejected};
  }
  bool send(std::uint64_t connection, std::string payload) override {
    std::shared_ptr<MllpSession> session;
    {
      std::scoped_lock const lock(shared_->mutex);
      auto const found = shared_->sessions.find(connection);
      if (found != shared_->sessions.end()) session = found->second.lock();
    }
    if (!session) return false;
    session->push(std::move(payload));
    return true;
  }
  void stop() override { listener_->stop(); }

 private:
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<MllpServer>> MllpServer::listen(Loop& loop, MllpServerOptions options,
                                                       FrameHandler handler) {
  auto shared = std::make_shared<Shared>();
  shared->options = options;
  shared->handler = std::move(handler);
  ListenerOptions listener_options;
  listener_options.host = options.host;
  listener_options.port = options.port;
  listener_options.tls = options.tls;
  listener_options.connections_max = options.connections_max;
  auto listener = TRY(Listener::listen(
      loop, std::move(listener_options),
      [shared]() -> std::shared_ptr<Protocol> { return std::make_shared<MllpSession>(shared); }));
  return std::unique_ptr<MllpServer>(
      std::make_unique<Server>(std::move(shared), std::move(listener)));
}

}  // namespace sinew::net
