#pragma once

#include <string>
#include <vector>

#include "fhir/search_tree.h"

namespace sinew::store {

/// Has the expressions that the tree of paths cannot say evaluated as FHIRPath. Returns those that
/// do not compile: nothing is found by them.
/// Source: FHIR R4 searchparameter.html, `expression`; FHIRPath N1.
[[nodiscard]] std::vector<std::string> add_evaluation(fhir::SearchTables& tables);

}  // namespace sinew::store
