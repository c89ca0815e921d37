#pragma once

#include <string>

#include "api/rest/rest.h"
#include "json/json.h"

namespace sinew::rest {

/// Whether parts of resources are to be left out (`_elements`, `_summary` but for `count`).
[[nodiscard]] bool is_subset(Presentation const& presentation);

/// The resource, or every resource of a Bundle, with the top-level elements that were asked for,
/// those that are required, and the tag SUBSETTED. OperationOutcomes stay whole. With
/// `_summary=true` the same holds below the top level, by what the data types mark as summary, and
/// modifier elements stay; `_elements` names top-level elements and keeps them whole.
/// Source: FHIR R4 search.html#summary, #elements.
[[nodiscard]] std::string subset(json::Value resource, Presentation const& presentation);

}  // namespace sinew::rest
