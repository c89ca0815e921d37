#pragma once

#include <string>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

struct Code {
  std::string system, code;
  auto operator<=>(Code const&) const = default;
};

/// The codes of a value set that is stored here: its expansion, or what its compose lists, code by
/// code, whole code systems where their CodeSystem is stored complete, and other stored value sets.
/// `name`  a canonical URL, with a version or not, or `ValueSet/1`.
/// Fails `not_supported` at `parameter` when the value set is not stored, or when finding its
/// codes needs a terminology (filters, code systems that are not stored).
/// Source: FHIR R4 search.html#modifiers (:in), valueset.html#compositions.
[[nodiscard]] Result<std::vector<Code>> codes_of_value_set(SearchContext& context,
                                                           std::string const& name,
                                                           std::string const& parameter);

/// A code and those below it (or above it) in its code system, by the nesting of the CodeSystem
/// stored for it. Fails `not_supported` at `parameter` when none is, or it lists no such code.
/// Source: FHIR R4 search.html#modifiers (:below, :above), codesystem.html#hierarchy.
enum class Direction : std::uint8_t { above, below };
[[nodiscard]] Result<std::vector<Code>> related_codes(SearchContext& context, Code const& code,
                                                      Direction direction,
                                                      std::string const& parameter);

}  // namespace sinew::store::sqlite
