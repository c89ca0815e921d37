#pragma once

#include <functional>

#include "json/json.h"
#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// Keeps the resources whose current body passes. For what the index cannot tell: a few
/// candidates, found by the index, each of which costs kBodyCost.
/// Fails `not_supported` when the search has become dearer than its limit.
Result<> keep_by_body(SearchContext& context, Rids& rids,
                      std::function<bool(json::Value resource)> const& passes);

/// The same, for resources with a value on one of the paths that satisfies `wanted`.
Result<> keep_by_value(SearchContext& context, Rids& rids, std::vector<fhir::PathId> const& paths,
                       std::function<bool(fhir::IndexValue const&)> const& wanted);

}  // namespace sinew::store::sqlite
