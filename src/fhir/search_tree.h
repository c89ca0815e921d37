#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search_definition.h"
#include "fhir/search_expression.h"
#include "fhir/search_index.h"

namespace sinew::fhir {

using NodeId = std::uint32_t;

struct Yield;
/// Reads what a value gives to the index and appends it to `out`.
using ReadValue = void (*)(json::Value value, Yield const& yield, std::vector<IndexValue>& out);

/// What a value at a node gives to the index.
struct Yield {
  PathId path;
  ParameterType type;
  Element const* element;  ///< where the value stands, for the system of a bound code
  ReadValue read;
};

/// How values of that data type are read for that kind of parameter, or nullptr.
[[nodiscard]] ReadValue find_reader(ParameterType parameter, TypeId value_type);
/// `exists() and != false`, as a token.
void read_not_false(json::Value value, Yield const& yield, std::vector<IndexValue>& out);

/// Goes on at the same value when it passes a test.
struct Filter {
  SearchStep::Kind kind;  ///< where_equals, where_extension
  std::string_view name;
  std::string_view value;
  NodeId node;
};

/// To the members called `name`.
struct Edge {
  std::string_view name;
  NodeId node = 0;  ///< 0: an empty slot
  bool is_first_only = false;
};

/// A place in a resource that values are taken from, or that lies on the way to one.
struct SearchNode {
  TypeId type = 0;
  Element const* element = nullptr;
  std::vector<Edge> edges;  ///< open-addressing, a power of two, by table::hash_name
  std::vector<Filter> filters;
  std::vector<Yield> yields;
};

/// A path that the tree cannot say: an expression of FHIRPath, evaluated on the whole resource.
struct WholeExpression {
  PathId path;
  TypeId resource;
  std::string_view expression;
};

/// All search parameters, compiled: one tree of element names per resource type. What R4 defines
/// comes first and has the same numbers in all tables; definitions of others follow in the order in
/// which they were added.
struct SearchTables {
  std::vector<SearchNode> nodes;  ///< the first is unused
  std::vector<NodeId> roots;      ///< by TypeId; 0 for what is no resource
  std::vector<IndexPath> paths;
  std::deque<std::string> path_texts;                    ///< what IndexPath::expression views
  std::vector<std::vector<SearchParameter>> parameters;  ///< by TypeId
  std::vector<std::vector<PathId>> defaults;  ///< by TypeId: tokens that are false when absent
  std::vector<std::string> not_compiled;      ///< `type code: why`, for the tests
  std::deque<ParameterDefinition> added;      ///< what is not R4's; views point into it
  std::vector<WholeExpression> expressions;   ///< of `added`
  /// Reads the values of `expressions` of that resource type; set by whoever can evaluate them.
  std::function<void(json::Value resource, TypeId type, std::vector<IndexValue>& out)> evaluate;
  std::uint64_t generation = 0;  ///< 0: R4's alone; else a number that its maker gave
};

/// The tables of the SearchScope that this thread is in; else those of R4, which are built from
/// data/fhir/r4/search_parameters.tsv at the first call.
[[nodiscard]] SearchTables const& search_tables();

}  // namespace sinew::fhir
