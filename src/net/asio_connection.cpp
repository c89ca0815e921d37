#include "net/asio_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "net/tls_context.h"

namespace sinew::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kInputBytesFirst = 4 * 1024;  // an idle connection costs no more than this
constexpr std::size_t kInputBytesMax = 64 * 1024;
constexpr std::size_t kUnsentBytesMax = 1024 * 1024;
constexpr auto kHandshakeTimeMax = 10s;
constexpr auto kLastOutputTimeMax = 10s;  // a peer that takes nothing cannot hold the connection
constexpr auto kLingerTimeMax = 2s;
constexpr std::size_t kLingerBytesMax = std::size_t{64} << 20;

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::string to_text(tcp::endpoint const& endpoint) {
  auto const host = endpoint.address().to_string();
  auto const port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? '[' + host + "]:" + port : host + ':' + port;
}

}  // namespace

AsioConnection::AsioConnection(tcp::socket socket, std::shared_ptr<asio::ssl::context> const& tls,
                               std::shared_ptr<ConnectionSet> set,
                               std::shared_ptr<Protocol> protocol, std::uint64_t id)
    : tls_context_(tls),
      set_(std::move(set)),
      protocol_(std::move(protocol)),
      id_(id),
      timer_(socket.get_executor()) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  auto const endpoint = socket.remote_endpoint(ignored);
  if (!ignored) address_ = to_text(endpoint);
  if (tls_context_) {
    tls_.emplace(std::move(socket), *tls_context_);
  } else {
    plain_.emplace(std::move(socket));
  }
  input_.resize(kInputBytesFirst);
  set_->open.fetch_add(1, std::memory_order_relaxed);
}

AsioConnection::~AsioConnection() {
  if (state_ != State::gone) set_->open.fetch_sub(1, std::memory_order_relaxed);
}

void AsioConnection::start() {
  set_->connections.insert(shared_from_this());
  if (!tls_) return open();
  set_timer(now() + kHandshakeTimeMax);
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [self = shared_from_this()](error_code const& error) {
                          if (self->state_ != State::handshake) return;
                          if (error) {
                            log(Level::warning, "tls handshake failed",
                                {{"peer", self->address_}, {"reason", error.message()}});
                            return self->destroy();
                          }
                          self->tls_subject_ = peer_subject(self->tls_->native_handle());
                          self->open();
                        });
}

void AsioConnection::open() {
  set_timer(std::nullopt);
  state_ = State::open;
  protocol_->opened(shared_from_this());
  if (set_->stopping) return stop();
  read();
}

void AsioConnection::stop() {
  if (state_ == State::handshake) return destroy();
  if (state_ == State::open && protocol_) {
    untaken_ = {};
    paused_ = true;  // whatever resumes from now on finds nothing and reads nothing
    protocol_->stopping(*this);
  }
}

void AsioConnection::post(std::function<void()> work) {
  asio::post(timer_.get_executor(), [self = shared_from_this(), work = std::move(work)] {
    if (self->state_ != State::gone) work();
  });
}

void AsioConnection::read() {
  if (state_ != State::open || reading_ || paused_ || choked_ || ended_ || set_->stopping) return;
  reading_ = true;
  auto const buffer = asio::buffer(input_);
  auto done = [self = shared_from_this()](error_code const& error, std::size_t size) {
    self->on_read(error, size);
  };
  if (tls_) {
    tls_->async_read_some(buffer, std::move(done));
  } else {
    plain_->async_read_some(buffer, std::move(done));
  }
}

void AsioConnection::on_read(error_code const& error, std::size_t size) {
  reading_ = false;
  if (state_ == State::closing) return finish_when_idle();
  if (state_ != State::open || set_->stopping) return;
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    ended_ = true;
    return protocol_->ended(*this);
  }
  if (error) return destroy();
  untaken_ = std::string_view(input_).substr(0, size);
  deliver();
}

void AsioConnection::deliver() {
  if (state_ != State::open || paused_ || choked_) return;
  bool const was_full = untaken_.data() + untaken_.size() == input_.data() + input_.size();
  if (!untaken_.empty()) {
    auto const self = shared_from_this();  // the protocol may close us
    untaken_.remove_prefix(protocol_->received(*this, untaken_));
    if (state_ != State::open) return;
    if (!untaken_.empty()) {
      paused_ = true;
      return;
    }
    untaken_ = {};
  }
  if (was_full && input_.size() < kInputBytesMax) input_.resize(input_.size() * 2);
  read();
}

