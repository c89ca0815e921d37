#pragma once

#include <string_view>

namespace sinew::fhirpath {

/// True when the XHTML of a narrative holds nothing but the elements and attributes that FHIR
/// allows. Source: FHIR R4 narrative.html#xhtml (invariants txt-1 and txt-2).
[[nodiscard]] bool is_safe_narrative(std::string_view xhtml);

}  // namespace sinew::fhirpath
