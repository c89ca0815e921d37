#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// A criterion and how much it finds.
struct Planned {
  Criterion const* criterion = nullptr;
  Condition condition;
  std::size_t estimate = 0;  ///< rows
  bool is_cut = false;       ///< there are more: counting on would have cost more than it tells
  /// Not looked up in the index, where it finds much more than another criterion: what the others
  /// leave is asked.
  bool is_deferred = false;
  std::function<bool(json::Value resource)> test = {};  ///< of a deferred one
};

/// The criteria of a search in the order in which they are to be applied: those that find, the
/// fewest first; then those that only take away; then those that read bodies.
/// Fails `invalid` at the parameter that is unknown or whose value cannot be read.
[[nodiscard]] Result<std::vector<Planned>> plan_search(SearchContext& context,
                                                       std::string_view type,
                                                       std::vector<Criterion> const& criteria);

/// Looks a deferred criterion up, when that takes no more than so many steps. False: it would.
[[nodiscard]] Result<bool> look_up_within(SearchContext& context, std::string_view type,
                                          Planned& planned, std::uint64_t steps);

}  // namespace sinew::store::sqlite
