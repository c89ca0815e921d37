#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sinew::mirth {

/// A path of HL7 v2 that a script writes as `msg['PID']['PID.5']['PID.5.1'].toString()`.
struct FieldPath {
  std::string path;          ///< `PID-5.1`, `OBX[2]-5.1`, `PID-3[1].4`; `PID` for a segment
  bool is_outbound = false;  ///< of `tmp`
  bool is_single = false;    ///< there is one such place in a message
};
[[nodiscard]] std::optional<FieldPath> field_path(std::string_view expression);

/// The value of an expression that is one string or number and nothing else.
[[nodiscard]] std::optional<std::string> literal_value(std::string_view expression);

}  // namespace sinew::mirth
