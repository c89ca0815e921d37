#include "engine/connectors/framing.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace sinew::engine {
namespace {

Result<std::string> read_bytes(Node const& node, std::string otherwise) {
  if (!node.exists()) return otherwise;
  auto const text = TRY(node.text());
  std::string bytes;
  for (auto const part : split(text, ' ')) {
    if (part.empty()) continue;
    unsigned value = 0;
    constexpr int kHexadecimal = 16;
    auto const [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), value, kHexadecimal);
    if (error != std::errc{} || end != part.data() + part.size() || part.size() != 2)
      return node.wrong("has to be bytes such as \"1C 0D\"");
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

Result<Framing> read_framing(Node const& node) {
  Framing framing;
  if (!node.exists()) return framing;
  TRY(node.allow({"start", "end"}));
  framing.start = TRY(read_bytes(node["start"], framing.start));
  framing.end = TRY(read_bytes(node["end"], framing.end));
  if (framing.end.empty()) return node["end"].wrong("has to be one byte or more");
  return framing;
}

std::string in_frame(Framing const& framing, std::string_view message) {
  return framing.start + std::string(message) + framing.end;
}

Result<std::optional<std::string>> FrameReader::next() {
  while (true) {
    if (!framing_.start.empty()) {
      auto const start = buffer_.find(framing_.start);
      if (start == std::string::npos) {
        // The beginning of a start may be its last bytes.
        auto const kept = std::min(buffer_.size(), framing_.start.size() - 1);
        buffer_.erase(0, buffer_.size() - kept);
        searched_ = 0;
        return std::optional<std::string>();
      }
      if (start > 0) {
        buffer_.erase(0, start);
        searched_ = 0;
      }
    }
    auto const end = buffer_.find(framing_.end, std::max(searched_, framing_.start.size()));
    if (end == std::string::npos) {
      if (buffer_.size() > frame_bytes_max_)
        return fail(ErrorCode::too_large, "a message is above " + std::to_string(frame_bytes_max_) +
                                              " bytes, or its end is missing");
      searched_ = buffer_.size() - std::min(buffer_.size(), framing_.end.size() - 1);
      return std::optional<std::string>();
    }
    auto message = buffer_.substr(framing_.start.size(), end - framing_.start.size());
    buffer_.erase(0, end + framing_.end.size());
    searched_ = 0;
    if (!trim(message).empty()) return std::optional(std::move(message));
  }
}

}  // namespace sinew::engine
