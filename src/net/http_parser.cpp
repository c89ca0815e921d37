#include "net/http_parser.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace sinew::net {
namespace {

/// Characters of a token. Source: RFC 9110 §5.6.2.
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

constexpr auto kIsToken = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    auto const byte = static_cast<char>(c);
    table[static_cast<std::size_t>(c)] = is_ascii_alpha(byte) || is_ascii_digit(byte) ||
                                         kTokenMarks.find(byte) != std::string_view::npos;
  }
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return kIsToken[static_cast<unsigned char>(c)]; });
}

/// Bytes that a field value may hold: visible, obs-text, space and tab. Source: RFC 9110 §5.5.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string_view trim_blanks(std::string_view text) {
  auto const is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> parse_hexadecimal(std::string_view digits) {
  constexpr std::size_t kDigitsMax = 15;  // cannot overflow 64 bits
  if (digits.empty() || digits.size() > kDigitsMax) return std::nullopt;
  std::size_t value = 0;
  auto const [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

bool split_field(std::string_view line, std::string_view& name, std::string_view& value) {
  auto const colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  name = line.substr(0, colon);
  value = trim_blanks(line.substr(colon + 1));
  return is_token(name) && is_field_value(value);
}

bool list_has(std::string_view list, std::string_view token) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view element) {
    return equals_ignoring_case(trim_blanks(element), token);
  });
}

// ---- Chunked bodies

/// Completes line_ up to its CR LF.
ChunkedDecoder::Event ChunkedDecoder::take_line(std::string_view& bytes, std::size_t bytes_max) {
  auto const feed_at = bytes.find('\n');
  auto const length = feed_at == std::string_view::npos ? bytes.size() : feed_at + 1;
  if (line_.size() + length > bytes_max) return Event::too_large;
  line_.append(bytes.substr(0, length));
  bytes.remove_prefix(length);
  if (feed_at == std::string_view::npos) return Event::need_more;
  if (!line_.ends_with("\r\n")) return Event::malformed;  // a bare line feed
  line_.resize(line_.size() - 2);
  return is_field_value(line_) ? Event::complete : Event::malformed;
}

ChunkedDecoder::Event ChunkedDecoder::end_size_line(std::size_t body_bytes) {
  // Extensions mean nothing to us. "chunk-ext = *( BWS ";" BWS chunk-ext-name ...": blanks are
  // refused before the semicolon, where lenient readers have been led astray.
  auto const semicolon = line_.find(';');
  auto const size = parse_hexadecimal(std::string_view(line_).substr(0, semicolon));
  line_.clear();
  if (!size) return Event::malformed;
  if (*size > body_bytes_max_ - std::min(body_bytes, body_bytes_max_)) return Event::too_large;
  chunk_left_ = *size;
  state_ = *size == 0 ? State::trailer : State::content;
  return Event::need_more;
}

ChunkedDecoder::Event ChunkedDecoder::feed(std::string_view& bytes, std::string& body) {
  while (!bytes.empty()) {
    if (state_ == State::content) {
      auto const length = std::min(chunk_left_, bytes.size());
      body.append(bytes.substr(0, length));
      bytes.remove_prefix(length);
      chunk_left_ -= length;
      if (chunk_left_ == 0) state_ = State::content_end;
      continue;
    }
    auto const bytes_max =
        state_ == State::trailer ? trailer_bytes_max_ - trailer_bytes_ : kSizeLineBytesMax;
    auto event = take_line(bytes, bytes_max);
    if (event == Event::too_large && state_ != State::trailer) return Event::malformed;
    if (event != Event::complete) return event;
    if (state_ == State::content_end) {
      if (!line_.empty()) return Event::malformed;
      state_ = State::size_line;
    } else if (state_ == State::size_line) {
      event = end_size_line(body.size());
      if (event != Event::need_more) return event;
    } else {
      if (line_.empty()) return Event::complete;
      trailer_bytes_ += line_.size() + 2;
      std::string_view name, value;
      if (!split_field(line_, name, value)) return Event::malformed;
      line_.clear();
    }
  }
  return Event::need_more;
}

// ---- Requests

