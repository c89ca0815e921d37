#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// The live resources of a type that satisfy all criteria; where the context looks at another
/// moment, those that did then. Begins with the condition that finds
/// least; asks the others about each resource, or reads them whole and intersects, whichever
/// touches fewer rows.
/// Fails `invalid` at the parameter that is unknown or whose value cannot be read.
[[nodiscard]] Result<Rids> find_matches(SearchContext& context, std::string_view type,
                                        std::vector<Criterion> const& criteria);
/// The same of now, whatever moment the context looks at.
[[nodiscard]] Result<Rids> find_matches_now(SearchContext& context, std::string_view type,
                                            std::vector<Criterion> const& criteria);

/// One page of a list.
struct NewestMatches {
  Rids rids;                ///< newest first
  std::uint64_t total = 0;  ///< of all pages; 0 where it was not wanted
};
/// The newest matches of a criterion that is one posting list, below `before`; nothing for others.
/// OPTIMIZATION: reads one page of the list in place of the list; 33,000 matches: 1 ms for 4.
[[nodiscard]] Result<std::optional<NewestMatches>> newest_of_one_list(
    SearchContext& context, std::string_view type, Criterion const& criterion, std::int64_t before,
    std::size_t limit, bool wants_total);

/// All live resources of a type.
[[nodiscard]] Result<Rids> all_live(SearchContext& context, TypeKey type);

}  // namespace sinew::store::sqlite
