#include "fhir/search_tree.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/check.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/table_format.h"

namespace sinew::fhir {
namespace {

using Kind = SearchStep::Kind;

struct ParameterTypeName {
  std::string_view name;
  ParameterType type;
};
constexpr auto kParameterTypes = std::to_array<ParameterTypeName>({
    {"composite", ParameterType::composite},
    {"date", ParameterType::date},
    {"number", ParameterType::number},
    {"quantity", ParameterType::quantity},
    {"reference", ParameterType::reference},
    {"special", ParameterType::special},
    {"string", ParameterType::string},
    {"token", ParameterType::token},
    {"uri", ParameterType::uri},
});

ParameterType parameter_type(std::string_view name) {
  auto const* row = std::ranges::find(kParameterTypes, name, &ParameterTypeName::name);
  SINEW_CHECK(row != kParameterTypes.end());
  return row->type;
}

/// A node that steps have come to, and the edge they came by.
struct Cursor {
  NodeId node = 0;
  NodeId parent = 0;
};

class Builder {
 public:
  explicit Builder(SearchTables& tables) : tables_(tables) {}
  void build(Table const& rows);

 private:
  void add_parameter(Table const& rows, Table::Row const& row, TypeId base, TypeId resource);
  void add_path(SearchExpression const& alternative, PathId id, TypeId resource);
  PathId path_id(SearchExpression const& alternative, TypeId base, ParameterType type);
  std::vector<Cursor> follow(SearchExpression const& alternative, TypeId resource);
  std::vector<Cursor> follow_child(std::vector<Cursor> const& from, std::string_view name,
                                   std::string_view only_type);
  std::vector<Cursor> follow_filter(std::vector<Cursor> const& from, SearchStep const& step);
  void add_yields(std::vector<Cursor> const& at, Yield yield, bool is_not_false);
  NodeId child(NodeId node, Element const& element);
  NodeId new_node(TypeId type, Element const* element);
  void hash_edges();

