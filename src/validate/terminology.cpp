// What CodeSystems, ValueSets and ConceptMaps ask beyond their invariants.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "validate/codes.h"
#include "validate/concepts.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

/// Properties that have one meaning wherever they are used.
/// Source: FHIR R4 codesystem-concept-properties.html, and later releases.
struct KnownProperty {
  std::string_view code;
  std::string_view type;
};
constexpr auto kProperties = std::to_array<KnownProperty>({
    {"child", "code"},
    {"comment", "string"},
    {"deprecationDate", "dateTime"},
    {"effectiveDate", "dateTime"},
    {"itemWeight", "decimal"},
    {"notSelectable", "boolean"},
    {"parent", "code"},
    {"partOf", "code"},
    {"retirementDate", "dateTime"},
});
static_assert(std::ranges::is_sorted(kProperties, {}, &KnownProperty::code));
constexpr std::string_view kPropertyUri = "http://hl7.org/fhir/concept-properties#";

/// The property of a CodeSystem with that code.
json::Value declared(json::Value code_system, std::string_view code) {
  for (auto const property : code_system["property"].elements()) {
    if (property["code"].text() == code) return property;
  }
  return {};
}

/// `valueDateTime` for dateTime.
std::string member_for(std::string type) {
  if (!type.empty() && is_ascii_lower(type[0])) type[0] = static_cast<char>(type[0] - 'a' + 'A');
  return "value" + type;
}

bool is_absolute(std::string_view uri) { return uri.empty() || uri.find(':') != uri.npos; }

/// Operators of hierarchies, whose value is a concept.
constexpr auto kConceptOperators =
    std::to_array<std::string_view>({"descendent-of", "generalizes", "is-a", "is-not-a"});

}  // namespace

void Walker::check_code_system(Node const& node) {
  auto const content = node.value["content"].text();
  if (node.value["supplements"] && content != "supplement") {
    refuse(FindingCode::structure, "what supplements a code system has content 'supplement'", node);
  }
  if (content == "not-present" && node.value["concept"]) {
    refuse(FindingCode::structure, "has concepts, though content says that none are present", node);
  }
  std::unordered_map<std::string, std::string> types;  // by code of the property
  std::unordered_set<std::string> uris;
  for (auto const& property : children_of(node, "property")) {
    auto const code = property.value["code"].text();
    auto const uri = property.value["uri"].text();
    bool const is_named = uri.starts_with(kPropertyUri);  // other uris name nothing we know
    bool const is_new = types.emplace(code, property.value["type"].text()).second;
    if (!is_new || (is_named && !uris.insert(uri).second)) {
      refuse(FindingCode::structure, "a property stands here twice", property);
    }
    if (is_named) check_property(property, std::string_view(uri).substr(kPropertyUri.size()));
  }
  if (!types.empty()) check_concept_properties(node, types);
}

void Walker::check_property(Node const& property, std::string_view name) {
  auto const* const row = std::ranges::lower_bound(kProperties, name, {}, &KnownProperty::code);
  if (row == kProperties.end() || row->code != name) return;
  if (property.value["type"].text() != row->type) {
    refuse(FindingCode::value, "the property of this uri is of type " + std::string(row->type),
           property);
  }
}

/// The values of concepts are of the types that the code system declares.
/// Source: FHIR R4 codesystem.html#properties.
void Walker::check_concept_properties(Node const& node,
                                      std::unordered_map<std::string, std::string> const& types) {
  std::vector<Node> open = children_of(node, "concept");
  while (!open.empty() && !is_full()) {
    auto const item = open.back();
    open.pop_back();
    for (auto const& property : children_of(item, "property")) {
      auto const known = types.find(property.value["code"].text());
      if (known == types.end() || property.value[member_for(known->second)]) continue;
      bool const has_value = property.value.size() > 1;
      if (has_value)
        refuse(FindingCode::value, "the property is of type " + known->second, property);
    }
    for (auto const& child : children_of(item, "concept")) open.push_back(child);
  }
}

void Walker::check_value_set(Node const& node) {
  auto const url = node.value["url"].text();
  if (!is_absolute(url)) refuse(FindingCode::value, "a canonical is an absolute URL", node);
  for (auto const& compose : children_of(node, "compose")) {
    for (auto const* name : {"include", "exclude"}) {
      for (auto const& include : children_of(compose, name)) check_include(include, node.value);
    }
  }
}

void Walker::check_include(Node const& include, json::Value value_set) {
  auto const system = include.value["system"].text();
  if (!is_absolute(system)) {
    return refuse(FindingCode::value, "a code system is named by an absolute URI", include);
  }
  auto const version = include.value["version"].text();
  auto const* const list =
      version.empty() ? library_.code_list(system) : library_.code_list(system + "|" + version);
  for (auto const& item : children_of(include, "concept")) {
    auto const code = item.value["code"].text();
    bool const is_missing = list != nullptr && list->is_complete && !list->has(code);
    if (is_missing || !can_be_code(system, code)) {
      refuse(FindingCode::code_invalid, "code system " + system + " has no such code", item);
    }
  }
  for (auto const& filter : children_of(include, "filter")) {
    check_filter(filter, system);
    check_computed(filter, value_set);
  }
}

