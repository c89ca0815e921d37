#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::mapping {

/// A reference to source data as a table writes it: `PID-3[2].4.1`, `.4.1`, `.`.
struct SourcePath {
  std::string_view segment;      ///< empty: relative to the value at hand
  std::uint16_t field = 0;       ///< 0 only in a relative path
  std::uint16_t repetition = 0;  ///< 1-based; 0: not given
  std::uint16_t parts[2] = {};   ///< component, subcomponent; 0: the whole
};

/// Reads a source path that takes the whole of `text`. Fails `malformed`.
[[nodiscard]] Result<SourcePath> parse_source_path(std::string_view text);

/// What a node of an expression does. The order up to `raw` is that of `kFunctions` in
/// expression.cpp.
enum class Op : std::uint8_t {
  // functions
  concat,
  join,
  first,
  upper,
  lower,
  trim,
  substring,
  before,
  after,
  replace,
  pad,
  digits,
  lookup,
  display,
  system,
  authority,
  date,
  number,
  v2table,
  count,
  length,
  raw,
  cx,
  ei,
  xcn,
  xon,
  base64,
  lines,
  // values
  literal,
  it,
  reference,
  // conditions
  equal,
  not_equal,
  in,
  not_in,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  valued,
  empty,
  null,
  matches,
  both,
  either,
  negation,
};

/// A parsed expression or condition. The views point into the table's text.
struct Expression {
  Op op = Op::literal;
  std::string text;  ///< literal, the pattern of `matches`, the name of a code map
  SourcePath path;   ///< reference
  std::vector<std::unique_ptr<Expression>> arguments;
};

/// How deep parentheses and calls may nest.
inline constexpr int kExpressionDepthMax = 24;

/// Parses a value expression (column `as`, `tuple`, `policy`). Fails `malformed`.
[[nodiscard]] Result<std::unique_ptr<Expression>> parse_expression(std::string_view text);
/// Parses a condition (column `when`). Fails `malformed`.
[[nodiscard]] Result<std::unique_ptr<Expression>> parse_condition(std::string_view text);

}  // namespace sinew::mapping
