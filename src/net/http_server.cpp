#include <array>
#include <ctime>
#include <exception>

#include "base/log.h"
#include "base/text.h"
#include "net/connection.h"
#include "net/http.h"
#include "net/http_parser.h"
#include "net/worker_pool.h"

namespace sinew::net {
namespace {

using namespace std::chrono_literals;

/// A head that takes longer comes from somebody who holds connections open on purpose.
constexpr auto kHeadTimeMax = 30s;

struct Reason {
  int status;
  std::string_view phrase;
};

/// Source: RFC 9110 §15. Sorted by status.
constexpr auto kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
});

/// "A client SHOULD ignore the reason-phrase": an unknown status needs none.
std::string_view reason_of(int status) {
  for (auto const& row : kReasons) {
    if (row.status == status) return row.phrase;
  }
  return "";
}

/// Source: RFC 9110 §5.6.7 (IMF-fixdate).
std::string http_date() {
  auto const now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  auto const size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

/// A handler may build a value from what a peer sent: a line end in it must not end the line.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (char const c : value) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
  out += "\r\n";
}

struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool is_head = false;
};

std::string serialize(HttpResponse const& response, Framing framing) {
  bool const has_body = response.status != 204 && response.status != 304;
  std::string out;
  out.reserve(256 + (framing.is_head ? 0 : response.body.size()));
  out += "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out += reason_of(response.status);
  out += "\r\n";
  for (auto const& [name, value] : response.headers.fields()) {
    // The body's length is ours to say, and said once.
    if (!equals_ignoring_case(name, "content-length")) append_field(out, name, value);
  }
  append_field(out, "Date", http_date());
  if (has_body) append_field(out, "Content-Length", std::to_string(response.body.size()));
  if (!framing.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (framing.http_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  if (has_body && !framing.is_head) out += response.body;
  return out;
}

struct Shared {
  HttpServerOptions options;
  HttpHandler handler;
  std::unique_ptr<WorkerPool> workers;
};

class HttpSession final : public Protocol, public std::enable_shared_from_this<HttpSession> {
 public:
  explicit HttpSession(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        parser_({.header_bytes_max = shared_->options.header_bytes_max,
                 .body_bytes_max = shared_->options.body_bytes_max}) {}

  void opened(std::shared_ptr<Connection> const& connection) override {
    connection_ = connection;
    set_deadline(*connection);
  }
  std::size_t received(Connection& connection, std::string_view bytes) override;
  void ended(Connection& connection) override {
    last_ = true;
    if (!busy_) connection.close();
  }
  void stopping(Connection& connection) override { ended(connection); }
  void closed() override {}

 private:
  void run(HttpRequest request);
  void respond(HttpResponse const& response);
  void refuse(Connection& connection);
  void set_deadline(Connection& connection);

  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Connection> connection_;
  HttpParser parser_;
  Framing framing_;
  bool busy_ = false;  ///< a handler runs
  bool last_ = false;  ///< no request after this one
  std::optional<SteadyTime> head_deadline_;
};

std::size_t HttpSession::received(Connection& connection, std::string_view bytes) {
  if (busy_) return 0;  // the next request waits for the answer to this one
  auto rest = bytes;
  auto const event = parser_.feed(rest);
  if (parser_.take_wants_continue() && event == HttpParser::Event::need_more) {
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (event == HttpParser::Event::failed) {
    refuse(connection);
    return bytes.size();
  }
  if (event == HttpParser::Event::need_more) {
    set_deadline(connection);
    return bytes.size();
  }
  busy_ = true;
  head_deadline_.reset();
  connection.set_deadline(std::nullopt);
  auto request = parser_.take_request();
  request.peer_address = connection.address();
  framing_ = {parser_.is_keep_alive(), parser_.is_http_1_0(), request.method == "HEAD"};
  // "The HEAD method is identical to GET except that the server MUST NOT send content"
  // (RFC 9110 §9.3.2)
  if (framing_.is_head) request.method = "GET";
  run(std::move(request));
  return bytes.size() - rest.size();
}

void HttpSession::run(HttpRequest request) {
  auto const shared_request = std::make_shared<HttpRequest>(std::move(request));
  shared_->workers->add([self = shared_from_this(), shared_request] {
    auto const response = std::make_shared<HttpResponse>();
    // Handlers do not throw; the libraries below them may, when memory ends. One request must not
    // take the process with it.
    try {
      *response = self->shared_->handler(*shared_request);
    } catch (std::exception const&) {
      log(Level::error, "http handler threw", {{"method", shared_request->method}});
      *response = {500, {}, {}};
    }
    if (auto const connection = self->connection_.lock()) {
      connection->post([self, response] { self->respond(*response); });
    }
  });
}

void HttpSession::respond(HttpResponse const& response) {
  auto const connection = connection_.lock();
  if (!connection) return;
  busy_ = false;
  framing_.keep_alive = framing_.keep_alive && !last_;
  connection->send(serialize(response, framing_));
  if (!framing_.keep_alive) return connection->close();
  set_deadline(*connection);
  connection->resume();
}

void HttpSession::refuse(Connection& connection) {
  HttpResponse response;
  response.status = parser_.status();
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = parser_.reason() + '\n';
  last_ = true;
  connection.send(serialize(response, {.keep_alive = false}));
  connection.close();
}

void HttpSession::set_deadline(Connection& connection) {
  auto const now = std::chrono::steady_clock::now();
  auto deadline = now + std::chrono::seconds(shared_->options.idle_seconds_max);
  if (!parser_.is_inside() || !parser_.is_in_head()) {
    head_deadline_.reset();
  } else {
    if (!head_deadline_) head_deadline_ = now + kHeadTimeMax;
    deadline = std::min(deadline, *head_deadline_);
  }
  connection.set_deadline(deadline);
}

class Server final : public HttpServer {
 public:
  Server(std::shared_ptr<Shared> shared, std::unique_ptr<Listener> listener)
      : shared_(std::move(shared)), listener_(std::move(listener)) {}
  ~Server() override { stop_all(); }
  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  void stop() override { stop_all(); }

 private:
  /// After this no handler runs: whatever handlers use may be destroyed.
  void stop_all() {
    listener_->stop();
    shared_->workers->stop();
  }
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, HttpServerOptions options,
                                                       HttpHandler handler) {
  auto shared = std::make_shared<Shared>();
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
