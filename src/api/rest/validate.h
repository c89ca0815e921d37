#pragma once

#include "api/rest/rest.h"
#include "validate/library.h"

namespace sinew::rest {

/// Adds `[type]/$validate`, and `[type]/[id]/$validate`, which without a resource checks what is
/// stored. `profile` and `mode` come in the query or in Parameters. Whatever is
/// found, the answer is 200 with an OperationOutcome: that the check took place.
///
/// The library must outlive the service.
/// Source: FHIR R4 resource-operation-validate.html.
void add_validation(Service& service, validate::Library const& library);

}  // namespace sinew::rest
