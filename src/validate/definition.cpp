// What definitions of structures and questionnaires ask beyond their invariants.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

/// The type of what a name of a path leads to. `is_known` is false where the tables end: what a
/// resource in a resource holds, a choice of several types, the members of an abstract element.
struct Step {
  bool is_known = false;
  bool is_there = true;
  fhir::TypeId type = 0;
};

bool is_choice_of(fhir::Element const& row, std::string_view base) {
  auto const type = fhir::type(row.type).name.view();
  return row.choice != 0 && row.name.size() == base.size() + type.size() &&
         row.name.view().starts_with(base);
}

/// Abstract types have members that only their descendants name.
bool is_abstract(fhir::TypeId type) {
  constexpr auto kAbstract =
      std::to_array<std::string_view>({"BackboneElement", "DomainResource", "Element", "Resource"});
  auto const name = fhir::type(type).name.view();
  return std::ranges::find(kAbstract, name) != kAbstract.end();
}

Step step(fhir::TypeId type, std::string_view name) {
  if (type == 0 || is_abstract(type)) return {};
  // Of a primitive all but `value` is an Element's.
  if (fhir::type(type).kind == fhir::TypeKind::primitive) return {};
  auto const* const row = fhir::find_element(type, name);
  if (row != nullptr) return {true, true, row->type};
  bool const is_open = name.ends_with("[x]");
  auto const base = is_open ? name.substr(0, name.size() - 3) : name;
  auto const rows = fhir::elements(type);
  bool const is_choice =
      std::ranges::any_of(rows, [&](fhir::Element const& one) { return is_choice_of(one, base); });
  if (is_choice) return {false, true, 0};
  return {true, false, 0};
}

/// Follows `Patient.contact.name` from a type of R4.
Step follow_path(std::string_view path) {
  auto const parts = split(path, '.');
  Step at{true, true, fhir::find_type(parts[0])};
  for (std::size_t i = 1; i < parts.size() && at.is_there; ++i) {
    at = step(at.is_known ? at.type : fhir::TypeId{0}, parts[i]);
  }
  return at;
}

struct DefinitionRow {
  std::string_view type;
  void (Walker::*check)(Node const&);
};

}  // namespace

void Walker::check_structure_definition(Node const& node) {
  check_obligations(node);
  auto const type = fhir::find_type(node.value["type"].text());
  if (type == 0 || node.value["derivation"].raw() != "constraint") return;
  for (auto const& differential : children_of(node, "differential")) {
    for (auto const& element : children_of(differential, "element")) {
      auto const path = element.value["path"].text();
      if (!path.starts_with(fhir::type(type).name.view())) continue;  // an invariant says so
      auto const at = follow_path(path);
      if (!at.is_there) {
        refuse(FindingCode::structure, "no element has the path " + path, element);
        continue;
      }
      check_discriminators(element, at.is_known ? at.type : fhir::TypeId{0});
      check_type_profiles(element);
    }
  }
}

/// The names in the path of a discriminator are those of the element that is sliced.
/// Source: FHIR R4 profiling.html#discriminator.
void Walker::check_discriminators(Node const& element, fhir::TypeId type) {
  for (auto const& slicing : children_of(element, "slicing")) {
    for (auto const& discriminator : children_of(slicing, "discriminator")) {
      Step at{true, true, type};
      auto const path = discriminator.value["path"].text();
      for (auto const one : split(path, '.')) {
        if (one == "$this") continue;
        bool const is_function = one.find('(') != one.npos || one.find(')') != one.npos;
        at = step(at.is_known && !is_function ? at.type : fhir::TypeId{0}, one);
        if (at.is_there) continue;
        refuse(FindingCode::structure, "what is sliced has nothing that this path leads to",
               discriminator);
        break;
      }
    }
  }
}

