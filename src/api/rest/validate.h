#pragma once

#include "api/rest/rest.h"
#include "validate/library.h"

namespace sinew::rest {

/// Adds `POST [type]/$validate`, and `POST` and `GET [type]/[id]/$validate`, which without a body
/// check what is stored. `profile` and `mode` come in the query or in Parameters. Whatever is
/// found, the answer is 200 with an OperationOutcome: that the check took place.
///
/// The store, the library and the clock must outlive the service.
/// Source: FHIR R4 resource-operation-validate.html.
void add_validation(Service& service, store::Store& store, validate::Library const& library,
                    Clock& clock);

}  // namespace sinew::rest
