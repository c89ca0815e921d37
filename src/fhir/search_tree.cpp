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

/// A definition, of R4 or of others. The views live as long as the tables.
struct Definition {
  std::string_view code, type, url, expression;
  std::vector<TypeId> targets;
  std::vector<Component> components;
  bool is_added = false;  ///< not R4's
  bool in_force = true;
};

class Builder {
 public:
  explicit Builder(SearchTables& tables) : tables_(tables) {}
  /// `rows`  R4's; what the tables have in `added` follows them.
  void build(Table const& rows);

 private:
  void add_definitions(Table const& rows);
  void add_parameter(Definition const& definition, TypeId base, TypeId resource);
  void add_to_type(SearchParameter parameter, Definition const& definition, TypeId resource);
  PathId add_whole(Definition const& definition, TypeId base, TypeId resource, ParameterType type);
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

/// True when the tree can say the paths: `[0]` would shorten a list for all that share it.
bool fits_tree(std::optional<std::vector<SearchExpression>> const& alternatives, bool is_added) {
  if (!alternatives) return false;
  return !is_added || std::ranges::none_of(*alternatives, [](SearchExpression const& alternative) {
    return std::ranges::any_of(alternative.steps,
                               [](SearchStep const& step) { return step.kind == Kind::first; });
  });
}

/// An expression that is evaluated whole, under a path of its own.
PathId Builder::add_whole(Definition const& definition, TypeId base, TypeId resource,
                          ParameterType type) {
  SearchExpression whole;
  whole.text = definition.expression;
  auto const id = path_id(whole, base, type);
  // What it yields is not known beforehand: a Range may be among it.
  tables_.paths[id].has_ranges = type == ParameterType::number || type == ParameterType::quantity;
  if (built_.emplace(id, resource).second)
    tables_.expressions.push_back({id, resource, definition.expression});
  return id;
}

/// R4's own parameters stay what they are; of all others the last one counts.
void Builder::add_to_type(SearchParameter parameter, Definition const& definition,
                          TypeId resource) {
  auto& parameters = tables_.parameters[resource];
  if (!definition.is_added) return parameters.push_back(std::move(parameter));
  if (!definition.in_force) return;
  auto const same = std::ranges::find(parameters, definition.code, &SearchParameter::code);
  if (same == parameters.end()) return parameters.push_back(std::move(parameter));
  bool const is_r4s = std::ranges::none_of(
      tables_.added, [&](auto const& added) { return added.code.data() == same->code.data(); });
  if (!is_r4s) {
    *same = std::move(parameter);
  } else if (same->type != parameter.type || same->paths != parameter.paths) {
    tables_.not_compiled.push_back(std::string(type(resource).name) + " " +
                                   std::string(definition.code) +
                                   ": R4 defines this parameter itself");
  }
}

void Builder::add_parameter(Definition const& definition, TypeId base, TypeId resource) {
  SearchParameter parameter;
  parameter.code = definition.code;
  parameter.type = parameter_type(definition.type);
  parameter.url = definition.url;
  parameter.expression = definition.expression;
  parameter.targets = definition.targets;
  if (parameter.type == ParameterType::composite) {
    parameter.components = definition.components;
    return add_to_type(std::move(parameter), definition, resource);
  }
  auto const name = std::string(type(base).name);
  auto const alternatives = parse_search_expression(parameter.expression, name);
  if (!fits_tree(alternatives, definition.is_added) && definition.is_added) {
    parameter.paths = {add_whole(definition, base, resource, parameter.type)};
    return add_to_type(std::move(parameter), definition, resource);
  }
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
  add_to_type(std::move(parameter), definition, resource);
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

/// R4's definitions, and then those of others.
void Builder::add_definitions(Table const& rows) {
  for (auto const& row : rows.rows()) {
    bool const is_example =
        rows.cell(row, "url").starts_with("http://hl7.org/fhir/SearchParameter/example");
    bool const is_special = rows.cell(row, "type") == "special";
    if (is_example || is_special || rows.cell(row, "expression").empty()) continue;
    Definition definition{rows.cell(row, "code"),
                          rows.cell(row, "type"),
                          rows.cell(row, "url"),
                          rows.cell(row, "expression"),
                          {},
                          parse_components(rows.cell(row, "component"))};
    for (auto target : split(rows.cell(row, "target"), ' ')) {
      if (auto const id = find_type(target); id != 0) definition.targets.push_back(id);
    }
    for (auto base_name : split(rows.cell(row, "base"), ' ')) {
      auto const base = find_type(base_name);
      for (auto resource : types_below(base)) add_parameter(definition, base, resource);
    }
  }
  for (auto const& added : tables_.added) {
    Definition definition{added.code, added.type, added.url, added.expression,
                          {},         {},         true,      added.in_force};
    for (auto const& target : added.targets) definition.targets.push_back(find_type(target));
    for (auto const& [url, expression] : added.components)
      definition.components.push_back({url, expression});
    for (auto const& base_name : added.bases) {
      auto const base = find_type(base_name);
      for (auto resource : types_below(base)) add_parameter(definition, base, resource);
    }
  }
}

void Builder::build(Table const& rows) {
  auto const count = types().size();
  tables_.roots.resize(count);
  tables_.parameters.resize(count);
  tables_.defaults.resize(count);
  new_node(0, nullptr);
  for (auto resource : types_below(find_type("Resource"))) {
    tables_.roots[resource] = new_node(resource, nullptr);
  }
  add_definitions(rows);
  for (auto& parameters : tables_.parameters) {
    std::ranges::sort(parameters, {}, &SearchParameter::code);
  }
  hash_edges();
}

void build_tables(SearchTables& tables) {
  auto const text = embedded_data("fhir/r4/search_parameters.tsv");
  SINEW_CHECK(bool(text));
  auto const rows = Table::parse(*text, "search_parameters.tsv");
  SINEW_CHECK(bool(rows));
  Builder(tables).build(*rows);
}

thread_local SearchTables const* in_force = nullptr;

}  // namespace

SearchTables const& search_tables() {
  static SearchTables const kTables = [] {
    SearchTables tables;
    build_tables(tables);
    return tables;
  }();
  return in_force != nullptr ? *in_force : kTables;
}

std::uint64_t search_generation() { return in_force != nullptr ? in_force->generation : 0; }

std::shared_ptr<SearchTables> make_search_tables(std::span<ParameterDefinition const> added,
                                                 std::uint64_t generation) {
  auto tables = std::make_shared<SearchTables>();
  tables->added.assign(added.begin(), added.end());
  tables->generation = generation;
  build_tables(*tables);
  return tables;
}

SearchScope::SearchScope(std::shared_ptr<SearchTables const> tables)
    : tables_(std::move(tables)), outer_(in_force) {
  in_force = tables_.get();
}

SearchScope::~SearchScope() { in_force = outer_; }

}  // namespace sinew::fhir
