#include <boost/asio/post.hpp>
#include <cstring>
#include <future>

#include "base/log.h"
#include "net/asio_connection.h"
#include "net/tls_context.h"

namespace sinew::net {
namespace {

/// How long accepting rests when it fails, as it does when no file descriptor is left.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

class AsioListener final : public Listener, public std::enable_shared_from_this<AsioListener> {
 public:
  AsioListener(Loop& loop, std::size_t connections_max, MakeProtocol make_protocol)
      : loop_(loop.implementation()),
        acceptor_(*loop_.contexts.front()),
        pause_(*loop_.contexts.front()),
        connections_max_(connections_max),
        make_protocol_(std::move(make_protocol)) {
    for (std::size_t i = 0; i < loop_.contexts.size(); ++i) {
      sets_.push_back(std::make_shared<ConnectionSet>());
    }
    loop_.at_end.emplace_back([sets = sets_] {
      for (auto const& set : sets) set->connections.clear();
    });
  }

  Result<> bind(ListenerOptions const& options);
  void accept();
  void stop() override;

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::uint64_t connections_opened() const override { return opened_; }
  [[nodiscard]] std::uint64_t connections_open() const override {
    std::uint64_t open = 0;
    for (auto const& set : sets_) open += set->open.load(std::memory_order_relaxed);
    return open;
  }

 private:
  void on_accept(error_code const& error, tcp::socket socket, std::size_t turn);
  void start(tcp::socket socket, std::size_t turn);

  Loop::Implementation& loop_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::vector<std::shared_ptr<ConnectionSet>> sets_;  ///< one per thread of the loop
  std::size_t connections_max_;
  MakeProtocol make_protocol_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> opened_ = 0;
  std::atomic<bool> stopped_ = false;
};

Result<> AsioListener::bind(ListenerOptions const& options) {
  auto const where = options.host + ':' + std::to_string(options.port);
  if (options.tls) {
    auto context = TRY(make_server_context(*options.tls));
    tls_ = std::make_shared<asio::ssl::context>(context.release());
  }
  error_code error;
  tcp::resolver resolver(*loop_.contexts.front());
  auto const found =
      resolver.resolve(options.host, std::to_string(options.port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return fail(ErrorCode::invalid, "host not known: " + error.message(), where);
  }
  auto const endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(ErrorCode::unavailable, "cannot listen: " + error.message(), where);
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

void AsioListener::accept() {
  auto const turn = loop_.next();
  acceptor_.async_accept(*loop_.contexts[turn], [self = shared_from_this(), turn](
                                                    error_code const& error, tcp::socket socket) {
    self->on_accept(error, std::move(socket), turn);
  });
}

void AsioListener::on_accept(error_code const& error, tcp::socket socket, std::size_t turn) {
  if (stopped_ || error == asio::error::operation_aborted) return;
  // Nothing is wrong with the listener when a peer gave up while it waited.
  if (error && error != asio::error::connection_aborted) {
    log(Level::error, "connection not accepted", {{"reason", error.message()}});
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](error_code const& cancelled) {
      if (!cancelled && !self->stopped_) self->accept();
    });
    return;
  }
  if (!error && connections_open() >= connections_max_) {
    log(Level::warning, "connection refused: too many", {{"limit", connections_max_}});
  } else if (!error) {
    asio::post(*loop_.contexts[turn],
               [self = shared_from_this(), turn, accepted = std::move(socket)]() mutable {
                 self->start(std::move(accepted), turn);
               });
  }
  accept();
}

void AsioListener::start(tcp::socket socket, std::size_t turn) {
  if (sets_[turn]->stopping) return;
  auto const id = opened_.fetch_add(1) + 1;
  std::make_shared<AsioConnection>(std::move(socket), tls_, sets_[turn], make_protocol_(), id)
      ->start();
}

void AsioListener::stop() {
  if (stopped_.exchange(true)) return;
  std::vector<std::future<void>> done;
  for (std::size_t turn = 0; turn < sets_.size(); ++turn) {
    auto task = std::make_shared<std::packaged_task<void()>>([self = shared_from_this(), turn] {
      if (turn == 0) {
        error_code ignored;
        self->acceptor_.close(ignored);
        self->pause_.cancel(ignored);
      }
      auto& set = *self->sets_[turn];
      set.stopping = true;
      auto const connections = set.connections;  // a copy: stopping may remove some
      for (auto const& connection : connections) connection->stop();
    });
    done.push_back(task->get_future());
    asio::post(*loop_.contexts[turn], [task] { (*task)(); });
  }
  // A loop that does not run has nothing to receive, and would keep us waiting for ever.
  if (!loop_.running || loop_.on_loop_thread()) return;
  for (auto const& each : done) {
    while (loop_.running &&
           each.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    }
  }
}

/// Stops when its owner lets go, though operations still hold the listener itself.
class OwnedListener final : public Listener {
 public:
  explicit OwnedListener(std::shared_ptr<AsioListener> listener) : listener_(std::move(listener)) {}
  ~OwnedListener() override { listener_->stop(); }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  [[nodiscard]] std::uint64_t connections_opened() const override {
    return listener_->connections_opened();
  }
  [[nodiscard]] std::uint64_t connections_open() const override {
    return listener_->connections_open();
  }
  void stop() override { listener_->stop(); }

 private:
  std::shared_ptr<AsioListener> listener_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, ListenerOptions options,
                                                   MakeProtocol make_protocol) {
  auto listener =
      std::make_shared<AsioListener>(loop, options.connections_max, std::move(make_protocol));
  TRY(listener->bind(options));
  asio::post(*loop.implementation().contexts.front(), [listener] { listener->accept(); });
  return std::unique_ptr<Listener>(std::make_unique<OwnedListener>(std::move(listener)));
}

}  // namespace sinew::net
