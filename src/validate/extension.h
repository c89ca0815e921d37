#pragma once

#include <string_view>

namespace sinew::validate {

/// Whether an extension carries an element of another version of FHIR
/// (`http://hl7.org/fhir/5.0/StructureDefinition/extension-...`).
/// Source: FHIR R4 versions.html#extensions.
[[nodiscard]] bool is_of_version(std::string_view url);

}  // namespace sinew::validate
