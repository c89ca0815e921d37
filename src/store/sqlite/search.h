#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// Runs a search within the snapshot of `connection`.
[[nodiscard]] Result<SearchPage> run_search(Connection& connection, Catalogue const& catalogue,
                                            Clock& clock, Query const& query);

/// The numbers of up to two resources that a query string finds: none, one, or several.
[[nodiscard]] Result<std::vector<std::int64_t>> find_up_to_two(Connection& connection,
                                                               Catalogue const& catalogue,
                                                               Clock& clock, std::string_view type,
                                                               std::string const& query);

}  // namespace sinew::store::sqlite
