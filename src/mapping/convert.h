#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/definitions.h"
#include "mapping/model.h"

namespace sinew::mapping {

enum class Converted : std::uint8_t {
  nothing,  ///< no value
  written,
  without_time,  ///< a date, because the time has no zone or no minutes
  refused,       ///< the value is not one of the type
};

/// Appends the Base64 of some bytes. Source: RFC 4648 §4.
void append_base64_of(std::string& out, std::string_view bytes);

/// Appends a v2 text as a JSON value of a FHIR primitive, in the lexical form FHIR demands.
/// `text` is UTF-8 without escape sequences; `zone` is used for times without one.
/// Never appends anything that is no legal value; then `out` is as before.
/// Source: FHIR R4 datatypes.html; HL7 v2.5.1 §2A (DT, DTM, TM, NM).
Converted append_primitive(std::string& out, Primitive primitive, std::string_view text,
                           std::optional<int> zone);

/// A number in JSON's form: `+5` -> 5, `0065.88` -> 65.88, `.5` -> 0.5. Empty when it is none.
/// The digits after the point are kept as sent.
[[nodiscard]] std::string_view clean_number(std::string_view text, std::string& scratch);

/// DTM as a FHIR dateTime, as precise as sent. Empty when it is no date at all.
[[nodiscard]] std::string_view fhir_date_time(std::string_view text, std::optional<int> zone,
                                              std::string& scratch, bool& lost_time);

}  // namespace sinew::mapping
