#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/delivery/channel_node.h"

namespace sinew::engine {

/// The bytes round each message of a TCP connection.
struct Framing {
  std::string start = "\x0B";
  std::string end = "\x1C\r";
};

/// `{start: "0B", end: "1C 0D"}`: bytes in hexadecimal digits. The start may be empty.
[[nodiscard]] Result<Framing> read_framing(Node const& node);

[[nodiscard]] std::string in_frame(Framing const& framing, std::string_view message);

/// Finds frames in bytes that come in pieces.
class FrameReader {
 public:
  FrameReader(Framing framing, std::size_t frame_bytes_max)
      : framing_(std::move(framing)), frame_bytes_max_(frame_bytes_max) {}
  void add(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole one; what stands before its start is left out, and empty ones are. Fails
  /// `too_large`.
  [[nodiscard]] Result<std::optional<std::string>> next();

 private:
  Framing const framing_;
  std::size_t const frame_bytes_max_;
  std::string buffer_;
  std::size_t searched_ = 0;  ///< no end begins before
};

}  // namespace sinew::engine
