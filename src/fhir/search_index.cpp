#include "fhir/search_index.h"

#include <algorithm>

#include "fhir/resource.h"
#include "fhir/search_tree.h"
#include "fhir/table_format.h"

namespace sinew::fhir {
namespace {

/// A value and the node that says what to do with it.
struct Visit {
  json::Value value;
  NodeId node;
};

Edge const* find_edge(SearchNode const& node, std::string_view name) {
  auto const mask = node.edges.size() - 1;
  for (auto slot = table::hash_name(name) & mask; node.edges[slot].node != 0;
       slot = (slot + 1) & mask) {
    if (node.edges[slot].name == name) return &node.edges[slot];
  }
  return nullptr;
}

bool passes(Filter const& filter, json::Value value) {
  if (filter.kind == SearchStep::Kind::where_equals) {
    return value[filter.name].raw() == filter.value;
  }
  auto const extensions = value["extension"].elements();
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](json::Value extension) { return extension["url"].raw() == filter.value; });
}

/// Walks a resource as deep as the tree of search paths goes.
class Walk {
 public:
  Walk(SearchTables const& tables, std::vector<IndexValue>& out) : nodes_(tables.nodes), out_(out) {
    visits_.reserve(64);
  }

  void run(json::Value resource, NodeId root) {
    visits_.push_back({resource, root});
    // In order of arrival, so that values come out as they stand in the resource.
    for (std::size_t i = 0; i < visits_.size(); ++i) visit(visits_[i]);
  }

 private:
  void visit(Visit at) {
    auto const& node = nodes_[at.node];
    for (auto const& yield : node.yields) yield.read(at.value, yield, out_);
    for (auto const& filter : node.filters) {
      if (passes(filter, at.value)) visits_.push_back({at.value, filter.node});
    }
    if (node.edges.empty()) return;
    for (auto const [name, member] : at.value.members()) {
      if (auto const* edge = find_edge(node, name)) arrive(member, *edge);
    }
  }

  void arrive(json::Value value, Edge const& edge) {
    if (!value.is_array()) {
      visits_.push_back({value, edge.node});
      return;
    }
    for (auto item : value.elements()) {
      visits_.push_back({item, edge.node});
      if (edge.is_first_only) return;
    }
  }

  std::vector<SearchNode> const& nodes_;
  std::vector<IndexValue>& out_;
  std::vector<Visit> visits_;
};

}  // namespace

std::span<IndexPath const> index_paths() { return search_tables().paths; }

std::span<SearchParameter const> search_parameters(TypeId resource) {
  auto const& parameters = search_tables().parameters;
  return resource < parameters.size() ? parameters[resource] : parameters[0];
}

SearchParameter const* find_parameter(TypeId resource, std::string_view code) {
  auto const parameters = search_parameters(resource);
  auto const found = std::ranges::lower_bound(parameters, code, {}, &SearchParameter::code);
  return found != parameters.end() && found->code == code ? &*found : nullptr;
}

void extract_index(json::Value resource, std::vector<IndexValue>& out) {
  auto const type_id = resource_type(resource);
  if (type_id == 0) return;
  auto const before = static_cast<std::ptrdiff_t>(out.size());
  auto const& tables = search_tables();
  Walk(tables, out).run(resource, tables.roots[type_id]);
  if (tables.evaluate) tables.evaluate(resource, type_id, out);
  for (auto path : tables.defaults[type_id]) {
    bool const is_present = std::any_of(out.begin() + before, out.end(),
                                        [path](auto const& value) { return value.path == path; });
    if (is_present) continue;
    auto& value = out.emplace_back();
    value.path = path;
    value.type = ParameterType::token;
    value.code = "false";
  }
}

}  // namespace sinew::fhir
