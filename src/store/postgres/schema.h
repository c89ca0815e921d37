#pragma once

#include "base/result.h"
#include "store/postgres/session.h"

namespace sinew::store::postgres {

/// Creates the tables of a new database, or brings those of an older program up to date; several
/// programs may do so at the same time. Fails `not_supported` when a newer program made them.
Result<> create_or_migrate(Session& session);

}  // namespace sinew::store::postgres
