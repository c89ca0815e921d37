#pragma once

#include "api/rest/rest.h"

namespace sinew::rest {

/// What operators decide about operations.
struct OperationsOptions {
  bool allows_purge = false;  ///< `$purge` and `$expunge` are done; else they answer 403
};

/// Registers $everything, $meta, $meta-add, $meta-delete, $lastn, $stats, $diff, $convert, $purge,
/// $expunge and $reindex. Source: FHIR R4 operationslist.html.
void add_operations(Service& service, OperationsOptions const& options = {});

}  // namespace sinew::rest
