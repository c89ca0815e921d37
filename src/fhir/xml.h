#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace sinew::fhir {

/// FHIR XML to FHIR JSON text, by the element tables. Fails `malformed` with the element path and
/// line. Source: FHIR R4 xml.html, json.html.
[[nodiscard]] Result<std::string> json_from_xml(std::string_view xml);

/// FHIR JSON to FHIR XML. Elements come out in the order of the definition.
[[nodiscard]] Result<std::string> xml_from_json(json::Value resource);

}  // namespace sinew::fhir
