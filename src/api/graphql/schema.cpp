#include "api/graphql/schema.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "fhirpath/item.h"

namespace sinew::graphql {
namespace {

constexpr std::string_view kList = "List";
constexpr std::string_view kConnection = "Connection";
constexpr std::string_view kEdge = "Edge";

/// Members of a connection and of an edge. Source: FHIR R4 graphql.html#searching.
struct MemberRow {
  TypeKind owner;
  std::string_view name;
  TypeKind type;  ///< `open`: a scalar
  bool is_list;
};
constexpr auto kMembers = std::to_array<MemberRow>({
    {TypeKind::connection, "count", TypeKind::open, false},
    {TypeKind::connection, "offset", TypeKind::open, false},
    {TypeKind::connection, "pagesize", TypeKind::open, false},
    {TypeKind::connection, "edges", TypeKind::edge, true},
    {TypeKind::connection, "first", TypeKind::open, false},
    {TypeKind::connection, "previous", TypeKind::open, false},
    {TypeKind::connection, "next", TypeKind::open, false},
    {TypeKind::connection, "last", TypeKind::open, false},
    {TypeKind::edge, "mode", TypeKind::open, false},
    {TypeKind::edge, "score", TypeKind::open, false},
    {TypeKind::edge, "resource", TypeKind::element, false},
});

/// What every type is searched by without a definition in the tables. Sorted.
constexpr auto kCommonArguments = std::to_array<std::string_view>(
    {"_content", "_count", "_filter", "_list", "_offset", "_sort", "_text"});
static_assert(std::ranges::is_sorted(kCommonArguments));

bool is_primitive(fhir::TypeId id) { return fhir::type(id).kind == fhir::TypeKind::primitive; }

/// A concrete resource type, or 0.
fhir::TypeId resource_named(std::string_view name) {
  auto const id = fhir::find_type(name);
  bool const is_concrete =
      id != 0 && fhir::type(id).kind == fhir::TypeKind::resource && !fhir::type(id).is_abstract;
  return is_concrete ? id : 0;
}

/// The resource type in front of an ending, or 0.
fhir::TypeId resource_before(std::string_view name, std::string_view ending) {
  if (!name.ends_with(ending)) return 0;
  return resource_named(name.substr(0, name.size() - ending.size()));
}

std::optional<Field> find_search(std::string_view name, bool is_reverse) {
  Field field;
  field.is_reverse = is_reverse;
  if (auto const id = resource_before(name, kConnection)) {
    field.kind = FieldKind::connection;
    field.type = {TypeKind::connection, id};
    return field;
  }
  auto const id = resource_before(name, kList);
  if (id == 0) return {};
  field.kind = FieldKind::list;
  field.type = {TypeKind::element, id};
  field.is_list = true;
  return field;
}

std::optional<Field> find_in_query(std::string_view name) {
  if (name == "__schema") return Field{FieldKind::schema, {TypeKind::json}};
  if (name == "__type") return Field{FieldKind::schema_type, {TypeKind::json}};
  // `List` is a resource type as well as an ending.
  if (auto const id = resource_named(name)) return Field{FieldKind::read, {TypeKind::element, id}};
  return find_search(name, false);
}

std::optional<Field> find_in_element(fhir::TypeId owner, std::string_view name) {
  static auto const reference = fhir::find_type("Reference");
  static auto const any_element = fhir::find_type("Element");
  if (auto const* const element = fhir::find_element(owner, name)) {
    Field field;
    field.element = element;
    field.is_list = element->is_list;
    field.is_leaf = is_primitive(element->type);
    bool const is_abstract = fhir::type(element->type).kind == fhir::TypeKind::resource;
    field.type = is_abstract ? Type{TypeKind::resource} : Type{TypeKind::element, element->type};
    return field;
  }
  if (name.starts_with('_')) {
    auto const* const element = fhir::find_element(owner, name.substr(1));
    if (element && is_primitive(element->type)) {
      return Field{
          FieldKind::twin, {TypeKind::element, any_element}, element->is_list, false, false,
          element};
    }
  }
  if (owner == reference && name == "resource") {
    return Field{FieldKind::target, {TypeKind::resource}};
  }
  if (!is_resource(owner)) return {};
  if (name == "resourceType") {
    return Field{FieldKind::resource_type, {}, false, true};
  }
  return find_search(name, true);
}

std::optional<Field> find_member(Type const& owner, std::string_view name) {
  auto const* const row = std::ranges::find_if(kMembers, [&](MemberRow const& member) {
    return member.owner == owner.kind && member.name == name;
  });
  if (row == kMembers.end()) return {};
  Field field;
  field.kind = FieldKind::member;
  field.is_list = row->is_list;
  field.is_leaf = row->type == TypeKind::open;
  field.type = {row->type, owner.id};
  if (row->type == TypeKind::element && owner.id == 0) field.type = {TypeKind::resource};
  return field;
}

/// Every type of the tables under its name in the graph.
std::unordered_map<std::string, fhir::TypeId> const& names() {
  static auto const table = [] {
    std::unordered_map<std::string, fhir::TypeId> made;
    for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) made.emplace(graph_name(id), id);
    return made;
  }();
  return table;
}

}  // namespace

