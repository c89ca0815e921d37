#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::store {

/// Source: FHIR R4 search_filter.html, the table of operations.
enum class FilterOperator : std::uint8_t {
  ap,
  co,
  eb,
  eq,
  ew,
  ge,
  gt,
  in,
  le,
  lt,
  ne,
  ni,
  po,
  pr,
  re,
  sa,
  sb,
  ss,
  sw,
};

/// `given eq "peter"`, `subject[gender eq male].name co "pet"`.
struct FilterTest {
  std::string parameter;  ///< the first name of the path: "subject"
  std::string condition;  ///< what stood in brackets behind it, a filter: "gender eq male"
  std::string rest;       ///< the path behind the first dot: "name"; empty: there is none
  FilterOperator operation = FilterOperator::eq;
  std::string value;  ///< a quoted one without its quotes and escapes
  /// The test as it goes on at the other end of the reference: `(gender eq male) and name co
  /// "pet"`.
  std::string onward;
};

/// A node of a filter. Those it refers to stand before it.
struct FilterNode {
  enum class Kind : std::uint8_t { test, both, either, negation } kind = Kind::test;
  std::size_t left = 0, right = 0;  ///< both, either; negation: left
  FilterTest test;
};

inline constexpr std::size_t kFilterNodesMax = 256;
inline constexpr std::size_t kFilterBracketsMax = 8;  ///< brackets inside of brackets
inline constexpr std::size_t kFilterPathNamesMax = 16;

/// Reads a filter; the last node is the whole of it. `and` and `or` are worked off from left to
/// right, neither before the other.
/// Fails `invalid` at "_filter" where it breaks the grammar, `too_large` beyond a limit.
/// Source: FHIR R4 search_filter.html, the grammar.
[[nodiscard]] Result<std::vector<FilterNode>> parse_filter(std::string_view text);

[[nodiscard]] std::string_view name_of(FilterOperator operation);

}  // namespace sinew::store
