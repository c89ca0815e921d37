#pragma once

#include <string_view>

namespace sinew::validate {

/// False when the form of a code says that the system has no such code: SNOMED CT ids that are no
/// number of 6 to 18 digits and no expression, LOINC numbers of another shape. True for systems
/// without a form.
[[nodiscard]] bool can_be_code(std::string_view system, std::string_view code);

/// Whether a SNOMED CT id was mistyped, or made up: published examples are full of such, so that it
/// is a warning. Source: SNOMED CT Release File Specification, "Check-digit".
[[nodiscard]] bool has_wrong_digit(std::string_view snomed_id);

inline constexpr std::string_view kSnomed = "http://snomed.info/sct";

/// False for what cannot be an expression constraint because two operands stand side by side, or
/// an operator has none. Source: SNOMED CT Expression Constraint Language 2.2, grammar.
[[nodiscard]] bool can_be_ecl(std::string_view text);

}  // namespace sinew::validate
