#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::engine {

/// What in a file is a message.
enum class Split : std::uint8_t {
  hl7,    ///< each MSH begins one; batch headers and trailers stand between them
  whole,  ///< the file, whatever it is
  lines,  ///< each line that is not blank
};

/// Takes a file apart as it is read: no more of it is held than the message under way.
class Splitter {
 public:
  Splitter(Split split, std::size_t message_bytes_max)
      : split_(split), message_bytes_max_(message_bytes_max) {}

  /// Appends the messages that are whole now. Fails `too_large`, or `malformed` where there is text
  /// before the first message.
  Result<> feed(std::string_view bytes, std::vector<std::string>& messages);
  /// The end of the file. Fails `malformed` when there was no message.
  Result<> finish(std::vector<std::string>& messages);

  /// Messages given out.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  Result<> advance(bool is_end, std::vector<std::string>& messages);
  Result<> look_at_line(std::string_view line_on, std::vector<std::string>& messages);
  void give(std::size_t end, std::vector<std::string>& messages);

  Split const split_;
  std::size_t const message_bytes_max_;
  std::string buffer_;          ///< begins with the message under way
  std::size_t line_begin_ = 0;  ///< of the line that is looked at
  std::size_t searched_ = 0;    ///< its end was looked for up to here
  bool is_line_known_ = false;  ///< it was judged
  bool in_message_ = false;
  bool is_begin_ = true;  ///< of the file
  std::uint64_t count_ = 0;
};

}  // namespace sinew::engine
