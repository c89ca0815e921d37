#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::json {

/// Where the structure of a text lies: the offsets of `{ } [ ] : ,` outside strings, of opening
/// quotes, and of the first byte of every other scalar. `at[count]` is the size of the text.
/// Overwritten by the next call on the same thread.
struct Structure {
  std::uint32_t const* at = nullptr;
  std::size_t count = 0;
};

/// Finds the structure, and proves that the text is UTF-8, that its strings are closed, and that
/// they hold no bare control character. False when one of these does not hold.
[[nodiscard]] bool find_structure(std::string_view text, Structure& structure);

/// Appends `json`, a valid text, without the white space between its tokens.
void append_without_space(std::string& out, std::string_view json);

}  // namespace sinew::json
