#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sinew::xml {

enum class Content { text, attribute };

/// The offset of the first reference that is neither one of the five predefined entities nor a
/// legal character, or npos. Source: XML 1.0 §4.1, §4.6.
[[nodiscard]] std::size_t find_bad_reference(std::string_view raw);

/// The offset of the first character that XML does not allow anywhere, or npos; the text must be
/// UTF-8. Source: XML 1.0 §2.2.
[[nodiscard]] std::size_t find_bad_character(std::string_view text);

/// Appends what raw content stands for: references resolved, line ends as one \n, and in an
/// attribute white space as blanks. References must be good. Source: XML 1.0 §2.11, §3.3.3.
void append_decoded(std::string& out, std::string_view raw, Content content);

/// A CDATA section's inside: only line ends are normalised.
void append_line_ends(std::string& out, std::string_view raw);

}  // namespace sinew::xml
