#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls.h"

namespace sinew::net {

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSslContext>;

/// TLS 1.2 and later (BCP 195). Fails `invalid`, naming the file, when one cannot be used.
[[nodiscard]] Result<SslContext> make_server_context(TlsServerOptions const& options);
/// Always verifies the peer. Fails as above.
[[nodiscard]] Result<SslContext> make_client_context(TlsClientOptions const& options);

/// The subject of the peer's certificate as RFC 4514 writes it; empty when it showed none.
[[nodiscard]] std::string peer_subject(SSL const* ssl);

/// The oldest error of OpenSSL's queue in words, and empties the queue.
[[nodiscard]] std::string take_ssl_error();

}  // namespace sinew::net
