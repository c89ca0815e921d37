#include "fhir/search_definition.h"

#include <algorithm>
#include <array>

#include "fhir/definitions.h"

namespace sinew::fhir {
namespace {

/// Types that an index answers. Source: FHIR R4 valueset-search-param-type.
constexpr auto kTypes = std::to_array<std::string_view>(
    {"composite", "date", "number", "quantity", "reference", "string", "token", "uri"});

constexpr std::size_t kExpressionBytesMax = 16384;
constexpr std::size_t kBasesMax = 256;

Result<std::vector<std::string>> resource_types(json::Value list, std::string_view where) {
  std::vector<std::string> names;
  for (auto const item : list.elements()) {
    auto name = item.text();
    auto const id = find_type(name);
    if (id == 0 || type(id).kind != TypeKind::resource)
      return fail(ErrorCode::invalid, "not a FHIR resource type", std::string(where));
    names.push_back(std::move(name));
    if (names.size() > kBasesMax)
      return fail(ErrorCode::too_large, "too many resource types", std::string(where));
  }
  return names;
}

Result<std::string> required(json::Value resource, std::string_view name) {
  auto text = resource[name].text();
  if (!text.empty()) return text;
  return fail(ErrorCode::invalid, "the element is required",
              "SearchParameter." + std::string(name));
}

/// A code stands in URLs between `?`, `:`, `.`, `=` and `&`.
bool is_code(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

Result<ParameterDefinition> read_parameter_definition(json::Value resource) {
  ParameterDefinition definition;
  definition.url = TRY(required(resource, "url"));
  definition.code = TRY(required(resource, "code"));
  definition.type = TRY(required(resource, "type"));
  definition.in_force = TRY(required(resource, "status")) == "active";
  definition.bases = TRY(resource_types(resource["base"], "SearchParameter.base"));
  definition.targets = TRY(resource_types(resource["target"], "SearchParameter.target"));
  definition.expression = resource["expression"].text();
  if (!is_code(definition.code))
    return fail(ErrorCode::invalid, "a code is letters, digits, '-' and '_'",
                "SearchParameter.code");
  if (definition.bases.empty())
    return fail(ErrorCode::invalid, "the element is required", "SearchParameter.base");
  if (std::ranges::find(kTypes, definition.type) == kTypes.end())
    return fail(ErrorCode::not_supported, "parameters of this type are not indexed",
                "SearchParameter.type");
  if (definition.expression.empty())
    return fail(ErrorCode::invalid, "there is nothing to index without an expression",
                "SearchParameter.expression");
  if (definition.expression.size() > kExpressionBytesMax)
    return fail(ErrorCode::too_large, "the expression is too long", "SearchParameter.expression");
  for (auto const component : resource["component"].elements())
    definition.components.emplace_back(component["definition"].text(),
                                       component["expression"].text());
  if ((definition.type == "composite") == definition.components.empty())
    return fail(ErrorCode::invalid, "a composite has components, and nothing else has",
                "SearchParameter.component");
  return definition;
}

}  // namespace sinew::fhir
