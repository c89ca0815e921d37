#include <chrono>
#include <utility>

#include "net/http.h"
#include "net/http_session.h"

namespace sinew::net {
namespace {

class Server final : public HttpServer {
 public:
  Server(std::shared_ptr<HttpShared> shared, std::unique_ptr<Listener> listener)
      : shared_(std::move(shared)), listener_(std::move(listener)) {}
  ~Server() override { stop_all(); }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  void stop() override { stop_all(); }

 private:
  /// After this no handler runs: whatever handlers use may be destroyed.
  void stop_all() {
    listener_->stop();
    shared_->calls.wait();
    shared_->streams.finish(std::chrono::seconds(shared_->options.stop_seconds_max));
    shared_->workers->stop();
  }
  std::shared_ptr<HttpShared> shared_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options,
                                                       HttpHandler handler) {
  return listen(
      loop, std::move(options),
      HttpCallHandler([handler = std::move(handler)](std::shared_ptr<HttpCall> const& call) {
        call->answer(handler(call->request()));
      }));
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options,
                                                       HttpCallHandler handler) {
  auto shared = std::make_shared<HttpShared>();
  shared->options = options;
  shared->handler = std::move(handler);
  shared->workers = std::make_unique<WorkerPool>(options.workers, options.threads_max);
  ListenerOptions listener_options;
  listener_options.host = options.host;
  listener_options.port = options.port;
  listener_options.tls = options.tls;
  listener_options.connections_max = options.connections_max;
  auto listener = TRY(Listener::listen(
      loop, std::move(listener_options),
      [shared]() -> std::shared_ptr<Protocol> { return std::make_shared<HttpSession>(shared); }));
  return std::unique_ptr<HttpServer>(
      std::make_unique<Server>(std::move(shared), std::move(listener)));
}

}  // namespace sinew::net
