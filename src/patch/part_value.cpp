#include "patch/part_value.h"

#include "base/text.h"
#include "fhirpath/item.h"

namespace sinew::patch {
namespace {

constexpr std::string_view kValue = "value";

/// "HumanName" -> HumanName, "DateTime" -> dateTime.
fhir::TypeId type_of_suffix(std::string_view suffix) {
  if (auto const type = fhir::find_type(suffix); type != 0) return type;
  auto lower = std::string(suffix);
  if (!lower.empty()) lower[0] = to_ascii_lower(lower[0]);
  return fhir::find_type(lower);
}

/// Parts that still have to become members of an object.
struct OpenParts {
  json::Value parts;
  NodeId object;
  fhir::TypeId type;
};

Result<Content> simple_value(Tree& tree, json::Value part, std::string_view suffix) {
  Content content;
  auto const name = std::string(kValue).append(suffix);
  if (auto const value = part[name]; value.exists()) content.value = TRY(tree.graft(value));
  if (auto const twin = part['_' + name]; twin.exists()) content.twin = TRY(tree.graft(twin));
  return content;
}

/// One part as a member of the object; what has parts itself goes on the list.
Result<> take_part(Tree& tree, json::Value part, OpenParts const& into,
                   std::vector<OpenParts>& open) {
  auto const suffix = suffix_of(part);
  auto const* const element = named_element(into.type, part["name"].text(), suffix);
  if (element == nullptr || !(suffix.empty() || fits(*element, suffix))) {
    return fail(ErrorCode::invalid, "a part is no element of the type", "Parameters.parameter");
  }
  Content content;
  if (!suffix.empty()) {
    content = TRY(simple_value(tree, part, suffix));
  } else if (part["resource"].exists()) {
    content.value = TRY(tree.graft(part["resource"]));
  } else {
    content.value = tree.make(json::Kind::object);
    open.push_back({part["part"], content.value, element->type});
  }
  Elements elements(tree);
  if (element->is_list) {
    elements.insert(into.object, element->name, elements.size(into.object, element->name), content);
  } else {
    elements.set(into.object, element->name, content);
  }
  return {};
}

}  // namespace

fhir::Element const* named_element(fhir::TypeId type, std::string_view name,
                                   std::string_view suffix) {
  if (auto const* const element = fhir::find_element(type, name)) return element;
  auto const* const choice = fhir::find_element(type, std::string(name).append(suffix));
  return choice != nullptr && choice->choice != 0 ? choice : nullptr;
}

std::string suffix_of(json::Value part) {
  for (auto [name, value] : part.members()) {
    if (name.starts_with('_')) name.remove_prefix(1);
    if (name.starts_with(kValue) && name.size() > kValue.size()) {
      return std::string(name.substr(kValue.size()));
    }
  }
  return {};
}

bool fits(fhir::Element const& element, std::string_view suffix) {
  auto const given = type_of_suffix(suffix);
  if (given == 0 || element.type == 0) return given != 0;
  auto const is_primitive = [](fhir::TypeId type) {
    return fhir::type(type).kind == fhir::TypeKind::primitive || fhir::type(type).name == "xhtml";
  };
  if (is_primitive(element.type) && is_primitive(given)) return true;
  return fhirpath::is_subtype(given, element.type) || fhirpath::is_subtype(element.type, given);
}

Result<PartValue> part_value(Tree& tree, json::Value part, fhir::TypeId type) {
  PartValue value;
  value.suffix = suffix_of(part);
  if (!value.suffix.empty()) {
    value.content = TRY(simple_value(tree, part, value.suffix));
    return value;
  }
  if (part["resource"].exists()) {
    value.content.value = TRY(tree.graft(part["resource"]));
    return value;
  }
  if (!part["part"].exists()) return fail(ErrorCode::malformed, "the value is left out");
  value.content.value = tree.make(json::Kind::object);
  std::vector<OpenParts> open = {{part["part"], value.content.value, type}};
  while (!open.empty()) {
    auto const next = open.back();
    open.pop_back();
    for (auto const inner : next.parts.elements()) TRY(take_part(tree, inner, next, open));
  }
  return value;
}

}  // namespace sinew::patch
