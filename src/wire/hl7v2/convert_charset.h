#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::hl7v2 {

/// The message in another character set (a table 0211 name, or nothing but ASCII in it), with
/// MSH-18 saying so. Fails `invalid` when a character has no place in it, or the name is none.
/// Escape sequences stay as they are: `\X..\` has bytes of the character set of before.
[[nodiscard]] Result<std::string> convert_charset(std::string_view message, std::string_view name);

}  // namespace sinew::hl7v2
