#pragma once

#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace sinew::fhir {

/// Checks a resource against the element tables: unknown elements, types, cardinality, required
/// elements, one of a choice, primitive formats, required bindings, reference syntax and targets,
/// contained resources, `_name` siblings of primitives, empty objects and arrays.
/// A required element may be replaced by a data-absent-reason extension only where FHIR lets it
/// (primitive `_name` with extension, complex element with only extensions).
/// Returns  one Issue per fault, `where` = `Patient.contact[0].name`; empty when all is well.
/// Source: FHIR R4 json.html, datatypes.html, conformance-rules.html#cardinality.
[[nodiscard]] std::vector<Issue> check_structure(json::Value resource);

/// The same for a Bundle and every entry, and that references between entries (urn:uuid, or
/// Type/id of an entry) resolve within it: a `urn:uuid:` target that no fullUrl has is an error.
[[nodiscard]] std::vector<Issue> check_bundle(json::Value bundle);

}  // namespace sinew::fhir
