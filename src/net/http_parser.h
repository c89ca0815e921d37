#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace sinew::net {

/// Takes a chunked body apart. Source: RFC 9112 §7.1.
class ChunkedDecoder {
 public:
  /// `body_bytes_max` bounds the content, `trailer_bytes_max` what follows it.
  ChunkedDecoder(std::size_t body_bytes_max, std::size_t trailer_bytes_max)
      : body_bytes_max_(body_bytes_max), trailer_bytes_max_(trailer_bytes_max) {}

  enum class Event : std::uint8_t { need_more, complete, malformed, too_large };
  /// Takes bytes from the front and appends content to `body`. Trailer fields are thrown away:
  /// RFC 9110 §6.5.1 lets nobody merge them into the header without knowing the field.
  Event feed(std::string_view& bytes, std::string& body);

  /// Of a chunk's size line with its extensions.
  static constexpr std::size_t kSizeLineBytesMax = 1024;

 private:
  enum class State : std::uint8_t { size_line, content, content_end, trailer };
  Event take_line(std::string_view& bytes, std::size_t bytes_max);
  Event end_size_line(std::size_t body_bytes);

  std::size_t body_bytes_max_;
  std::size_t trailer_bytes_max_;
  std::size_t trailer_bytes_ = 0;
  State state_ = State::size_line;
  std::size_t chunk_left_ = 0;
  std::string line_;
};

struct HttpLimits {
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = std::size_t{256} << 20;
  std::size_t header_fields_max = 256;
};

/// Reads one HTTP/1.1 request after the other, without touching a socket. What two readers could
/// understand in two ways (request smuggling) is refused. Source: RFC 9112.
class HttpParser {
 public:
  explicit HttpParser(HttpLimits limits) : limits_(limits) {}

  enum class Event : std::uint8_t {
    need_more,
    complete,  ///< `take_request` has it; bytes after it are untaken
    failed,    ///< `status` and `reason` say why; the stream cannot be followed any further
  };
  Event feed(std::string_view& bytes);

  /// The request, and makes ready for the next one.
  [[nodiscard]] HttpRequest take_request();

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string const& reason() const { return reason_; }
  /// Some bytes of a request have come, but not all.
  [[nodiscard]] bool is_inside() const { return inside_; }
  [[nodiscard]] bool is_in_head() const { return state_ == State::head; }
  /// True once per request that waits for `100 Continue` before it sends its body.
  [[nodiscard]] bool take_wants_continue() { return std::exchange(wants_continue_, false); }
  /// Of the request just completed: the connection may carry another.
  [[nodiscard]] bool is_keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool is_http_1_0() const { return http_1_0_; }

 private:
  enum class State : std::uint8_t { head, sized_body, chunked_body, complete, failed };
  Event feed_head(std::string_view& bytes);
  Event refuse(int status, std::string reason);
  Event end_head();
  bool parse_request_line(std::string_view line);
  bool parse_target(std::string_view target);
  bool parse_field(std::string_view line);
  bool check_host();
  bool check_connection();
  bool choose_body();

  HttpLimits limits_;
  State state_ = State::head;
  std::string head_;
  std::size_t line_start_ = 0;  ///< of the line not yet ended, in head_
  HttpRequest request_;
  std::string authority_;  ///< of an absolute target; stands for Host
  std::size_t body_left_ = 0;
  ChunkedDecoder chunked_{0, 0};
  int status_ = 0;
  std::string reason_;
  bool inside_ = false;
  bool wants_continue_ = false;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
};

/// Parses `name: value` strictly: a token, no space before the colon, no control character.
/// Returns false when it is not one. Source: RFC 9112 §5.
[[nodiscard]] bool split_field(std::string_view line, std::string_view& name,
                               std::string_view& value);

/// The elements of a comma-separated field value contain `token`, without case.
[[nodiscard]] bool list_has(std::string_view list, std::string_view token);

}  // namespace sinew::net
