#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// Puts matches into the order of the sort keys, those without a value last, equals newest first.
/// Without keys: newest first.
/// `after`  0, or the resource that ended the page before: what comes up to it is dropped. It
///          need not match any more, or live any more.
/// `type`   empty: of several types; `_id` and `_lastUpdated` sort those.
/// By the values of the moment that the context looks at.
/// Fails `invalid` at a parameter that the type does not have or that has no order.
/// Source: FHIR R4 search.html#sort.
[[nodiscard]] Result<Rids> in_order(SearchContext& context, std::string_view type, Rids matches,
                                    std::vector<SortKey> const& keys, std::int64_t after);

}  // namespace sinew::store::sqlite
