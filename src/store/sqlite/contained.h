#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// A match of a search that looks at resources inside of others.
struct ContainedMatch {
  std::int64_t rid = 0;     ///< the resource, or what contains it
  std::uint64_t place = 0;  ///< 0: the resource itself; else which of its contained ones, from 1
  auto operator<=>(ContainedMatch const&) const = default;
};

struct ContainedMatches {
  std::vector<ContainedMatch> in_order;  ///< those after `after`
  std::uint64_t total = 0;               ///< of all
};

/// The matches of a query with `_contained`, of the moment that the context looks at. No index has
/// what is inside of others: every resource is looked through, which the cost limit bounds.
/// `after`  what ended the page before; a `rid` of 0: nothing did.
/// Fails `invalid` at what does not go with `_contained`: no type, includes, sort keys that are not
/// those of all types.
/// Source: FHIR R4 search.html#contained.
[[nodiscard]] Result<ContainedMatches> find_contained(SearchContext& context, Query const& query,
                                                      ContainedMatch const& after);

/// The match as it is shown. One that is shown itself has the name of what contains it and its own
/// as a fragment: type "MedicationRequest", id "23#m1".
[[nodiscard]] Result<Resource> shown_match(SearchContext& context, ContainedMatch const& match);

}  // namespace sinew::store::sqlite
