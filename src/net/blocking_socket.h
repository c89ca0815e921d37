#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tls.h"
#include "net/tls_context.h"

namespace sinew::net {

/// A client's connection, TCP or TLS, for one thread that waits. Every call has a time limit.
class BlockingSocket {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Fails `unavailable` when nobody answers in time or the peer cannot be trusted.
  [[nodiscard]] static Result<std::unique_ptr<BlockingSocket>> connect(
      std::string const& host, std::uint16_t port, std::optional<TlsClientOptions> const& tls,
      Milliseconds timeout);
  BlockingSocket(BlockingSocket const&) = delete;
  BlockingSocket& operator=(BlockingSocket const&) = delete;
  ~BlockingSocket();

  Result<> send(std::string_view bytes, Milliseconds timeout);
  /// Appends what has arrived, at least one byte; appends nothing when the peer has ended.
  Result<> receive(std::string& out, Milliseconds timeout);
  /// Whether there is something to receive, be it the end, waiting for it as long as that.
  Result<bool> is_readable(Milliseconds timeout) const;
  /// Tells the peer that no more will be sent; receiving goes on.
  void end_sending();

 private:
  explicit BlockingSocket(int descriptor) : descriptor_(descriptor) {}
  Result<> start_tls(std::string const& host, TlsClientOptions const& options,
                     Milliseconds timeout);
  using Deadline = std::chrono::steady_clock::time_point;
  Result<> wait(short events, Deadline deadline) const;
  Result<> wait_for_ssl(int outcome, Deadline deadline) const;

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int descriptor_;
  SslContext context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace sinew::net
