#pragma once

#include <string_view>

#include "fhir/definitions.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::rest {

/// A value of an element, with its extensions where it is a primitive.
struct ElementValue {
  json::Value value;
  json::Value twin;  ///< of `_birthDate`; missing where there is none
  fhir::Element const* element = nullptr;
};

/// The name that FHIRPath has for an element: `value` for `valueQuantity`.
[[nodiscard]] std::string_view path_name(fhir::Element const& element);

/// Writes a part of Parameters that holds the value: as value[x], as resource, or, where value[x]
/// does not take the type, as parts, one for each of its elements, to any depth.
/// Source: FHIR R4 fhirpatch.html, "anonymous types".
void write_part(json::Writer& writer, std::string_view name, ElementValue const& value);

}  // namespace sinew::rest
