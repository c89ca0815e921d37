#include "fhir/search_element.h"

#include <algorithm>

#include "base/text.h"
#include "fhir/search_tree.h"

namespace sinew::fhir {
namespace {

using Kind = SearchStep::Kind;

/// Types are compared without case: R4's own composites say `DateTime` for dateTime.
bool is_type(TypeId id, std::string_view name) {
  auto const own = type(id).name.view();
  return std::ranges::equal(own, name,
                            [](char a, char b) { return to_ascii_lower(a) == to_ascii_lower(b); });
}

void add_member(PathValue const& from, Element const& element, std::vector<PathValue>& out) {
  auto const member = from.value[element.name.view()];
  if (!member) return;
  if (!member.is_array()) return out.push_back({member, element.type, &element});
  for (auto const item : member.elements()) out.push_back({item, element.type, &element});
}

/// To `name`, or to whichever type of the choice `name` is there.
void add_children(PathValue const& from, std::string_view name, std::vector<PathValue>& out) {
  if (auto const* single = find_element(from.type, name)) return add_member(from, *single, out);
  for (auto const& element : elements(from.type)) {
    auto const json_name = element.name.view();
    if (element.choice == 0 || !json_name.starts_with(name)) continue;
    if (is_type(element.type, json_name.substr(name.size()))) add_member(from, element, out);
  }
}

bool passes(SearchStep const& step, json::Value value) {
  if (step.kind == Kind::where_equals) return value[step.name].raw() == step.value;
  auto const extensions = value["extension"].elements();
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](json::Value extension) { return extension["url"].raw() == step.value; });
}

std::vector<PathValue> take_step(std::vector<PathValue> from, SearchStep const& step) {
  std::vector<PathValue> to;
  switch (step.kind) {
    case Kind::child:
      for (auto const& value : from) add_children(value, step.name, to);
      return to;
    case Kind::first:
      if (from.size() > 1) from.resize(1);
      return from;
    case Kind::as:
      std::erase_if(from, [&](PathValue const& value) { return !is_type(value.type, step.name); });
      return from;
    case Kind::where_equals:
    case Kind::where_extension:
      std::erase_if(from, [&](PathValue const& value) { return !passes(step, value.value); });
      return from;
    case Kind::not_false:
      return from;
  }
  return from;
}

void read_values(std::vector<PathValue> const& values, ParameterType parameter,
                 std::vector<IndexValue>& out) {
  for (auto const& value : values) {
    Yield const yield{0, parameter, value.element, find_reader(parameter, value.type)};
    if (yield.read != nullptr) yield.read(value.value, yield, out);
  }
}

SearchParameter const* find_by_url(TypeId type, std::string_view url) {
  auto const parameters = search_parameters(type);
  auto const found = std::ranges::find(parameters, url, &SearchParameter::url);
  return found == parameters.end() ? nullptr : &*found;
}

}  // namespace

std::vector<PathValue> follow_steps(PathValue from, std::vector<SearchStep> const& steps) {
  std::vector<PathValue> at = {from};
  for (auto const& step : steps) at = take_step(std::move(at), step);
  return at;
}

std::vector<PathValue> values_on_path(json::Value resource, PathId path) {
  auto const expression = index_paths()[path].expression;
  auto const type_id = find_type(resource["resourceType"].raw());
  auto const alternatives = parse_search_expression(expression, type(type_id).name.view());
  std::vector<PathValue> values;
  if (!alternatives) return values;
  for (auto const& alternative : *alternatives)
    for (auto const& value : follow_steps({resource, type_id, nullptr}, alternative.steps))
      values.push_back(value);
  return values;
}

Result<CompositeReader> CompositeReader::make(TypeId type, SearchParameter const& composite) {
  constexpr std::string_view kRoot = "%resource.";
  auto const name = fhir::type(type).name.view();
  auto const give_up = [&] {
    return fail(ErrorCode::not_supported, "a component of this parameter cannot be evaluated",
                std::string(composite.code));
  };
  CompositeReader reader;
  reader.type_ = type;
  for (auto const& text : split(composite.expression, '|')) {
    if (trim(text) == name) {
      reader.elements_.emplace_back();  // the resource itself
      continue;
    }
    auto parsed = parse_search_expression(trim(text), name);
    if (!parsed) return give_up();
    for (auto& element : *parsed) reader.elements_.push_back(std::move(element));
  }
  if (reader.elements_.empty() || composite.components.empty()) return give_up();
  reader.is_whole_ = reader.elements_.size() == 1 && reader.elements_.front().steps.empty();
  for (auto const& component : composite.components) {
    Part part;
    auto expression = component.expression;
    part.is_from_root = expression.starts_with(kRoot);
    if (part.is_from_root) expression.remove_prefix(kRoot.size());
    auto parsed = parse_search_expression(expression, name);
    auto const* parameter = find_by_url(type, component.url);
    if (!parsed || parsed->empty() || parameter == nullptr) return give_up();
    part.alternatives = std::move(*parsed);
    reader.parts_.push_back(std::move(part));
    reader.parameters_.push_back(parameter);
  }
  return reader;
}

std::vector<CompositeElement> CompositeReader::read(json::Value resource) const {
  std::vector<CompositeElement> out;
  PathValue const root{resource, type_, nullptr};
  for (auto const& expression : elements_) {
    for (auto const& element : follow_steps(root, expression.steps)) {
      CompositeElement values(parts_.size());
      for (std::size_t i = 0; i < parts_.size(); ++i) {
        auto const& from = parts_[i].is_from_root ? root : element;
        for (auto const& alternative : parts_[i].alternatives)
          read_values(follow_steps(from, alternative.steps), parameters_[i]->type, values[i]);
      }
      out.push_back(std::move(values));
    }
  }
  return out;
}

}  // namespace sinew::fhir
