#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// The live resources of a type that satisfy all criteria. Begins with the condition that finds
/// least; asks the others about each resource, or reads them whole and intersects, whichever
/// touches fewer rows.
/// Fails `invalid` at the parameter that is unknown or whose value cannot be read.
[[nodiscard]] Result<Rids> find_matches(SearchContext& context, std::string_view type,
                                        std::vector<Criterion> const& criteria);

/// All live resources of a type.
[[nodiscard]] Result<Rids> all_live(SearchContext& context, TypeKey type);

}  // namespace sinew::store::sqlite
