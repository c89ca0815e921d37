#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// A place in a message: `PID-3[2].1.2`, `OBX[3]-5`, `MSH-9.1`, `NTE`. All numbers count from one;
/// zero is "not said".
struct Path {
  std::string segment;         ///< `OBX`
  std::size_t occurrence = 0;  ///< of segments of that id; not said: every one
  std::size_t field = 0;       ///< not said: the whole segment
  std::size_t repetition = 0;  ///< not said: every one
  std::size_t component = 0;
  std::size_t subcomponent = 0;
  bool operator==(Path const&) const = default;
};

/// Fails `malformed` at the text itself. A dot may stand for the hyphen: `PID.3.1`.
[[nodiscard]] Result<Path> parse_path(std::string_view text);
[[nodiscard]] std::string to_string(Path const& path);

/// What a path finds: a view into message.bytes(), and the path of that one place.
struct Found {
  std::string_view bytes;
  Path path;
};

/// Every place that the path means, in the order of the message; those that are there and empty
/// included. Looks at no more than `found_max` of them.
[[nodiscard]] std::vector<Found> find_all(Message const& message, Path const& path,
                                          std::size_t found_max = 10'000);
/// The bytes of the first; empty when there is none.
[[nodiscard]] std::string_view find_first(Message const& message, Path const& path);

}  // namespace sinew::hl7v2
