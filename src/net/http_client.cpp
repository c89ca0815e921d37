#include <algorithm>
#include <span>

#include "base/text.h"
#include "net/blocking_socket.h"
#include "net/http.h"
#include "net/http_parser.h"

namespace sinew::net {
namespace {

constexpr std::size_t kHeadBytesMax = 256 * 1024;
constexpr std::size_t kBodyBytesMax = std::size_t{1} << 30;
/// Source: RFC 9110 §4.2.
struct Scheme {
  std::string_view prefix;
  std::uint16_t port;
  bool is_secure;
};
constexpr Scheme kSchemes[] = {{"http://", 80, false}, {"https://", 443, true}};

struct Url {
  bool is_secure = false;
  std::string host;
  std::uint16_t port = 0;
  std::string target;
};

Result<Url> parse_url(std::string_view text) {
  auto const* const scheme = std::ranges::find_if(
      kSchemes, [&](Scheme const& row) { return text.starts_with(row.prefix); });
  if (scheme == std::end(kSchemes)) {
    return fail(ErrorCode::not_supported, "only http:// and https:// are spoken");
  }
  text.remove_prefix(scheme->prefix.size());
  auto const path = std::min(text.find_first_of("/?"), text.size());
  auto authority = text.substr(0, path);
  Url url;
  url.is_secure = scheme->is_secure;
  url.port = scheme->port;
  url.target = text.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  auto const bracket = authority.find(']');
  auto const colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    auto const port = parse_integer<std::uint16_t>(authority.substr(colon + 1));
    if (!port) return fail(ErrorCode::malformed, "port is not a number");
    url.port = *port;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  url.host = authority;
  return url;
}

class ResponseReader {
 public:
  ResponseReader(BlockingSocket& socket, std::chrono::milliseconds timeout)
      : socket_(socket), timeout_(timeout) {}

  Result<HttpResponse> read(bool is_head) {
    while (true) {
      auto response = TRY(read_head());
      // "A client MUST be able to parse one or more 1xx responses received prior to a final
      // response" (RFC 9110 §15.2)
      if (response.status >= 100 && response.status < 200) continue;
      if (is_head || response.status == 204 || response.status == 304) return response;
      TRY(read_body(response));
      return response;
    }
  }

 private:
  /// False at the end of the stream.
  Result<bool> more() {
    auto const before = in_.size();
    TRY(socket_.receive(in_, timeout_));
    return in_.size() > before;
  }

  Result<HttpResponse> read_head() {
    auto end = in_.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (in_.size() > kHeadBytesMax) return fail(ErrorCode::too_large, "header above the limit");
      bool const arrived = TRY(more());
      if (!arrived) return fail(ErrorCode::unavailable, "peer closed the connection");
      end = in_.find("\r\n\r\n");
    }
    auto const head = in_.substr(0, end);
    in_.erase(0, end + 4);
    auto const lines = split(head, '\n');
    HttpResponse response;
    auto const first = trim(lines.front());
    auto const status =
        first.size() >= 12 ? parse_integer<int>(first.substr(9, 3)) : std::optional<int>();
    if (!first.starts_with("HTTP/1.") || !status) {
      return fail(ErrorCode::malformed, "answer is not HTTP/1.1");
    }
    response.status = *status;
    for (auto const line : std::span(lines).subspan(1)) {
      std::string_view name, value;
      if (!split_field(trim(line), name, value)) {
        return fail(ErrorCode::malformed, "malformed header field");
      }
      response.headers.add(std::string(name), std::string(value));
    }
    return response;
  }

  Result<> read_body(HttpResponse& response) {
    if (list_has(response.headers.value("transfer-encoding"), "chunked")) {
      return read_chunked(response.body);
    }
    std::optional<std::size_t> length;
    if (response.headers.has("content-length")) {
      length = parse_integer<std::size_t>(response.headers.value("content-length"));
      if (!length) return fail(ErrorCode::malformed, "malformed Content-Length");
    }
    while (in_.size() < length.value_or(kBodyBytesMax)) {
      bool const arrived = TRY(more());
      if (arrived) continue;
      if (length) return fail(ErrorCode::unavailable, "peer closed the connection");
      break;  // without a length the body ends with the connection
    }
    response.body = in_.substr(0, length.value_or(in_.size()));
    return {};
  }

  Result<> read_chunked(std::string& body) {
    ChunkedDecoder decoder(kBodyBytesMax, kHeadBytesMax);
    while (true) {
      std::string_view rest = in_;
      auto const event = decoder.feed(rest, body);
      in_.erase(0, in_.size() - rest.size());
      if (event == ChunkedDecoder::Event::complete) return {};
      if (event != ChunkedDecoder::Event::need_more) {
        return fail(ErrorCode::malformed, "malformed chunk, or body above the limit");
      }
      bool const arrived = TRY(more());
      if (!arrived) return fail(ErrorCode::unavailable, "peer closed the connection");
    }
  }

  BlockingSocket& socket_;
  std::chrono::milliseconds timeout_;
  std::string in_;
};

}  // namespace

Result<HttpResponse> http_request(std::string const& method, std::string const& url,
                                  Headers headers, std::string body, std::uint32_t timeout_ms) {
  auto const to = TRY(parse_url(url));
  std::chrono::milliseconds const timeout(timeout_ms);
  auto const socket = TRY(BlockingSocket::connect(
      to.host, to.port, to.is_secure ? std::optional(TlsClientOptions{}) : std::nullopt, timeout));
  bool const is_ipv6 = to.host.find(':') != std::string::npos;
  std::string out = method + ' ' + to.target +
                    " HTTP/1.1\r\nHost: " + (is_ipv6 ? '[' + to.host + ']' : to.host) + ':' +
                    std::to_string(to.port) + "\r\nConnection: close\r\n";
  for (auto const& [name, value] : headers.fields()) out += name + ": " + value + "\r\n";
  bool const sends_body = !body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (sends_body) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  out += "\r\n";
  out += body;
  // A server may refuse before it has read the body: its answer counts, not our failed sending.
  auto const sent = socket->send(out, timeout);
  auto response = ResponseReader(*socket, timeout).read(method == "HEAD");
  if (!response && !sent) return fail(sent.error().code, sent.error().what);
  return response;
}

}  // namespace sinew::net
