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

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
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
};

/// An ordinary blocking function; runs on a worker thread.
using HttpHandler = std::function<HttpResponse(HttpRequest const&)>;

/// HTTP/1.1 server: keep-alive, pipelining, chunked bodies, Expect: 100-continue, HEAD answered
/// from GET. Refuses what could be read two ways (both Content-Length and Transfer-Encoding,
/// obsolete line folding, bare LF in the head) with 400. Source: RFC 9112.
class HttpServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Loop& loop,
                                                                  HttpServerOptions options,
                                                                  HttpHandler handler);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Answers what has been received whole, then closes. No handler runs once this has returned.
  virtual void stop() = 0;
};

/// One blocking request. `url` is http://host:port/target, or https with a certificate that the
/// system's authorities vouch for. For tests and small tools.
[[nodiscard]] Result<HttpResponse> http_request(std::string const& method, std::string const& url,
                                                Headers headers = {}, std::string body = {},
                                                std::uint32_t timeout_ms = 30'000);

}  // namespace sinew::net
