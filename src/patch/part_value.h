#pragma once

#include <string>

#include "fhir/definitions.h"
#include "patch/elements.h"

namespace sinew::patch {

/// What the `value` part of an operation says.
struct PartValue {
  Content content;
  std::string suffix;  ///< of `value[x]`: "HumanName"; empty for parts and for a resource
};

/// The element of a type that a patch calls by a FHIRPath name: `value` with the suffix "Quantity"
/// is `valueQuantity`. Null: the type has none.
[[nodiscard]] fhir::Element const* named_element(fhir::TypeId type, std::string_view name,
                                                 std::string_view suffix);

/// Makes nodes of a part's value. A value without a type of its own (a backbone element, an
/// Extension) is given as parts, one for each of its elements, to any depth.
/// `type` is the type of the element that the value is for.
/// Fails `malformed` for a part without a value, `invalid` for elements that the type has not.
/// Source: FHIR R4 fhirpatch.html, "anonymous types".
[[nodiscard]] Result<PartValue> part_value(Tree& tree, json::Value part, fhir::TypeId type);

/// The suffix of the value[x] that the part has; empty: none.
[[nodiscard]] std::string suffix_of(json::Value part);

/// Whether a value of that suffix may stand where the element says. Primitives stand for each
/// other: their text is judged with the result.
[[nodiscard]] bool fits(fhir::Element const& element, std::string_view suffix);

}  // namespace sinew::patch
