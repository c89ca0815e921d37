#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/http.h"
#include "net/http_parser.h"
#include "net/http_streams.h"
#include "net/http_writer.h"
#include "net/worker_pool.h"

namespace sinew::net {

/// What all connections of one server share.
struct HttpShared {
  HttpServerOptions options;
  HttpCallHandler handler;
  Pending calls;  ///< handed over and not answered
  Streams streams;
  std::unique_ptr<WorkerPool> workers;
};

/// One connection: a request at a time, in order.
class HttpSession final : public Protocol, public std::enable_shared_from_this<HttpSession> {
 public:
  explicit HttpSession(std::shared_ptr<HttpShared> shared);

  void opened(std::shared_ptr<Connection> const& connection) override;
  std::size_t received(Connection& connection, std::string_view bytes) override;
  void ended(Connection& connection) override;
  void drained(Connection& connection) override;
  void expired(Connection& connection) override;
  void stopping(Connection& connection) override { ended(connection); }
  void closed() override;

 private:
  class Call;
  struct Stream;
  void run(HttpRequest request);
  void respond(HttpResponse const& response, std::shared_ptr<Stream> stream);
  void take(Result<std::string> piece);
  void finish(Connection& connection, bool keeps_alive);
  void refuse(Connection& connection);
  void set_deadline(Connection& connection);

  std::shared_ptr<HttpShared> shared_;
  std::weak_ptr<Connection> connection_;
  HttpParser parser_;
  Framing framing_;
  bool busy_ = false;  ///< a request is being answered
  bool last_ = false;  ///< no request after this one
  std::optional<SteadyTime> head_deadline_;
  std::shared_ptr<Stream> stream_;  ///< a body on its way
};

}  // namespace sinew::net
