#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/tls.h"

namespace sinew::net {

/// Header fields in the order sent. Names compare without case.
/// Source: RFC 9110 §5.
class Headers {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// The first value of that name; empty when there is none.
  [[nodiscard]] std::string_view value(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& fields() const {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method;              ///< as sent: "GET"
  std::string target;              ///< as sent, percent-encoded: "/fhir/Patient?name=x"
  std::string_view path() const;   ///< target up to '?'; a view into `target`
  std::string_view query() const;  ///< after '?'; empty when there is none
  Headers headers;
  std::string body;
  std::string peer_address;
};

/// Gives the next piece of a body; an empty one: there are no more. Called on a worker, one call at
/// a time, and only when the socket has taken all pieces before: a slow reader costs one piece of
/// memory. A failure breaks the connection, so that nobody takes a part for the whole.
using NextPiece = std::function<Result<std::string>()>;

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
  NextPiece more = {};  ///< set: `body` is how the content begins, and this gives what follows
};

/// Percent-decoding of a path segment or, with `plus_is_space`, of a form value.
/// Fails `malformed` on a broken escape.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string percent_encode(std::string_view text);
/// `a=1&b=2` decoded, in order. Source: WHATWG URL, application/x-www-form-urlencoded.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_query(
    std::string_view query);

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::optional<TlsServerOptions> tls;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = std::size_t{256} << 20;
  std::size_t connections_max = 10'000;
  std::uint32_t idle_seconds_max = 120;
  unsigned workers = 2;  ///< handlers that run at a time, without those that wait for the disk
  /// Handlers under way at a time. All whose writes wait share one sync: with as many as there are
  /// workers, each sync would be for two.
  unsigned threads_max = 64;
  std::uint32_t stop_seconds_max = 5;  ///< what a stop gives bodies that are on their way
};

/// An ordinary blocking function; runs on a worker thread.
using HttpHandler = std::function<HttpResponse(HttpRequest const&)>;

/// A request and the way back to who sent it. A handler may end before it has answered, and hold
/// this until it does.
class HttpCall {
 public:
  explicit HttpCall(HttpRequest request) : request_(std::move(request)) {}
  HttpCall(HttpCall const&) = delete;
  HttpCall& operator=(HttpCall const&) = delete;
  virtual ~HttpCall() = default;
  [[nodiscard]] HttpRequest const& request() const { return request_; }
  /// From any thread; what follows the first answer is ignored. Whoever lets go without an answer
  /// has answered 500.
  virtual void answer(HttpResponse response) = 0;
  /// Runs `work` on a worker, for who is told of something on a thread that must not block.
  virtual void run(std::function<void()> work) = 0;

 private:
  HttpRequest request_;
};

/// Begun on a worker thread.
using HttpCallHandler = std::function<void(std::shared_ptr<HttpCall> const&)>;

/// HTTP/1.1 server: keep-alive, pipelining, chunked bodies, Expect: 100-continue, HEAD answered
/// from GET. Refuses what could be read two ways (both Content-Length and Transfer-Encoding,
/// obsolete line folding, bare LF in the head) with 400. Source: RFC 9112.
class HttpServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Loop& loop,
                                                                  HttpServerOptions options,
                                                                  HttpHandler handler);
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Loop& loop,
                                                                  HttpServerOptions options,
                                                                  HttpCallHandler handler);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Answers what has been received whole, then closes. No handler runs once this has returned,
  /// none owes an answer, and no NextPiece is left; bodies that are not whole after some seconds
  /// are broken off.
  virtual void stop() = 0;
};

/// One blocking request. `url` is http://host:port/target, or https with a certificate that the
/// system's authorities vouch for. For tests and small tools.
[[nodiscard]] Result<HttpResponse> http_request(std::string const& method, std::string const& url,
                                                Headers headers = {}, std::string body = {},
                                                std::uint32_t timeout_ms = 30'000);

}  // namespace sinew::net
