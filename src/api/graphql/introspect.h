#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sinew::graphql {

/// The answer to `__schema`, whole, as JSON: every type with its fields and their arguments.
/// DEVIATION: a type that is referred to gives kind, name and ofType only; its fields are asked for
/// in `types` or by `__type`. That is what tools ask.
/// Source: GraphQL, October 2021, section 4; FHIR R4 graphql.html#conformance.
[[nodiscard]] std::string const& schema_json();

/// The answer to `__type(name:)`, or nothing when there is no such type.
[[nodiscard]] std::optional<std::string> type_json(std::string_view name);

}  // namespace sinew::graphql