/// A filter value that is computed: from a parameter of the value set, in FHIRPath.
/// Source: extensions cqf-expression and valueset-parameter.
void Walker::check_computed(Node const& filter, json::Value value_set) {
  for (auto const extension : filter.value["_value"]["extension"].elements()) {
    auto const expression = extension["valueExpression"];
    if (!extension["url"].text().ends_with("/cqf-expression") || !expression) continue;
    if (expression["language"].text() != "text/fhirpath") {
      refuse(FindingCode::not_supported, "an expression of a value set is FHIRPath", filter);
      continue;
    }
    auto const text = expression["expression"].text();
    if (!text.starts_with('%') || text.find_first_of(" .(") != text.npos) continue;
    auto const list = value_set["extension"].elements();
    bool const is_known = std::any_of(list.begin(), list.end(), [&](json::Value parameter) {
      auto const parts = parameter["extension"].elements();
      return parameter["url"].text().ends_with("/valueset-parameter") &&
             std::any_of(parts.begin(), parts.end(), [&](json::Value part) {
               return part["url"].text() == "name" && part["valueCode"].text() == text.substr(1);
             });
    });
    if (!is_known) refuse(FindingCode::not_found, "the value set has no such parameter", filter);
  }
}

/// Source: FHIR R4 valueset.html#filters, codesystem.html#filters.
void Walker::check_filter(Node const& filter, std::string const& system) {
  auto const op = filter.value["op"].text();
  auto const value = filter.value["value"].text();
  bool const is_concept = std::ranges::find(kConceptOperators, op) != kConceptOperators.end();
  if (is_concept && !can_be_code(system, value)) {
    return refuse(FindingCode::code_invalid, "the value is no concept of " + system, filter);
  }
  bool const is_ecl = filter.value["property"].text() == "constraint" && op == "=";
  if (is_ecl && system == kSnomed && !can_be_ecl(value)) {
    return refuse(FindingCode::value, "no expression constraint (ECL)", filter);
  }
  auto const* const definition = library_.find("CodeSystem", system);
  if (definition == nullptr || op != "=" || !filter.value["value"]) return;
  auto const property = declared(definition->root(), filter.value["property"].text());
  auto const type = property["type"].text();
  if (type == "boolean" && value != "true" && value != "false") {
    refuse(FindingCode::value, "the property is true or false", filter);
  }
  if (type != "Coding") return;
  auto const hash = value.rfind('#');
  if (hash == value.npos) {
    return refuse(FindingCode::value, "the property is a Coding: system|version#code", filter);
  }
  auto const* const list = library_.code_list(value.substr(0, hash));
  if (list != nullptr && list->is_complete && !list->has(value.substr(hash + 1))) {
    refuse(FindingCode::code_invalid, "the value is a code that its system does not have", filter);
  }
}

/// What is mapped is in the source value set, and what it is mapped to in the target one.
/// Source: FHIR R4 conceptmap.html#notes.
void Walker::check_concept_map(Node const& node) {
  auto const set_of = [&](std::string const& side) {
    auto const canonical = node.value[side + "Canonical"].text();
    return canonical.empty() ? node.value[side + "Uri"].text() : canonical;
  };
  auto const check = [&](Node const& item, std::string const& set, json::Value group,
                         std::string const& side) {
    auto const code = item.value["code"].text();
    auto const system = group[side].text();
    auto const version = group[side + "Version"].text();
    // Of a version that is not here nothing can be said.
    bool const is_here =
        version.empty() || library_.find("CodeSystem", system + "|" + version) != nullptr;
    if (code.empty() || set.empty() || !is_here) return;
    if (library_.membership(set, {system, code, true}) != Membership::no) return;
    // A code that the system does not have here may be one of another version of it.
    auto const* const list = library_.code_list(system);
    bool const is_known = list != nullptr && list->is_complete && list->has(code);
    auto const severity = is_known ? Severity::error : Severity::warning;
    if (!wants(severity)) return;
    report({severity, FindingCode::code_invalid, "the code is not in value set " + set}, item);
  };
  auto const source = set_of("source");
  auto const target = set_of("target");
  for (auto const& group : children_of(node, "group")) {
    for (auto const& element : children_of(group, "element")) {
      check(element, source, group.value, "source");
      for (auto const& to : children_of(element, "target")) {
        check(to, target, group.value, "target");
      }
    }
  }
}

}  // namespace sinew::validate
