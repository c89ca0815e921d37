#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sinew::json {

/// The offset of the first faulty escape in the inside of a string, or npos: an unknown letter, a
/// short \u, or half of a surrogate pair (RFC 8259 §8.2 leaves those unpredictable; we refuse).
[[nodiscard]] std::size_t find_bad_escape(std::string_view escaped);

/// Appends the text that the inside of a string stands for. The escapes must be valid.
void unescape(std::string_view escaped, std::string& out);

}  // namespace sinew::json
