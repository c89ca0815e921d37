#pragma once

#include <cstdint>
#include <vector>

#include "store/index_row.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// Whether the index has a row. Gives no numbers to values and targets that have none.
[[nodiscard]] Result<bool> has_row(Connection& connection, Catalogue const& catalogue, TypeKey type,
                                   std::int64_t rid, IndexRow const& row);

/// Those of the rows that the index lacks.
[[nodiscard]] Result<std::vector<IndexRow>> missing_rows(Connection& connection,
                                                         Catalogue const& catalogue, TypeKey type,
                                                         std::int64_t rid,
                                                         std::vector<IndexRow> const& rows);

}  // namespace sinew::store::sqlite
