#pragma once

#include <optional>
#include <string_view>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// True for parameters that are no view on an indexed path: `_list`, `_text`, `_content`, `near`,
/// and a compartment.
[[nodiscard]] bool is_special(Criterion const& criterion);

/// The condition of such a parameter; nothing for others.
/// Fails `invalid` at the parameter and what of it is wrong, `not_supported` for lists that a
/// server would have to work out (`$current-problems`).
[[nodiscard]] Result<std::optional<Condition>> compile_special(SearchContext& context,
                                                               std::string_view type,
                                                               Criterion const& criterion);

/// What a criterion on a compartment comes down to: a resource of `type` belongs to it when it
/// satisfies any of these.
[[nodiscard]] std::vector<Criterion> compartment_criteria(std::string_view type,
                                                          Criterion const& criterion);

/// `_filter`. Of the moment that the context looks at. Source: FHIR R4 search_filter.html.
[[nodiscard]] Result<Condition> compile_filter(SearchContext& context, std::string_view type,
                                               Criterion const& criterion);
/// Whether a type has the parameters that a filter begins with.
[[nodiscard]] bool filter_concerns(fhir::TypeId type, Criterion const& criterion);

}  // namespace sinew::store::sqlite
