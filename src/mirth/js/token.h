#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::mirth::js {

inline constexpr std::size_t kScriptBytesMax = std::size_t{1} << 20;

enum class Kind : std::uint8_t {
  space,    ///< blanks and line ends
  comment,  ///< `//` without its line end, or `/* */`
  name,     ///< identifiers and reserved words
  number,
  string,
  text,   ///< a piece of a template: "`..`", "`..${", "}..${" or "}..`"
  regex,  ///< with its flags
  xml,    ///< a literal of E4X, from `<` to the end of its last tag, with its `{..}`
  punctuator,
  bad,  ///< what no token begins with, and what does not end
};

struct Token {
  Kind kind = Kind::bad;
  std::string_view text;
};

/// Cuts a script of Rhino (ECMAScript of 2015 and later, with E4X) into tokens that, put together,
/// are the script again. Nothing in a script is a failure: what is no token is `bad`. Whether a `/`
/// begins a regular expression and a `<` an XML literal is told from what stands before it.
///
/// The views point into `script`.
/// Fails `too_large` over kScriptBytesMax.
/// Source: ECMA-262 chapter 12 (lexical grammar); ECMA-357 (E4X) chapter 8.
[[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view script);

/// Where the XML literal that begins at `at` ends; `at` itself where none begins or it has no end.
[[nodiscard]] std::size_t end_of_xml(std::string_view script, std::size_t at);

/// Where what begins with the `{` at `at` ends, after its `}`; npos when it has none.
[[nodiscard]] std::size_t end_of_braces(std::string_view script, std::size_t at);

}  // namespace sinew::mirth::js
