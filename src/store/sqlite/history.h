#pragma once

#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// A page of versions in the connection's snapshot. One resource is read by its number; types and
/// everything by `log`, the order of commit, whose times never go back.
[[nodiscard]] Result<HistoryPage> run_history(Connection& connection, Catalogue const& catalogue,
                                              HistoryQuery const& query);

}  // namespace sinew::store::sqlite
