#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace sinew::net {

/// What a request says about the form of its answer.
struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool is_head = false;
};

enum class Content : bool {
  whole,     ///< `HttpResponse::body` is all of it
  in_pieces  ///< more follows, nobody knows how much
};

/// Writes one response without touching a socket: its head, then its body whole or in pieces.
/// Source: RFC 9112 §4, §6, §7.1.
class HttpWriter {
 public:
  HttpWriter(int status, Content content, Framing framing);

  /// The head, and with it as much of the body as `response` holds.
  [[nodiscard]] std::string begin(HttpResponse const& response) const;
  /// A piece that follows; not empty.
  [[nodiscard]] std::string piece(std::string bytes) const;
  /// What says that there are no more pieces.
  [[nodiscard]] std::string end() const;
  /// Pieces are to follow.
  [[nodiscard]] bool is_in_pieces() const {
    return form_ == Form::chunks || form_ == Form::until_close;
  }
  /// Another response may follow on the connection.
  [[nodiscard]] bool keeps_alive() const { return framing_.keep_alive; }

 private:
  enum class Form : std::uint8_t {
    none,         ///< no content, and none is announced
    sized,        ///< Content-Length
    head_only,    ///< HEAD: as announced, but nothing follows
    chunks,       ///< pieces, chunked
    until_close,  ///< pieces for HTTP/1.0: the end of the connection is theirs
  };
  Framing framing_;
  Content content_;
  Form form_ = Form::sized;
};

}  // namespace sinew::net
