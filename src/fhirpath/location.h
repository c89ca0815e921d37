#pragma once

#include <string>

#include "fhirpath/item.h"

namespace sinew::fhirpath {

/// Where a node stands, as a FHIRPath that finds it: `Patient.name[1].given[0]`,
/// `Observation.value`. `root` is the resource it was found in. Empty for values and for nodes of
/// another document. The cost is that of walking there, so it is asked for only what is shown.
/// Source: FHIR R4 operationoutcome-definitions.html#OperationOutcome.issue.expression
[[nodiscard]] std::string location_of(json::Value root, Item const& item);

/// The same by the names of JSON, for an editor: `valueQuantity` instead of `value`.
[[nodiscard]] std::string json_location_of(json::Value root, Item const& item);

/// The item's value as JSON text: a node as it stands in its document, dates as strings, a quantity
/// as an object with `value`, `unit`, `system` and `code`.
[[nodiscard]] std::string json_of(Item const& item);

}  // namespace sinew::fhirpath
