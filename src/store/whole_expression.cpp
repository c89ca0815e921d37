#include "store/whole_expression.h"

#include <map>
#include <memory>
#include <utility>

#include "fhirpath/evaluator.h"

namespace sinew::store {
namespace {

using fhir::IndexValue;
using fhir::ParameterType;

struct Compiled {
  fhir::PathId path;
  ParameterType type;
  fhirpath::Expression expression;
};
using ByType = std::map<fhir::TypeId, std::vector<Compiled>>;

IndexValue& add(Compiled const& from, std::vector<IndexValue>& out) {
  auto& value = out.emplace_back();
  value.path = from.path;
  value.type = from.type;
  return value;
}

/// A value that is no place in the resource but was worked out.
void add_worked_out(fhirpath::Item const& item, Compiled const& from,
                    std::vector<IndexValue>& out) {
  bool const is_text = from.type == ParameterType::string || from.type == ParameterType::token ||
                       from.type == ParameterType::uri;
  if (item.kind == fhirpath::ItemKind::boolean && from.type == ParameterType::token) {
    add(from, out).code = item.boolean ? "true" : "false";
  } else if (item.kind == fhirpath::ItemKind::string && is_text) {
    auto& value = add(from, out);
    value.code = item.text;
    if (from.type == ParameterType::string) value.text = fhir::fold_text(item.text);
  }
}

void add_value(json::Value node, fhir::TypeId type, fhir::Element const* element,
               Compiled const& from, std::vector<IndexValue>& out) {
  fhir::Yield const yield{from.path, from.type, element, fhir::find_reader(from.type, type)};
  if (yield.read != nullptr) yield.read(node, yield, out);
}

void add_item(fhirpath::Item const& item, Compiled const& from, std::vector<IndexValue>& out) {
  static fhir::TypeId const kExtension = fhir::find_type("Extension");
  if (!item.is_node()) return add_worked_out(item, from, out);
  if (item.type != kExtension)
    return add_value(item.node.value, item.type, item.element, from, out);
  // An extension is found by its value.
  for (auto const [name, member] : item.node.value.members())
    if (auto const* element = fhir::find_element(kExtension, name);
        element != nullptr && element->choice != 0)
      add_value(member, element->type, element, from, out);
}

void evaluate(ByType const& expressions, json::Value resource, fhir::TypeId type,
              std::vector<IndexValue>& out) {
  auto const found = expressions.find(type);
  if (found == expressions.end()) return;
  thread_local fhirpath::Evaluator evaluator = [] {
    fhirpath::Environment environment;
    environment.resolves_to_types = true;
    return fhirpath::Evaluator(environment);
  }();
  for (auto const& compiled : found->second) {
    // What cannot be evaluated on this resource gives no value.
    auto const items = evaluator.evaluate(compiled.expression, resource);
    if (!items) continue;
    for (auto const& item : *items) add_item(item, compiled, out);
  }
}

}  // namespace

std::vector<std::string> add_evaluation(fhir::SearchTables& tables) {
  std::vector<std::string> failed;
  auto const by_type = std::make_shared<ByType>();
  for (auto const& whole : tables.expressions) {
    auto expression = fhirpath::Expression::compile(whole.expression,
                                                    fhirpath::definition_options(whole.resource));
    if (!expression) {
      failed.emplace_back(whole.expression);
      continue;
    }
    (*by_type)[whole.resource].push_back(
        {whole.path, tables.paths[whole.path].type, *std::move(expression)});
  }
  if (!by_type->empty())
    tables.evaluate = [by_type](json::Value resource, fhir::TypeId type,
                                std::vector<IndexValue>& out) {
      evaluate(*by_type, resource, type, out);
    };
  return failed;
}

}  // namespace sinew::store
