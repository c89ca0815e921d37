#pragma once

#include <string_view>
#include <vector>

#include "fhir/definitions.h"

namespace sinew::fhir {

/// The search parameters by which resources of `type` belong to a compartment ("Patient"); a
/// resource belongs to it when one of them refers to the compartment's own. `{def}`: it is that
/// resource itself. Empty: none of the type do.
/// Source: FHIR R4 compartmentdefinition.html; data/fhir/r4/compartments.tsv.
[[nodiscard]] std::vector<std::string_view> compartment_parameters(std::string_view compartment,
                                                                   std::string_view type);

/// The types with resources in a compartment, by name. Empty: there is no such compartment.
[[nodiscard]] std::vector<std::string_view> compartment_types(std::string_view compartment);

}  // namespace sinew::fhir
