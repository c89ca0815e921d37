#pragma once

#include <optional>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// The first `limit` matches in the order of one sort key, the same as `in_order` gives, found by
/// walking the key's index in its order until enough of them have passed.
/// Returns nothing where the index has no such order (tokens, references, parameters over several
/// paths): the matches have to be sorted then.
/// OPTIMIZATION: newest 20 of 33,000 by date: 1 ms in place of 40.
[[nodiscard]] Result<std::optional<Rids>> first_in_order(SearchContext& context,
                                                         std::string_view type, Rids const& matches,
                                                         SortKey const& key, std::size_t limit);

/// With fewer matches than this, sorting them costs less than a walk may.
inline constexpr std::size_t kWorthWalking = 1000;

}  // namespace sinew::store::sqlite