/// A profile of a type is about that type. Source: FHIR R4 ElementDefinition.type.profile.
void Walker::check_type_profiles(Node const& element) {
  for (auto const& rule : children_of(element, "type")) {
    auto const type = fhir::find_type(rule.value["code"].text());
    if (type == 0) continue;
    for (auto const& item : children_of(rule, "profile")) {
      auto const* const profile = library_.profile(item.value.text());
      if (profile == nullptr || profile->type == type) continue;
      // `Resource` narrowed to Patient; a Quantity is no Count, though that specialises it.
      bool const is_resource = fhir::type(type).kind == fhir::TypeKind::resource;
      bool const is_narrower = fhirpath::is_subtype(profile->type, type);
      bool const is_wider = fhirpath::is_subtype(type, profile->type);
      if (is_wider || (is_resource && is_narrower)) continue;
      refuse(FindingCode::structure,
             "this profile is about " + std::string(fhir::type(profile->type).name.view()), item);
    }
  }
}

/// What a profile inherits obligations from is a profile of obligations on the same base.
/// Source: extensions inherit-obligations and obligation-profile.
void Walker::check_obligations(Node const& node) {
  constexpr std::string_view kBase = "http://hl7.org/fhir/StructureDefinition/";
  for (auto const& extension : children_of(node, "extension")) {
    if (extension.value["url"].text() != std::string(kBase) + "inherit-obligations") continue;
    auto const* const other =
        library_.find("StructureDefinition", extension.value["valueCanonical"].text());
    if (other == nullptr) continue;
    auto const root = other->root();
    auto const flags = root["extension"].elements();
    bool const is_flagged = std::any_of(flags.begin(), flags.end(), [&](json::Value flag) {
      auto const url = flag["url"].text();
      return url.starts_with(kBase) && url.substr(kBase.size()).starts_with("obligation-profile");
    });
    if (!is_flagged) {
      refuse(FindingCode::structure, "this is no profile of obligations", extension);
    } else if (root["baseDefinition"].text() != node.value["baseDefinition"].text()) {
      refuse(FindingCode::structure, "this profile of obligations has another base", extension);
    }
  }
}

/// Conditions name items of the questionnaire, and none within the item itself: nobody could answer
/// those before it is shown. Source: FHIR R4 questionnaire.html#enableWhen.
void Walker::check_questionnaire(Node const& node) {
  std::vector<Node> open = children_of(node, "item");
  while (!open.empty()) {
    auto const item = open.back();
    open.pop_back();
    std::unordered_set<std::string> inner;
    std::vector<json::Value> below{item.value["item"]};
    // Deep questionnaires cost the square of their depth, which the parser limits.
    while (item.value["enableWhen"] && !below.empty()) {
      auto const list = below.back();
      below.pop_back();
      for (auto const one : list.elements()) {
        inner.insert(one["linkId"].text());
        if (one["item"]) below.push_back(one["item"]);
      }
    }
    for (auto const& condition : children_of(item, "enableWhen")) {
      if (!inner.contains(condition.value["question"].text())) continue;
      refuse(FindingCode::structure, "the condition is about an item within this one", condition);
    }
    for (auto const& child : children_of(item, "item")) open.push_back(child);
  }
}

void Walker::check_definition(Node const& node) {
  static constexpr auto kChecks = std::to_array<DefinitionRow>({
      {"CodeSystem", &Walker::check_code_system},
      {"ConceptMap", &Walker::check_concept_map},
      {"Measure", &Walker::check_measure},
      {"MeasureReport", &Walker::check_measure_report},
      {"Questionnaire", &Walker::check_questionnaire},
      {"StructureDefinition", &Walker::check_structure_definition},
      {"ValueSet", &Walker::check_value_set},
  });
  auto const name = fhir::type(node.type).name.view();
  auto const* const row = std::ranges::find(kChecks, name, &DefinitionRow::type);
  if (row != kChecks.end()) (this->*row->check)(node);
}

}  // namespace sinew::validate
