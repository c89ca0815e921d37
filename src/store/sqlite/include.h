#pragma once

#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// The resources that `_include` and `_revinclude` add to a page, each once and none of the page.
/// Fails `invalid` at an include that names no reference parameter.
/// Source: FHIR R4 search.html#revinclude.
[[nodiscard]] Result<std::vector<Resource>> included_resources(
    SearchContext& context, Query const& query,
    std::vector<std::pair<std::int64_t, Resource>> const& page);

/// More included resources than this are left out of a page.
inline constexpr std::size_t kIncludedMax = 1000;

}  // namespace sinew::store::sqlite
