#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace sinew::fhir {

/// FHIR XML to FHIR JSON text, by the element tables.
/// Fails `malformed` with the element's path (`/Patient/name[2]/given`) and line, at the first
/// element, attribute or text that FHIR has no place for; values are checked only as far as JSON
/// needs it (numbers and booleans). Use check.h for the rest.
/// Source: FHIR R4 xml.html, json.html.
[[nodiscard]] Result<std::string> json_from_xml(std::string_view xml);

/// FHIR JSON to FHIR XML. Elements come out in the order of the definition.
/// Fails `invalid` with the element path, where the JSON has something that XML has no place for.
/// Source: FHIR R4 xml.html, json.html.
[[nodiscard]] Result<std::string> xml_from_json(json::Value resource);

}  // namespace sinew::fhir