HttpParser::Event HttpParser::refuse(int status, std::string reason) {
  state_ = State::failed;
  status_ = status;
  reason_ = std::move(reason);
  return Event::failed;
}

HttpParser::Event HttpParser::feed(std::string_view& bytes) {
  if (state_ == State::failed) return Event::failed;
  if (state_ == State::complete) return Event::complete;
  if (state_ == State::head) {
    auto const event = feed_head(bytes);
    if (event != Event::complete) return event;
    if (end_head() == Event::failed) return Event::failed;
  }
  if (state_ == State::sized_body) {
    auto const length = std::min(body_left_, bytes.size());
    request_.body.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
    body_left_ -= length;
    if (body_left_ > 0) return Event::need_more;
    state_ = State::complete;
  }
  if (state_ == State::chunked_body) {
    switch (chunked_.feed(bytes, request_.body)) {
      case ChunkedDecoder::Event::need_more:
        return Event::need_more;
      case ChunkedDecoder::Event::malformed:
        return refuse(400, "malformed chunk");
      case ChunkedDecoder::Event::too_large:
        return refuse(413, "body above the limit");
      case ChunkedDecoder::Event::complete:
        break;
    }
    state_ = State::complete;
  }
  inside_ = false;
  return Event::complete;
}

/// Gathers lines up to the empty one. Faults show as soon as the line that has them is complete.
HttpParser::Event HttpParser::feed_head(std::string_view& bytes) {
  while (!bytes.empty()) {
    auto const feed_at = bytes.find('\n');
    auto const length = feed_at == std::string_view::npos ? bytes.size() : feed_at + 1;
    if (head_.size() + length > limits_.header_bytes_max) {
      return refuse(431, "header above the limit");
    }
    head_.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
    inside_ = true;
    if (feed_at == std::string_view::npos) return Event::need_more;

    auto const line = std::string_view(head_).substr(line_start_);
    if (!line.ends_with("\r\n")) return refuse(400, "bare line feed in the header");
    line_start_ = head_.size();
    if (line.size() > 2) continue;
    // "a server that is expecting to receive and parse a request-line SHOULD ignore at least one
    // empty line (CRLF) received prior to the request-line" (RFC 9112 §2.2)
    if (head_.size() > 2) return Event::complete;
    head_.clear();
    line_start_ = 0;
    inside_ = false;
  }
  return Event::need_more;
}

HttpParser::Event HttpParser::end_head() {
  std::string_view rest = head_;
  rest.remove_suffix(2);  // the empty line
  bool is_first = true;
  while (!rest.empty()) {
    auto const end = rest.find("\r\n");
    auto const line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (!(is_first ? parse_request_line(line) : parse_field(line))) return Event::failed;
    is_first = false;
  }
  if (!check_host() || !check_connection() || !choose_body()) return Event::failed;
  head_.clear();
  line_start_ = 0;
  return Event::need_more;
}

/// `method SP request-target SP HTTP-version`. Source: RFC 9112 §3.
bool HttpParser::parse_request_line(std::string_view line) {
  auto const wrong = [this](int status, std::string reason) {
    refuse(status, std::move(reason));
    return false;
  };
  auto const parts = split(line, ' ');
  if (parts.size() != 3) return wrong(400, "malformed request line");
  if (!is_token(parts[0])) return wrong(400, "malformed method");
  auto const version = parts[2];
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_ascii_digit(version[5]) ||
      version[6] != '.' || !is_ascii_digit(version[7])) {
    return wrong(400, "malformed protocol version");
  }
  if (version[5] != '1') return wrong(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  http_1_0_ = version[7] == '0';
  request_.method = parts[0];
  return parse_target(parts[1]);
}

/// Origin form and `*` stay as sent; absolute form becomes origin form. Source: RFC 9112 §3.2.
bool HttpParser::parse_target(std::string_view target) {
  bool const is_visible = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_visible || target.find('#') != std::string_view::npos) {
    refuse(400, "malformed request target");
    return false;
  }
  for (std::string_view const scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    auto const path = std::min(target.find_first_of("/?"), target.size());
    authority_ = target.substr(0, path);
    target.remove_prefix(path);
    request_.target = target.starts_with('/') ? "" : "/";
    request_.target += target;
    if (!authority_.empty()) return true;
    refuse(400, "request target without a host");
    return false;
  }
  if (!target.starts_with('/') && !(target == "*" && request_.method == "OPTIONS")) {
    refuse(400, "malformed request target");
    return false;
  }
  request_.target = target;
  return true;
}

