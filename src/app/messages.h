#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::app {

/// One message of an input file.
struct MessageText {
  std::string
      name;  ///< for a person: the file, and the number of the message where it holds several
  std::string file;
  std::size_t index;  ///< 0-based within the file
  std::string_view bytes;
};

/// Calls `each` for every message of a file (`-`: standard input), batches taken apart. What fails
/// is told on standard error and the rest goes on. Returns how many failed.
std::size_t for_each_message(std::string const& file,
                             std::function<Result<>(MessageText const&)> const& each);

/// Every message of the inputs (see `expand_inputs`), batches taken apart.
[[nodiscard]] Result<std::vector<std::string>> read_messages(std::vector<std::string> const& names);

/// The message for a terminal or a text file: segments end in a line feed.
[[nodiscard]] std::string printable(std::string_view er7);

}  // namespace sinew::app
