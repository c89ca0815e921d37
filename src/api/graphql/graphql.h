#pragma once

#include "api/rest/rest.h"

namespace sinew::graphql {

/// Adds `$graphql` on the system and on instances, by GET and by POST of `application/graphql`, of
/// JSON with `query`, `operationName` and `variables`, of Parameters and of a form.
///
/// The answer is `{"data": ...}`, or `{"data": null, "errors": [...]}` with a status of 400 and
/// above: every error with its place in the query and an OperationOutcome, and never a part of the
/// data beside it.
/// DEVIATION: what a resource does not have is left out and not null, as in HL7's own tests.
/// Source: FHIR R4 graphql.html, resource-operation-graphql.html.
void add_graphql(rest::Service& service);

}  // namespace sinew::graphql
