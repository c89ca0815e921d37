#include "api/graphql/variables.h"

#include <algorithm>
#include <array>

namespace sinew::graphql {
namespace {

/// Which kinds of values a scalar type takes. Types that are not listed are FHIR's codes and input
/// objects. Source: GraphQL, October 2021, section 3.5, "input coercion".
struct ScalarRow {
  std::string_view type;
  std::initializer_list<ValueKind> takes;
};
bool takes(std::string_view type, ValueKind kind) {
  static std::array<ScalarRow, 5> const rows = {{
      {"Boolean", {ValueKind::boolean}},
      {"Float", {ValueKind::integer, ValueKind::number}},
      {"ID", {ValueKind::string, ValueKind::integer}},
      {"Int", {ValueKind::integer}},
      {"String", {ValueKind::string}},
  }};
  auto const* const row = std::ranges::find(rows, type, &ScalarRow::type);
  if (row == rows.end() || kind == ValueKind::null) return true;
  return std::ranges::find(row->takes, kind) != row->takes.end();
}

Value scalar_of(json::Value given) {
  Value made;
  made.text = given.text();
  switch (given.kind()) {
    case json::Kind::boolean:
      made.kind = ValueKind::boolean;
      break;
    case json::Kind::number:
      made.kind = made.text.find_first_of(".eE") == std::string::npos ? ValueKind::integer
                                                                      : ValueKind::number;
      break;
    case json::Kind::string:
      made.kind = ValueKind::string;
      break;
    default:
      made.kind = ValueKind::null;
      made.text.clear();
  }
  return made;
}

/// Adds a scalar or a list of scalars.
Result<Index> add(json::Value given, VariableDefinition const& definition, Document& document) {
  if (given.is_object()) {
    return fail_at(definition.at, "the variable is an object, which nothing here takes");
  }
  auto const index = static_cast<Index>(document.values.size());
  if (!given.is_array()) {
    document.values.push_back(scalar_of(given));
    return index;
  }
  Value list;
  list.kind = ValueKind::list;
  document.values.push_back(std::move(list));
  auto last = kNone;
  for (auto const item : given.elements()) {
    if (item.is_array() || item.is_object()) {
      return fail_at(definition.at, "the variable is nested too deep");
    }
    auto const place = static_cast<Index>(document.values.size());
    document.values.push_back(scalar_of(item));
    (last == kNone ? document.values[index].first : document.values[last].next) = place;
    last = place;
  }
  return index;
}

Result<> check_type(VariableDefinition const& definition, Document const& document, Index index) {
  auto const& value = document.values[index];
  std::string_view type = definition.type;
  bool const is_list = type.starts_with('[');
  if (is_list) type = type.substr(1, type.find_first_of("]!") - 1);
  auto const refuse = [&] {
    return fail_at(definition.at,
                   "the variable '" + definition.name + "' is no " + definition.type);
  };
  if (value.kind == ValueKind::list) {
    if (!is_list) return refuse();
    for (auto item = value.first; item != kNone; item = document.values[item].next) {
      if (!takes(type, document.values[item].kind)) return refuse();
    }
    return {};
  }
  if (!takes(type, value.kind)) return refuse();
  return {};
}

}  // namespace

Result<Variables> Variables::read(OperationDefinition const& operation, json::Value given,
                                  Document& document) {
  Variables made;
  for (auto const& definition : operation.variables) {
    auto const value = given[definition.name];
    auto index = value ? TRY(add(value, definition, document)) : definition.fallback;
    bool const is_null = index == kNone || document.values[index].kind == ValueKind::null;
    if (definition.is_required && is_null) {
      return fail_at(definition.at, "the variable '" + definition.name + "' is required");
    }
    if (index != kNone) TRY(check_type(definition, document, index));
    if (!made.values_.emplace(definition.name, index).second) {
      return fail_at(definition.at, "two variables have one name");
    }
  }
  for (auto const [name, value] : given.members()) {
    if (!made.is_declared(name)) {
      return fail_at(operation.at, "no such variable: '" + std::string(name) + "'");
    }
  }
  return made;
}

Value const* Variables::resolve(Document const& document, Index value) const {
  if (value == kNone) return nullptr;
  auto const& written = document.values[value];
  if (written.kind != ValueKind::variable) return &written;
  auto const found = values_.find(written.text);
  if (found == values_.end() || found->second == kNone) return nullptr;
  auto const& stands_for = document.values[found->second];
  // A default cannot name another variable.
  return stands_for.kind == ValueKind::variable ? nullptr : &stands_for;
}

Result<std::vector<Variables::Text>> Variables::texts(Document const& document,
                                                      Argument const& argument) const {
  std::vector<Text> made;
  auto const* const value = resolve(document, argument.value);
  auto const add_scalar = [&](Value const* item) -> Result<> {
    if (!item || item->kind == ValueKind::null) return {};
    if (item->kind == ValueKind::object || item->kind == ValueKind::list) {
      return fail_at(argument.at, "'" + argument.name + "' takes no such value");
    }
    made.push_back({item->kind, item->text});
    return {};
  };
  if (!value || value->kind != ValueKind::list) {
    TRY(add_scalar(value));
    return made;
  }
  for (auto item = value->first; item != kNone; item = document.values[item].next) {
    TRY(add_scalar(resolve(document, item)));
  }
  return made;
}

Result<std::optional<Variables::Text>> Variables::text(Document const& document,
                                                       Argument const& argument) const {
  auto all = TRY(texts(document, argument));
  if (all.size() > 1) return fail_at(argument.at, "'" + argument.name + "' takes one value");
  if (all.empty()) return std::optional<Text>();
  return std::optional(std::move(all.front()));
}

}  // namespace sinew::graphql
