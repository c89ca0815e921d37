#pragma once

#include <vector>

#include "api/graphql/document.h"
#include "api/graphql/schema.h"

namespace sinew::graphql {

inline constexpr std::size_t kErrorsMax = 50;  ///< of one request; then the check stops

/// Everything that is wrong with a document before any data is looked at: unknown fields,
/// arguments, directives, types and fragments, fragments that contain themselves, selections on
/// scalars and objects without one, variables that are not declared. `root` is what the operation
/// starts at. What a resource of a type that is not known yet leads to is checked on the way.
/// Source: FHIR R4 graphql.html#errors; GraphQL, October 2021, section 5.
[[nodiscard]] std::vector<Error> check(Document const& document,
                                       OperationDefinition const& operation, Type const& root);

/// Whether arguments and selections of a field are what it takes. Fails `invalid` at the place.
Result<> check_field(Document const& document, Selection const& selection, Type const& owner,
                     Field const& field);

/// The error for a name that is no field of the type.
[[nodiscard]] Failure no_such_field(Selection const& selection, Type const& owner);

/// A page of a connection, as the client gives it back; both spellings stand in the specification.
[[nodiscard]] bool is_cursor_argument(std::string_view name);

}  // namespace sinew::graphql
