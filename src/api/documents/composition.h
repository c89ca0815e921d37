#pragma once

#include "api/rest/operation.h"

namespace sinew::documents {

/// `Composition/[id]/$document` and `Composition/$document?id=`: the document that a Composition
/// is the first page of: with everything that it refers to itself, which has to be stored here, and
/// what a reader of that needs. `persist=true` (POST) stores it as a Bundle.
/// Source: FHIR R4 composition-operation-document.html, documents.html#content.
[[nodiscard]] rest::Operation document_operation();

}  // namespace sinew::documents