void AsioConnection::resume() {
  if (state_ != State::open || set_->stopping) return;
  if (!paused_) return;
  paused_ = false;
  deliver();
}

void AsioConnection::send(std::string bytes) {
  if (state_ != State::open) return;
  if (waiting_.empty()) {
    waiting_ = std::move(bytes);
  } else {
    waiting_ += bytes;
  }
  choked_ = sending_.size() + waiting_.size() > kUnsentBytesMax;
  write();
}

void AsioConnection::write() {
  if (writing_ || waiting_.empty()) return;
  writing_ = true;
  sending_.swap(waiting_);
  auto done = [self = shared_from_this()](error_code const& error, std::size_t) {
    self->on_written(error);
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(sending_), std::move(done));
  } else {
    asio::async_write(*plain_, asio::buffer(sending_), std::move(done));
  }
}

void AsioConnection::on_written(error_code const& error) {
  writing_ = false;
  sending_.clear();
  if (sending_.capacity() > kInputBytesMax) sending_.shrink_to_fit();
  if (state_ == State::gone) return;
  if (error) return destroy();
  write();
  if (state_ == State::closing) return finish_when_idle();
  if (choked_ && waiting_.size() <= kUnsentBytesMax) {
    choked_ = false;
    deliver();
  }
  if (state_ == State::open && !writing_) protocol_->drained(*this);
}

void AsioConnection::close() {
  if (state_ != State::open) return;
  state_ = State::closing;
  untaken_ = {};
  set_timer(now() + kLastOutputTimeMax);
  finish_when_idle();
}

void AsioConnection::abort() {
  if (state_ == State::gone) return;
  error_code ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);  // a reset, no orderly end
  destroy();
}

void AsioConnection::finish_when_idle() {
  if (writing_ || finishing_) return;
  if (reading_) {
    // The closure of TLS reads by itself; one operation at a time.
    error_code ignored;
    socket().cancel(ignored);
    return;
  }
  finishing_ = true;
  set_timer(now() + kLingerTimeMax);
  if (!tls_) return linger();
  tls_->async_shutdown([self = shared_from_this()](error_code const&) { self->linger(); });
}

void AsioConnection::linger() {
  if (state_ == State::gone) return;
  state_ = State::lingering;
  error_code error;
  socket().shutdown(tcp::socket::shutdown_send, error);
  if (error || (ended_ && !tls_)) return destroy();
  drain();
}

void AsioConnection::drain() {
  socket().async_read_some(
      asio::buffer(input_), [self = shared_from_this()](error_code const& error, std::size_t size) {
        self->drained_bytes_ += size;
        if (error || self->state_ == State::gone || self->drained_bytes_ > kLingerBytesMax) {
          return self->destroy();
        }
        self->drain();
      });
}

void AsioConnection::destroy() {
  if (state_ == State::gone) return;
  auto const self = shared_from_this();
  state_ = State::gone;
  set_->open.fetch_sub(1, std::memory_order_relaxed);
  set_->connections.erase(self);
  error_code ignored;
  timer_.cancel(ignored);
  socket().close(ignored);
  auto const protocol = std::exchange(protocol_, nullptr);
  if (protocol) protocol->closed();
}

void AsioConnection::set_deadline(std::optional<SteadyTime> deadline) {
  if (state_ == State::open) set_timer(deadline);  // the closure has its own
}

void AsioConnection::set_timer(std::optional<SteadyTime> deadline) {
  deadline_ = deadline;
  // Later deadlines are noticed when the armed one passes: no timer operation per message.
  if (deadline_ && (!armed_ || *deadline_ < *armed_)) arm_timer();
}

void AsioConnection::arm_timer() {
  armed_ = deadline_;
  timer_.expires_at(*armed_);
  timer_.async_wait([weak = weak_from_this()](error_code const& error) {
    auto const self = weak.lock();
    if (error || !self || self->state_ == State::gone) return;
    self->armed_ = std::nullopt;
    if (!self->deadline_) return;
    if (*self->deadline_ > now()) return self->arm_timer();
    if (self->state_ == State::open) return self->protocol_->expired(*self);
    self->destroy();
  });
}

}  // namespace sinew::net