bool is_resource(fhir::TypeId id) {
  return id != 0 && fhir::type(id).kind == fhir::TypeKind::resource;
}

std::string graph_name(fhir::TypeId id) {
  std::string name;
  bool is_start = false;
  for (char const c : fhir::type(id).name.view()) {
    if (c == '.') {
      is_start = true;
    } else {
      name += is_start ? to_ascii_upper(c) : c;
      is_start = false;
    }
  }
  return name;
}

std::string type_name(Type const& type) {
  switch (type.kind) {
    case TypeKind::query:
      return "Query";
    case TypeKind::element:
      return graph_name(type.id);
    case TypeKind::connection:
      return graph_name(type.id) + std::string(kConnection);
    case TypeKind::edge:
      return graph_name(type.id) + std::string(kEdge);
    case TypeKind::resource:
    case TypeKind::open:
    case TypeKind::json:
      break;
  }
  return "Resource";
}

std::optional<Type> find_type(std::string_view name) {
  if (name == "Query") return Type{TypeKind::query};
  auto const found = names().find(std::string(name));
  if (found != names().end()) {
    bool const is_any = is_resource(found->second) && fhir::type(found->second).is_abstract;
    return is_any ? Type{TypeKind::resource} : Type{TypeKind::element, found->second};
  }
  if (auto const id = resource_before(name, kConnection)) return Type{TypeKind::connection, id};
  if (auto const id = resource_before(name, kEdge)) return Type{TypeKind::edge, id};
  // The types of the answer to __schema.
  if (name.starts_with("__")) return Type{TypeKind::json};
  return {};
}

std::optional<bool> applies(std::string_view condition, Type const& type) {
  auto const wanted = find_type(condition);
  if (!wanted) return {};
  if (wanted->kind == TypeKind::json) return type.kind == TypeKind::json;
  if (type.kind != TypeKind::element) return *wanted == type;
  auto const found = names().find(std::string(condition));
  return found != names().end() && fhirpath::is_subtype(type.id, found->second);
}

std::optional<Field> find_field(Type const& owner, std::string_view name) {
  if (name == "__typename" && owner.kind != TypeKind::json) {
    return Field{FieldKind::type_name, {}, false, true};
  }
  switch (owner.kind) {
    case TypeKind::query:
      return find_in_query(name);
    case TypeKind::element:
      return find_in_element(owner.id, name);
    case TypeKind::connection:
    case TypeKind::edge:
      return find_member(owner, name);
    case TypeKind::resource:
    case TypeKind::open:
    case TypeKind::json:
      break;
  }
  return Field{FieldKind::member, {owner.kind == TypeKind::json ? TypeKind::json : TypeKind::open}};
}

std::optional<SearchArgument> find_search_argument(fhir::TypeId type, std::string_view name) {
  for (auto const& parameter : fhir::search_parameters(type)) {
    std::string called(parameter.code);
    std::ranges::replace(called, '-', '_');
    if (called == name || parameter.code == name) {
      return SearchArgument{std::string(parameter.code),
                            parameter.type == fhir::ParameterType::reference};
    }
  }
  bool const is_near = name == "near" && fhir::type(type).name.view() == "Location";
  if (is_near || std::ranges::binary_search(kCommonArguments, name)) {
    return SearchArgument{std::string(name)};
  }
  return {};
}

}  // namespace sinew::graphql
