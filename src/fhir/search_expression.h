#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"

namespace sinew::fhir {

/// One move of a search expression.
struct SearchStep {
  enum class Kind : std::uint8_t {
    child,            ///< to the element `name`
    first,            ///< keeps the first of a list: `[0]`
    as,               ///< keeps values of the type `name`
    where_equals,     ///< keeps elements whose child `name` is `value`
    where_extension,  ///< keeps elements with an extension `value`
    not_false,        ///< true when there is a value and it is not false: `exists() and != false`
  };
  Kind kind;
  std::string_view name;
  std::string_view value;
};

/// One alternative of a union, for one resource type.
struct SearchExpression {
  std::string text;               ///< without the test for a target: "Observation.subject"
  std::vector<SearchStep> steps;  ///< from the resource down
  TypeId target = 0;              ///< of `where(resolve() is Patient)`
};

/// Reads the alternatives of a search expression that apply to a resource type. The views point
/// into `expression`. Nothing when an alternative uses more of FHIRPath than search parameters do.
/// Source: FHIR R4 searchparameter-registry.html, the expressions found there; FHIRPath N1.
[[nodiscard]] std::optional<std::vector<SearchExpression>> parse_search_expression(
    std::string_view expression, std::string_view resource_type);

}  // namespace sinew::fhir
