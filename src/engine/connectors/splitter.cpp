#include "engine/connectors/splitter.h"

#include <algorithm>

#include "base/text.h"

namespace sinew::engine {
namespace {

/// Enough of a line to see which segment it is: the id and its separator.
constexpr std::size_t kSegmentStartBytes = 4;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr char kFrameStart = '\x0B', kFrameEnd = '\x1C';

/// Source: HL7 v2.5.1 §2.10.3: what may stand between messages.
constexpr std::string_view kEnvelope[] = {"FHS", "BHS", "BTS", "FTS"};

bool is_segment(std::string_view line, std::string_view id) {
  if (!line.starts_with(id)) return false;
  return line.size() == id.size() ||
         !(is_ascii_alpha(line[id.size()]) || is_ascii_digit(line[id.size()]));
}

bool is_blank(std::string_view line) {
  return std::ranges::all_of(line, [](char c) {
    return is_ascii_space(c) || c == kFrameStart || c == kFrameEnd || c == '\0' || c == '\x1A';
  });
}

}  // namespace

Result<> Splitter::feed(std::string_view bytes, std::vector<std::string>& messages) {
  buffer_ += bytes;
  if (split_ != Split::whole && is_begin_ && buffer_.size() >= kByteOrderMark.size()) {
    if (buffer_.starts_with(kByteOrderMark)) buffer_.erase(0, kByteOrderMark.size());
    is_begin_ = false;
  }
  return advance(false, messages);
}

Result<> Splitter::finish(std::vector<std::string>& messages) {
  TRY(advance(true, messages));
  bool const has_rest = split_ == Split::whole ? !is_blank(buffer_) : in_message_;
  if (has_rest) give(buffer_.size(), messages);
  if (count_ == 0)
    return fail(ErrorCode::malformed,
                split_ == Split::hl7 ? "no message: there is no MSH segment" : "the file is empty");
  return {};
}

Result<> Splitter::advance(bool is_end, std::vector<std::string>& messages) {
  while (split_ != Split::whole && line_begin_ < buffer_.size()) {
    auto const line_on = std::string_view(buffer_).substr(line_begin_);
    if (!is_line_known_) {
      auto const first = line_on.substr(line_on.front() == kFrameStart ? 1 : 0);
      if (first.size() < kSegmentStartBytes && !is_end &&
          first.find_first_of("\r\n") == std::string_view::npos)
        return {};
      is_line_known_ = true;
      searched_ = line_begin_;
      if (split_ == Split::hl7) {
        TRY(look_at_line(line_on, messages));
        continue;  // the buffer may have moved
      }
    }
    auto const end = buffer_.find_first_of(split_ == Split::hl7 ? "\r\n" : "\n", searched_);
    if (end == std::string::npos) {
      searched_ = buffer_.size();
      if (!is_end) break;
    }
    auto const next = end == std::string::npos ? buffer_.size() : end + 1;
    if (split_ == Split::lines) {
      auto const line = std::string_view(buffer_).substr(0, std::min(end, buffer_.size()));
      auto const text =
          line.substr(0, line.size() - static_cast<std::size_t>(line.ends_with('\r')));
      if (!is_blank(text)) {
        messages.emplace_back(text);
        ++count_;
      }
      buffer_.erase(0, next);
      line_begin_ = searched_ = 0;
    } else if (!in_message_) {
      buffer_.erase(0, next);
      line_begin_ = searched_ = 0;
    } else {
      line_begin_ = searched_ = next;
    }
    is_line_known_ = false;
  }
  if (buffer_.size() > message_bytes_max_) {
    return fail(ErrorCode::too_large, "message " + std::to_string(count_ + 1) + " is above " +
                                          std::to_string(message_bytes_max_) + " bytes");
  }
  return {};
}

/// Ends the message under way where another begins, or an envelope.
Result<> Splitter::look_at_line(std::string_view line_on, std::vector<std::string>& messages) {
  bool const is_framed = line_on.front() == kFrameStart;
  auto const line = line_on.substr(is_framed ? 1 : 0);
  bool const is_message = is_segment(line, "MSH");
  bool const is_envelope =
      std::ranges::any_of(kEnvelope, [line](std::string_view id) { return is_segment(line, id); });
  if (is_message || is_envelope) {
    if (in_message_) give(line_begin_, messages);
    if (is_message && is_framed) buffer_.erase(0, 1);
    in_message_ = is_message;
    return {};
  }
  if (in_message_) return {};
  auto const text = line.substr(0, line.find_first_of("\r\n"));
  if (!is_blank(text))
    return fail(ErrorCode::malformed,
                "before message " + std::to_string(count_ + 1) + " stands what is no HL7 v2");
  return {};
}

/// What is before `end` is a message; the line at `end` begins the buffer then.
void Splitter::give(std::size_t end, std::vector<std::string>& messages) {
  auto message = std::string_view(buffer_).substr(0, end);
  // A frame that was written into the file with its last byte.
  auto const last = message.find_last_not_of("\r\n");
  if (split_ == Split::hl7 && last != std::string_view::npos && message[last] == kFrameEnd)
    message = message.substr(0, last);
  messages.emplace_back(message);
  ++count_;
  buffer_.erase(0, end);
  line_begin_ = searched_ = 0;
}

}  // namespace sinew::engine
