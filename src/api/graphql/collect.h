#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/graphql/document.h"
#include "api/graphql/schema.h"
#include "api/graphql/variables.h"

namespace sinew::graphql {

/// Selections of one field that are answered once: those with one name in the answer, and the same
/// arguments and directives. Where these differ the values are put together under the name.
struct Group {
  Index selection;            ///< the first of them
  std::vector<Index> firsts;  ///< their selection sets
};

/// The fields that a type of value is asked for, in the order of the query, fragments that apply
/// unfolded, `@skip` and `@include` obeyed.
/// Source: GraphQL, October 2021, section 6.3.2, CollectFields.
[[nodiscard]] Result<std::vector<Group>> collect(Document const& document,
                                                 Variables const& variables, Type const& type,
                                                 std::vector<Index> const& firsts);

/// The directive of that name, or nullptr.
[[nodiscard]] Directive const* find_directive(Selection const& selection, std::string_view name);
[[nodiscard]] Argument const* find_argument(Selection const& selection, std::string_view name);

}  // namespace sinew::graphql