  SearchTables& tables_;
  std::map<std::tuple<TypeId, std::string, ParameterType>, PathId> path_ids_;
  std::set<std::pair<PathId, TypeId>> built_;
};

NodeId Builder::new_node(TypeId type, Element const* element) {
  tables_.nodes.push_back({type, element, {}, {}, {}});
  return static_cast<NodeId>(tables_.nodes.size() - 1);
}

NodeId Builder::child(NodeId node, Element const& element) {
  for (auto const& edge : tables_.nodes[node].edges) {
    if (edge.name == element.name.view()) return edge.node;
  }
  auto const added = new_node(element.type, &element);
  tables_.nodes[node].edges.push_back({element.name, added, false});
  return added;
}

/// True for `valueQuantity` as a type of the choice `value`.
bool is_type_of_choice(Element const& element, std::string_view name) {
  auto const json_name = element.name.view();
  if (element.choice == 0 || !json_name.starts_with(name)) return false;
  auto const type_name = type(element.type).name.view();
  auto const suffix = json_name.substr(name.size());
  return suffix.size() == type_name.size() && suffix[0] == to_ascii_upper(type_name[0]) &&
         suffix.substr(1) == type_name.substr(1);
}

/// To an element of that name, or to every type of a choice: `value` is `valueQuantity` and the
/// others, or the one that the next step asks for.
std::vector<Cursor> Builder::follow_child(std::vector<Cursor> const& from, std::string_view name,
                                          std::string_view only_type) {
  std::vector<Cursor> to;
  auto const add = [&](Cursor const& cursor, Element const& element) {
    if (only_type.empty() || type(element.type).name == only_type) {
      to.push_back({child(cursor.node, element), cursor.node});
    }
  };
  for (auto const& cursor : from) {
    auto const type_id = tables_.nodes[cursor.node].type;
    if (auto const* single = find_element(type_id, name)) {
      add(cursor, *single);
      continue;
    }
    for (auto const& element : elements(type_id)) {
      if (is_type_of_choice(element, name)) add(cursor, element);
    }
  }
  return to;
}

std::vector<Cursor> Builder::follow_filter(std::vector<Cursor> const& from,
                                           SearchStep const& step) {
  std::vector<Cursor> to;
  for (auto const& cursor : from) {
    auto const& node = tables_.nodes[cursor.node];
    auto const same = std::ranges::find_if(node.filters, [&](Filter const& filter) {
      return filter.kind == step.kind && filter.name == step.name && filter.value == step.value;
    });
    if (same != node.filters.end()) {
      to.push_back({same->node, cursor.node});
      continue;
    }
    auto const added = new_node(node.type, node.element);
    tables_.nodes[cursor.node].filters.push_back({step.kind, step.name, step.value, added});
    to.push_back({added, cursor.node});
  }
  return to;
}

std::vector<Cursor> Builder::follow(SearchExpression const& alternative, TypeId resource) {
  std::vector<Cursor> at = {{tables_.roots[resource], 0}};
  auto const& steps = alternative.steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    switch (steps[i].kind) {
      case Kind::child: {
        bool const is_cast = i + 1 < steps.size() && steps[i + 1].kind == Kind::as;
        at = follow_child(at, steps[i].name, is_cast ? steps[i + 1].name : std::string_view());
        break;
      }
      case Kind::first:
        for (auto const& cursor : at) {
          for (auto& edge : tables_.nodes[cursor.parent].edges) {
            if (edge.node == cursor.node) edge.is_first_only = true;
          }
        }
        break;
      case Kind::where_equals:
      case Kind::where_extension:
        at = follow_filter(at, steps[i]);
        break;
      case Kind::as:         // done with the child before it
      case Kind::not_false:  // concerns the values, not the way
        break;
    }
  }
  return at;
}

void Builder::add_yields(std::vector<Cursor> const& at, Yield yield, bool is_not_false) {
  static TypeId const kRange = find_type("Range");
  for (auto const& cursor : at) {
    auto& node = tables_.nodes[cursor.node];
    yield.element = node.element;
    yield.read = is_not_false ? read_not_false : find_reader(yield.type, node.type);
    if (yield.read != nullptr) node.yields.push_back(yield);
    if (node.type == kRange) tables_.paths[yield.path].has_ranges = true;
  }
}

/// The path of that name. What Resource defines for every type is one path of Resource.
PathId Builder::path_id(SearchExpression const& alternative, TypeId base, ParameterType parameter) {
  auto const next = static_cast<PathId>(tables_.paths.size());
  auto const [known, added] =
      path_ids_.try_emplace(std::tuple(base, alternative.text, parameter), next);
  if (added) {
    tables_.path_texts.push_back(alternative.text);
    tables_.paths.push_back({base, tables_.path_texts.back(), parameter, false});
  }
  return known->second;
}

/// Puts the path into the tree of a resource type.
void Builder::add_path(SearchExpression const& alternative, PathId id, TypeId resource) {
  if (!built_.emplace(id, resource).second) return;
  auto at = follow(alternative, resource);
  static TypeId const kExtension = find_type("Extension");
  bool const is_extension = !at.empty() && tables_.nodes[at.front().node].type == kExtension;
  if (is_extension) at = follow_child(at, "value", {});  // an extension is found by its value
  bool const is_not_false =
      !alternative.steps.empty() && alternative.steps.back().kind == Kind::not_false;
  if (is_not_false) tables_.defaults[resource].push_back(id);
  add_yields(at, {id, tables_.paths[id].type, nullptr, nullptr}, is_not_false);
  auto const has_yield = [&](Cursor const& cursor) {
    return std::ranges::any_of(tables_.nodes[cursor.node].yields,
                               [id](Yield const& yield) { return yield.path == id; });
  };
  if (std::ranges::none_of(at, has_yield)) {
    tables_.not_compiled.push_back(alternative.text + ": yields nothing");
  }
}

std::vector<Component> parse_components(std::string_view cell) {
  std::vector<Component> components;
  for (auto text : split(cell, ';')) {
    auto const equals = text.find(" = ");
    if (equals == text.npos) continue;
    components.push_back({trim(text.substr(0, equals)), trim(text.substr(equals + 3))});
  }
  return components;
}

void Builder::add_parameter(Table const& rows, Table::Row const& row, TypeId base,
                            TypeId resource) {
  auto& parameters = tables_.parameters[resource];
  SearchParameter parameter;
  parameter.code = rows.cell(row, "code");
  parameter.type = parameter_type(rows.cell(row, "type"));
  parameter.url = rows.cell(row, "url");
  parameter.expression = rows.cell(row, "expression");
  for (auto target : split(rows.cell(row, "target"), ' ')) {
    if (auto const id = find_type(target); id != 0) parameter.targets.push_back(id);
  }
  if (parameter.type == ParameterType::composite) {
    parameter.components = parse_components(rows.cell(row, "component"));
    parameters.push_back(std::move(parameter));
    return;
  }
  auto const name = std::string(type(base).name);
  auto const alternatives = parse_search_expression(parameter.expression, name);
  if (!alternatives || alternatives->empty()) {
    tables_.not_compiled.push_back(name + " " + std::string(parameter.code) + ": " +
                                   std::string(parameter.expression));
    return;
  }
  for (auto const& alternative : *alternatives) {
    auto const path = path_id(alternative, base, parameter.type);
    add_path(alternative, path, resource);
    if (std::ranges::find(parameter.paths, path) == parameter.paths.end()) {
      parameter.paths.push_back(path);
    }
    if (alternative.target != 0) parameter.targets = {alternative.target};
  }
  parameters.push_back(std::move(parameter));
}

/// The resource types with instances that are, or are derived from, `base`.
std::vector<TypeId> types_below(TypeId base) {
  if (base != 0 && !type(base).is_abstract) return {base};
  std::vector<TypeId> found;
  for (std::size_t id = 1; id < types().size(); ++id) {
    auto const& candidate = types()[id];
    if (candidate.kind != TypeKind::resource || candidate.is_abstract) continue;
    for (auto at = static_cast<TypeId>(id); at != 0; at = type(at).base) {
      if (at == base) found.push_back(static_cast<TypeId>(id));
    }
  }
  return found;
}

void Builder::hash_edges() {
  for (auto& node : tables_.nodes) {
    if (node.edges.empty()) continue;
    std::size_t size = 2;
    while (size < 2 * node.edges.size()) size *= 2;
    std::vector<Edge> slots(size);
    for (auto const& edge : node.edges) {
      auto slot = table::hash_name(edge.name) & (size - 1);
      while (slots[slot].node != 0) slot = (slot + 1) & (size - 1);
      slots[slot] = edge;
    }
    node.edges = std::move(slots);
  }
}

void Builder::build(Table const& rows) {
  constexpr std::string_view kExample = "http://hl7.org/fhir/SearchParameter/example";
  auto const count = types().size();
  tables_.roots.resize(count);
  tables_.parameters.resize(count);
  tables_.defaults.resize(count);
  new_node(0, nullptr);
  for (auto resource : types_below(find_type("Resource"))) {
    tables_.roots[resource] = new_node(resource, nullptr);
  }
  for (auto const& row : rows.rows()) {
    bool const is_example = rows.cell(row, "url").starts_with(kExample);
    bool const is_special = rows.cell(row, "type") == "special";
    if (is_example || is_special || rows.cell(row, "expression").empty()) continue;
    for (auto base_name : split(rows.cell(row, "base"), ' ')) {
      auto const base = find_type(base_name);
      for (auto resource : types_below(base)) add_parameter(rows, row, base, resource);
    }
  }
  for (auto& parameters : tables_.parameters) {
    std::ranges::sort(parameters, {}, &SearchParameter::code);
  }
  hash_edges();
}

}  // namespace

SearchTables const& search_tables() {
  static SearchTables const kTables = [] {
    SearchTables tables;
    auto const text = embedded_data("fhir/r4/search_parameters.tsv");
    SINEW_CHECK(bool(text));
    auto const rows = Table::parse(*text, "search_parameters.tsv");
    SINEW_CHECK(bool(rows));
    Builder(tables).build(*rows);
    return tables;
  }();
  return kTables;
}

}  // namespace sinew::fhir
