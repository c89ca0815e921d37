#pragma once

#include "api/rest/rest.h"

namespace sinew::documents {

/// Adds the operations that make documents: `Composition/[id]/$document`, `Patient/[id]/$summary`
/// and `DocumentReference/$docref`. Fails where a table of data/documents cannot be read.
///
/// Source: FHIR R4 composition-operation-document.html, documents.html; IPS 1.1.0,
/// OperationDefinition-summary; US Core 6.1.0, OperationDefinition-docref.
Result<> add_documents(rest::Service& service);

}  // namespace sinew::documents
