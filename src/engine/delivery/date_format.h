#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::engine {

/// Rewrites a date. Patterns are those that Mirth's users write: yyyy yy MM dd HH mm ss SSS Z (a
/// zone as +0100), the rest stands for itself, text in '...' too. An empty `from` is HL7's own
/// form, of any precision: what was not sent counts as the start (01, 00). Fails `invalid` when the
/// text does not have the form, or names no day that there is. Source of HL7's form: HL7 v2.5.1
/// §2.A.22 (DTM).
[[nodiscard]] Result<std::string> rewrite_date(std::string_view text, std::string_view from,
                                               std::string_view to);
/// Fails `invalid` at a letter that means nothing.
Result<> check_date_pattern(std::string_view pattern);

}  // namespace sinew::engine
