#pragma once

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

/// Frame bytes of the Minimal Lower Layer Protocol: 0B payload 1C 0D.
/// Source: HL7 Implementation Support Guide, MLLP Release 1; Release 2 for the commit frames.
inline constexpr char kMllpStart = '\x0B';
inline constexpr char kMllpEnd = '\x1C';
inline constexpr char kMllpReturn = '\x0D';

struct MllpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free port; `MllpServer::port()` tells which
  std::optional<TlsServerOptions> tls;
  std::size_t frame_bytes_max = std::size_t{16} << 20;
  std::size_t connections_max = 10'000;
  std::size_t in_flight_max = 256;  ///< frames of one connection handed over and not yet answered;
                                    ///< reading stops there: back-pressure reaches the sender
  std::size_t in_flight_bytes_max = std::size_t{64} << 20;  ///< the same by payload bytes
  std::uint32_t idle_seconds_max = 0;                       ///< 0: never close an idle connection
};

/// Where a frame came from.
struct Peer {
  std::uint64_t connection = 0;  ///< unique in this process
  std::string address;           ///< "127.0.0.1:53412"
  std::string tls_subject;       ///< of the client certificate, when there was one
};

/// Answers one frame. Call exactly once, from any thread; an empty answer sends nothing.
/// Answers of one connection are sent in the order the frames came in, whatever order they are
/// given.
using Answer = std::function<void(std::string reply)>;

/// Called for each whole frame, in order per connection, on a thread of the loop. Must not block.
using FrameHandler = std::function<void(Peer const& peer, std::string payload, Answer answer)>;

/// Counters that only grow, for /metrics.
struct MllpCounters {
  std::uint64_t connections_opened, connections_open, frames, bytes, rejected_frames;
};

/// Listens for MLLP connections on a Loop. Tolerates, and counts: FS without CR, LF after FS, white
/// space between frames, empty frames (ignored). A VT inside a frame means the previous message
/// was cut off: it is reported as a fault and never answered positively.
class MllpServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<MllpServer>> listen(Loop& loop,
                                                                  MllpServerOptions options,
                                                                  FrameHandler handler);
  virtual ~MllpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual MllpCounters counters() const = 0;
  /// Sends a frame that answers none (an application acknowledgement of enhanced mode), behind
  /// what that connection is owed by now. From any thread. False: the connection is gone.
  virtual bool send(std::uint64_t connection, std::string payload) = 0;
  /// Stops accepting and reading; answers already owed are still sent, then connections close.
  virtual void stop() = 0;
};

struct MllpClientOptions {
  std::string host;
  std::uint16_t port = 0;
  std::optional<TlsClientOptions> tls;
  std::uint32_t connect_timeout_ms = 10'000;
  std::uint32_t answer_timeout_ms = 30'000;
  std::size_t frame_bytes_max = std::size_t{16} << 20;
};

/// A blocking MLLP connection for one thread: `sinew send`, tests, and later the connector.
class MllpClient {
 public:
  [[nodiscard]] static Result<std::unique_ptr<MllpClient>> connect(MllpClientOptions options);
  virtual ~MllpClient() = default;
  /// Sends one frame without waiting for its answer (pipelining).
  virtual Result<> send(std::string_view payload) = 0;
  /// The payload of the next frame. Fails `unavailable` on time-out or when the peer closed.
  [[nodiscard]] virtual Result<std::string> receive() = 0;
};

}  // namespace sinew::net
