#pragma once

#include "base/result.h"
#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// Creates the tables of a new file, or brings those of an older program up to date.
/// Fails `not_supported` when a newer program made the file.
Result<> create_or_migrate(Connection& connection);

}  // namespace sinew::store::sqlite
