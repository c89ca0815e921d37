#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/delivery/template_text.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {

enum class FormatKind : std::uint8_t { hl7v2, json, xml, fhir, csv };

/// How a message leaves.
struct Format {
  struct Column {
    std::string name;
    Template value;
  };
  FormatKind kind = FormatKind::hl7v2;
  std::vector<Column> columns;  ///< of csv
  std::string each;             ///< of csv: a row for each segment of that id; empty: one row
  bool has_header = true;       ///< of csv: the first row names the columns
  char comma = ',';             ///< of csv
};

/// The media type of a format, for targets that say one.
[[nodiscard]] std::string_view media_type(FormatKind kind);

/// A message as JSON, XML or CSV, in UTF-8.
[[nodiscard]] Result<std::string> format_message(Format const& format,
                                                 hl7v2::Message const& message);

/// `{"type": "ORU^R01", "segments": [{"segment": "PID", "PID.3": [{"PID.3.1": "4711"}]}]}`: fields
/// are lists of repetitions, these have their components by path, values are decoded. What is empty
/// is left out.
[[nodiscard]] std::string format_json(hl7v2::Message const& message);
/// The XML encoding of HL7 v2, with the groups of the message's structure.
/// Source: HL7 Version 2: XML Encoding Syntax, Release 2.
/// DEVIATION: a type the dictionary does not know has its components named by path (`ZPI.1.2`);
/// formatting commands are decoded, not kept as `<escape V="..."/>`.
[[nodiscard]] std::string format_xml(hl7v2::Message const& message);
/// Source: RFC 4180.
[[nodiscard]] std::string format_csv(Format const& format, hl7v2::Message const& message);

}  // namespace sinew::engine
