#pragma once

#include "api/rest/operation.h"

namespace sinew::documents {

/// `DocumentReference/$docref`: the references to a patient's documents that are stored and, where
/// a summary is asked for and none is there, one to the document that `$summary` makes, so that
/// whoever follows it gets the patient's data of that moment.
/// Source: US Core 6.1.0, OperationDefinition-docref.
[[nodiscard]] rest::Operation docref_operation();

}  // namespace sinew::documents
