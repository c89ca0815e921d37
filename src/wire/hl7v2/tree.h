#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

struct TreeOptions {
  std::string_view charset_override = {};  ///< a table 0211 name; wins over MSH-18
  std::size_t value_bytes_max = 240;       ///< longer values are cut in the text form; 0: never
};

/// The message for a person: groups, segments, fields, components and subcomponents, indented and
/// named by the dictionary of the message's version, values decoded, codes with their display.
/// What is wrong stands at its place in a line that begins with `!`:
///
///     PATIENT_RESULT
///       PATIENT
///         PID  Patient Identification
///           PID-3  Patient Identifier List
///             PID-3.1  ID Number: 12345
///           PID-8  Administrative Sex: F (Female)
///           ! PID-7 at byte 211: not a date or time
[[nodiscard]] std::string print_tree(Message const& message, TreeOptions const& options = {});

/// The same as JSON: groups `{"group", "children"}`, segments `{"segment", "path", "name",
/// "offset", "length", "fields"}`, fields and their parts `{"path", "name", "type", "value",
/// "display", "offset", "length", "parts"}`, and `issues` at every level.
[[nodiscard]] std::string print_tree_json(Message const& message, TreeOptions const& options = {});

/// What is wrong with a value of a primitive type (NM, SI, DT, TM, DTM, TS, ID …), or nothing.
/// Source: HL7 v2.5.1 chapter 2A.
[[nodiscard]] std::string_view value_fault(std::string_view type, std::string_view text);

}  // namespace sinew::hl7v2
