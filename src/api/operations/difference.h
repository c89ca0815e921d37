#pragma once

#include <string>

#include "json/json.h"

namespace sinew::rest {

enum class MetaPart : bool { left_out, compared };

/// A FHIRPath Patch (Parameters as JSON) that makes `to` of `from`: applied to `from` it gives what
/// `to` says, `id` apart, and without `compared` also `meta`. Without difference it has no
/// parameter. Lists are aligned, so that one new name is one `insert`. Both are resources of one
/// type.
/// Source: FHIR R4 fhirpatch.html.
[[nodiscard]] std::string difference(json::Value from, json::Value to, MetaPart meta);

}  // namespace sinew::rest