bool HttpParser::parse_field(std::string_view line) {
  std::string_view name, value;
  // A line that begins with a blank is "obsolete line folding": its first byte is no token.
  if (!split_field(line, name, value)) {
    refuse(400, "malformed header field");
    return false;
  }
  if (request_.headers.fields().size() >= limits_.header_fields_max) {
    refuse(431, "too many header fields");
    return false;
  }
  request_.headers.add(std::string(name), std::string(value));
  return true;
}

/// Source: RFC 9112 §3.2, "A server MUST respond with a 400 ... to any HTTP/1.1 request message
/// that lacks a Host header field and to any request message that contains more than one".
bool HttpParser::check_host() {
  auto const hosts = std::ranges::count_if(request_.headers.fields(), [](auto const& field) {
    return equals_ignoring_case(field.first, "host");
  });
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) {
    refuse(400, "one Host field is required");
    return false;
  }
  if (authority_.empty()) return true;
  // "When an origin server receives a request with an absolute-form of request-target, the origin
  // server MUST ignore the received Host header field" (§3.2.2)
  Headers headers;
  headers.add("Host", std::exchange(authority_, {}));
  for (auto const& [name, value] : request_.headers.fields()) {
    if (!equals_ignoring_case(name, "host")) headers.add(name, value);
  }
  request_.headers = std::move(headers);
  return true;
}

bool HttpParser::check_connection() {
  keep_alive_ = !http_1_0_;
  for (auto const& [name, value] : request_.headers.fields()) {
    if (equals_ignoring_case(name, "connection")) {
      if (list_has(value, "close")) {
        keep_alive_ = false;
        break;
      }
      if (list_has(value, "keep-alive")) keep_alive_ = true;
    }
  }
  if (!request_.headers.has("expect") || http_1_0_) return true;
  if (!equals_ignoring_case(request_.headers.value("expect"), "100-continue")) {
    refuse(417, "expectation not known");
    return false;
  }
  wants_continue_ = true;
  return true;
}

/// Source: RFC 9112 §6.
bool HttpParser::choose_body() {
  std::size_t lengths = 0, encodings = 0;
  for (auto const& [name, value] : request_.headers.fields()) {
    lengths += equals_ignoring_case(name, "content-length");
    encodings += equals_ignoring_case(name, "transfer-encoding");
  }
  auto const wrong = [this](int status, std::string reason) {
    refuse(status, std::move(reason));
    return false;
  };
  if (encodings > 0) {
    if (lengths > 0) return wrong(400, "both Content-Length and Transfer-Encoding");
    if (http_1_0_) return wrong(400, "Transfer-Encoding in HTTP/1.0");
    auto const encoding = request_.headers.value("transfer-encoding");
    if (encodings > 1) return wrong(400, "more than one Transfer-Encoding");
    if (!equals_ignoring_case(encoding, "chunked")) {
      return wrong(501, "transfer coding not known");
    }
    chunked_ = ChunkedDecoder(limits_.body_bytes_max, limits_.header_bytes_max);
    state_ = State::chunked_body;
    return true;
  }
  body_left_ = 0;
  if (lengths > 1) return wrong(400, "more than one Content-Length");
  if (lengths == 1) {
    auto const text = request_.headers.value("content-length");
    if (text.empty() || !std::ranges::all_of(text, is_ascii_digit)) {
      return wrong(400, "malformed Content-Length");
    }
    auto const length = parse_integer<std::uint64_t>(text);
    if (!length || *length > limits_.body_bytes_max) return wrong(413, "body above the limit");
    body_left_ = *length;
  }
  if (body_left_ == 0) wants_continue_ = false;
  state_ = State::sized_body;
  return true;
}

HttpRequest HttpParser::take_request() {
  state_ = State::head;
  return std::exchange(request_, {});
}

}  // namespace sinew::net
