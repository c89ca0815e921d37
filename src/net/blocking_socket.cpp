#include "net/blocking_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace sinew::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReceiveBytesMax = 16 * 1024;

Failure unavailable(std::string_view what, int error) {
  return fail(ErrorCode::unavailable, std::string(what) + ": " + std::strerror(error));
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// OpenSSL's own socket BIO writes with write(2), and so a vanished peer would raise SIGPIPE.
// This one sends with MSG_NOSIGNAL.
int bio_write(BIO* bio, char const* data, int size) {
  int descriptor = -1;
  BIO_get_fd(bio, &descriptor);
  BIO_clear_retry_flags(bio);
  auto const sent = ::send(descriptor, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

BIO_METHOD* quiet_socket_method() {
  static BIO_METHOD* const method = [] {
    auto const* const socket = BIO_s_socket();
    auto* const made = BIO_meth_new(BIO_TYPE_SOCKET, "quiet socket");
    SINEW_CHECK(made != nullptr);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, BIO_meth_get_read(socket));
    BIO_meth_set_ctrl(made, BIO_meth_get_ctrl(socket));
    BIO_meth_set_create(made, BIO_meth_get_create(socket));
    BIO_meth_set_destroy(made, BIO_meth_get_destroy(socket));
    return made;
  }();
  return method;
}

bool is_ip_address(std::string const& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

BlockingSocket::~BlockingSocket() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ssl_.reset();
  ::close(descriptor_);
}

Result<> BlockingSocket::wait(short events, Deadline deadline) const {
  while (true) {
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return fail(ErrorCode::unavailable, "timed out");
    pollfd waiting{descriptor_, events, 0};
    auto const ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return unavailable("poll", errno);
  }
}

Result<> BlockingSocket::wait_for_ssl(int outcome, Deadline deadline) const {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, deadline);
    default:
      return fail(ErrorCode::unavailable, "TLS: " + take_ssl_error());
  }
}

Result<std::unique_ptr<BlockingSocket>> BlockingSocket::connect(
    std::string const& host, std::uint16_t port, std::optional<TlsClientOptions> const& tls,
    Milliseconds timeout) {
  auto const where = host + ':' + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  auto const failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed != 0) return fail(ErrorCode::unavailable, gai_strerror(failed), where);
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> const addresses(list, freeaddrinfo);

  auto const deadline = Clock::now() + timeout;
  std::string reason = "no address";
  for (auto const* address = list; address != nullptr; address = address->ai_next) {
    int const descriptor =
        ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return unavailable("socket", errno);
    std::unique_ptr<BlockingSocket> connection(new BlockingSocket(descriptor));
    int const one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int error = 0;
    if (::connect(descriptor, address->ai_addr, address->ai_addrlen) < 0) error = errno;
    if (error == EINPROGRESS) {
      auto const waited = connection->wait(POLLOUT, deadline);
      if (!waited) return fail(ErrorCode::unavailable, waited.error().what, where);
      socklen_t size = sizeof error;
      ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) {
      reason = std::strerror(error);
      continue;
    }
    if (tls) TRY(connection->start_tls(host, *tls, timeout));
    return connection;
  }
  return fail(ErrorCode::unavailable, "cannot connect: " + reason, where);
}

Result<> BlockingSocket::start_tls(std::string const& host, TlsClientOptions const& options,
                                   Milliseconds timeout) {
  context_ = TRY(make_client_context(options));
  ssl_.reset(SSL_new(context_.get()));
  BIO* const bio = BIO_new(quiet_socket_method());
  if (!ssl_ || bio == nullptr) return fail(ErrorCode::internal, "TLS: " + take_ssl_error());
  BIO_set_fd(bio, descriptor_, BIO_NOCLOSE);
  SSL_set_bio(ssl_.get(), bio, bio);

  auto const& name = options.server_name.empty() ? host : options.server_name;
  // Source: RFC 6066 §3: the server name indication carries no IP address.
  if (is_ip_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    SSL_set1_host(ssl_.get(), name.c_str());
  }
  auto const deadline = Clock::now() + timeout;
  while (true) {
    ERR_clear_error();
    int const outcome = SSL_connect(ssl_.get());
    if (outcome == 1) return {};
    TRY(wait_for_ssl(outcome, deadline));
  }
}

Result<> BlockingSocket::send(std::string_view bytes, Milliseconds timeout) {
  auto const deadline = Clock::now() + timeout;
  while (!bytes.empty()) {
    if (ssl_) {
      ERR_clear_error();
      std::size_t sent = 0;
      int const outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
      if (outcome != 1) TRY(wait_for_ssl(outcome, deadline));
      bytes.remove_prefix(sent);
      continue;
    }
    auto const sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && !would_block(errno)) return unavailable("send", errno);
    if (sent < 0) {
      TRY(wait(POLLOUT, deadline));
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  return {};
}

Result<bool> BlockingSocket::is_readable(Milliseconds timeout) const {
  if (ssl_ && SSL_pending(ssl_.get()) > 0) return true;
  pollfd waiting{descriptor_, POLLIN, 0};
  auto const ready = ::poll(&waiting, 1, static_cast<int>(timeout.count()));
  if (ready < 0 && errno != EINTR) return unavailable("poll", errno);
  return ready > 0;
}

void BlockingSocket::end_sending() {
  if (ssl_) SSL_shutdown(ssl_.get());
  ::shutdown(descriptor_, SHUT_WR);
}

Result<> BlockingSocket::receive(std::string& out, Milliseconds timeout) {
  auto const deadline = Clock::now() + timeout;
  auto const before = out.size();
  out.resize(before + kReceiveBytesMax);
  std::size_t received = 0;
  Result<> result;
  while (result) {
    if (ssl_) {
      ERR_clear_error();
      int const outcome = SSL_read_ex(ssl_.get(), out.data() + before, kReceiveBytesMax, &received);
      auto const error = SSL_get_error(ssl_.get(), outcome);
      if (outcome == 1 || error == SSL_ERROR_ZERO_RETURN) break;
      result = wait_for_ssl(outcome, deadline);
      continue;
    }
    auto const size = ::recv(descriptor_, out.data() + before, kReceiveBytesMax, 0);
    if (size >= 0) {
      received = static_cast<std::size_t>(size);
      break;
    }
    result = would_block(errno) ? wait(POLLIN, deadline) : unavailable("receive", errno);
  }
  out.resize(before + received);
  return result;
}

}  // namespace sinew::net
