#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/loop.h"
#include "net/tls.h"

namespace sinew::net {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One accepted connection, TCP or TLS, bound to one thread of the loop. Only `post` may be called
/// from another thread.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Runs `work` on the connection's thread; dropped when the connection is gone by then.
  virtual void post(std::function<void()> work) = 0;
  /// Queues bytes. While too many wait unsent, nothing is read: a peer that does not take its
  /// answers cannot make us hold more of them.
  virtual void send(std::string bytes) = 0;
  /// Goes on with bytes that `Protocol::received` left, then with reading.
  virtual void resume() = 0;
  /// Reads no more; sends what is queued, then closes so that the peer receives all of it.
  virtual void close() = 0;
  /// Breaks the connection off: what is queued is lost, and the peer sees that something is.
  virtual void abort() = 0;
  /// Closes at that time; nullopt: never. A new call replaces the old one.
  virtual void set_deadline(std::optional<SteadyTime> deadline) = 0;

  [[nodiscard]] virtual std::uint64_t id() const = 0;
  [[nodiscard]] virtual std::string const& address() const = 0;
  /// Of the client certificate, as RFC 4514 writes names; empty when there was none.
  [[nodiscard]] virtual std::string const& tls_subject() const = 0;
};

/// What a protocol does with one connection. Every call comes on the connection's thread.
class Protocol {
 public:
  virtual ~Protocol() = default;

  /// The connection is up (with TLS: authenticated).
  virtual void opened(std::shared_ptr<Connection> const& connection) = 0;
  /// Returns how many bytes from the front were taken. When some are left, reading pauses until
  /// `Connection::resume`, which offers them again.
  [[nodiscard]] virtual std::size_t received(Connection& connection, std::string_view bytes) = 0;
  /// The peer sends no more, but may still read.
  virtual void ended(Connection& connection) = 0;
  /// All that was sent so far is out of our hands: the socket has taken it.
  virtual void drained(Connection&) {}
  /// The deadline has passed.
  virtual void expired(Connection& connection) { connection.close(); }
  /// The server stops: finish what is owed, then `close`. Nothing is received any more.
  virtual void stopping(Connection& connection) = 0;
  /// The connection is gone; the last call. Also after `opened` never came.
  virtual void closed() = 0;
};

struct ListenerOptions {
  std::string host;
  std::uint16_t port = 0;  ///< 0: any free port
  std::optional<TlsServerOptions> tls;
  std::size_t connections_max = 10'000;  ///< more are closed as soon as they are accepted
};

/// Accepts on one socket and spreads the connections over the threads of the loop.
class Listener {
 public:
  using MakeProtocol = std::function<std::shared_ptr<Protocol>()>;

  /// Fails `unavailable` when the address cannot be bound, `invalid` when the TLS files are wrong.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> listen(Loop& loop, ListenerOptions options,
                                                                MakeProtocol make_protocol);
  virtual ~Listener() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::uint64_t connections_opened() const = 0;
  [[nodiscard]] virtual std::uint64_t connections_open() const = 0;
  /// No connection is accepted and no byte received once this has returned, unless it was called
  /// on a thread of the loop (then: soon after).
  virtual void stop() = 0;
};

}  // namespace sinew::net
