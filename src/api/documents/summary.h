#pragma once

#include <memory>

#include "api/documents/summary_table.h"
#include "api/rest/operation.h"

namespace sinew::documents {

inline constexpr std::string_view kIpsBundle =
    "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips";
inline constexpr std::string_view kIpsComposition =
    "http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips";

/// `Patient/[id]/$summary`, and `Patient/$summary?identifier=`: an International Patient Summary
/// of what is stored, made anew each time and not kept.
/// Source: IPS 1.1.0, OperationDefinition-summary, Bundle-uv-ips, Composition-uv-ips.
[[nodiscard]] rest::Operation summary_operation(std::shared_ptr<SummaryTable const> table);

}  // namespace sinew::documents
