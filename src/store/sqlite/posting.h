#pragma once

#include <cstdint>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

// Posting lists, read in whatever way touches the fewest rows.

/// The length of a list, counted up to `most`.
[[nodiscard]] Result<std::size_t> length_of(Connection& connection, Posting const& posting,
                                            std::size_t most);
/// OPTIMIZATION: counting without a limit is a third of the cost of counting up to one.
[[nodiscard]] Result<std::size_t> whole_length_of(Connection& connection, Posting const& posting);

/// Appends the whole list, ascending but for the end, where the young tree joins the old one.
Result<> read_posting(Connection& connection, Posting const& posting, Rids& out);
/// Appends the newest below `before`, newest first.
Result<> read_newest(Connection& connection, Posting const& posting, std::int64_t before,
                     std::size_t limit, Rids& out);

/// Appends those of `rids` (ascending) that are in the list, without reading the list: in each tree
/// it goes from one candidate to the next row of the list that is not before it, and from there to
/// the next candidate. What a patient has lies close together, so a few steps pass by most.
Result<> read_common(Connection& connection, Posting const& posting, Rids const& rids, Rids& out);

}  // namespace sinew::store::sqlite
