#include <algorithm>

#include "base/text.h"
#include "fhirpath/item.h"
#include "validate/profile.h"

namespace sinew::validate {
namespace {

/// The rows of the element tables that a rule's name stands for: one, or those of a choice.
struct Rows {
  std::vector<fhir::Element const*> rows;

  Rows(fhir::TypeId type, std::string_view name) {
    if (type == 0) return;
    if (auto const* const row = fhir::find_element(type, name)) {
      rows.push_back(row);
      return;
    }
    for (auto const& row : fhir::elements(type)) {
      auto const type_name = fhir::type(row.type).name.view();
      if (row.choice != 0 && row.name.size() == name.size() + type_name.size() &&
          row.name.view().starts_with(name)) {
        rows.push_back(&row);
      }
    }
  }
};

/// An open slicing alone asks nothing; it is kept for profiles derived from this one, but for
/// extensions, which every profile slices, and by url.
bool needs_slicing(Rule const& rule) {
  return rule.slicing && (rule.slicing->rules != SlicingRules::open ||
                          (rule.name != "extension" && rule.name != "modifierExtension"));
}

bool asks_nothing(Rule const& rule) {
  return rule.min == 0 && rule.max == kUnbounded && rule.types.empty() && !rule.fixed &&
         !rule.pattern && !rule.min_value && !rule.max_value && rule.length_max == kUnbounded &&
         !rule.binding && rule.more_bindings.empty() && !rule.needs_value &&
         rule.alternatives.empty() && !rule.narrative && rule.constraints.empty() &&
         rule.slices.empty() && rule.children.empty() && rule.content_of.empty() &&
         !needs_slicing(rule);
}

/// The targets of a type rule that say no more than the tables do.
void prune_targets(TypeRule& rule, fhir::Element const& row) {
  auto const targets = fhir::reference_targets(row);
  if (rule.targets.empty()) return;
  for (auto const& target : rule.targets) {
    auto const type = core_type(target);
    if (type == 0) return;
    bool const is_any = fhir::type(type).name == "Resource";
    if (is_any) return rule.targets.clear();
    if (std::ranges::find(targets, type) == targets.end()) return;
  }
  if (rule.targets.size() == targets.size()) rule.targets.clear();
}

void prune_types(Rule& rule, Rows const& base) {
  bool says_more = rule.types.size() < base.rows.size();
  for (auto& type : rule.types) {
    auto const row = std::ranges::find(base.rows, type.type, &fhir::Element::type);
    if (row == base.rows.end()) {
      // `Resource` of the tables narrowed to Patient, or a backbone, which the profile calls
      // BackboneElement.
      auto const name = fhir::type(type.type).name;
      says_more = says_more || !(name == "BackboneElement" || name == "Element");
      continue;
    }
    prune_targets(type, **row);
    says_more = says_more || !type.profiles.empty() || !type.targets.empty();
  }
  if (!says_more) rule.types.clear();
}

void prune_against(Rule& rule, Rows const& base) {
  if (base.rows.empty()) return;
  auto const& row = *base.rows.front();
  if (rule.min <= row.min) rule.min = 0;
  if (!row.is_list && rule.max == 1) rule.max = kUnbounded;
  if (!rule.types.empty()) prune_types(rule, base);
  if (rule.binding) {
    bool const is_weak = rule.binding->strength < fhir::Strength::extensible;
    bool const is_same = rule.binding->strength <= row.strength &&
                         without_version(rule.binding->value_set) == fhir::value_set_url(row);
    if (is_weak || is_same) rule.binding.reset();
  }
}

/// The type of the values a rule is about, where it can be only one.
fhir::TypeId type_below(Rule const& rule, Rows const& base) {
  if (rule.types.size() == 1) {
    auto const name = fhir::type(rule.types[0].type).name;
    if (name != "BackboneElement" && name != "Element") return rule.types[0].type;
  }
  return base.rows.size() == 1 ? base.rows[0]->type : fhir::TypeId{0};
}

void prune_below(Rule& rule, fhir::TypeId type);

/// The limits and types of a slice are about its own items, so that they stay.
void prune_slices(Rule& rule, Rows const& base, fhir::TypeId below) {
  bool const is_single = !base.rows.empty() && !base.rows[0]->is_list;
  for (auto& slice : rule.slices) {
    if (is_single && slice.max == 1) slice.max = kUnbounded;
    auto const type = slice.types.empty() ? below : type_below(slice, Rows(0, {}));
    prune_below(slice, type != 0 ? type : below);
    prune_slices(slice, base, below);
  }
}

/// As deep as the paths of the definition, which the compiler bounds.
void prune_below(Rule& rule, fhir::TypeId type) {
  for (auto& child : rule.children) {
    Rows const base(type, child.name);
    auto const below = type_below(child, base);
    prune_slices(child, base, below);
    prune_against(child, base);
    prune_below(child, below);
  }
  rule.children.remove_if(asks_nothing);
}

void connect(Rule& rule, Profile& profile) {
  if (!rule.content_of.empty()) {
    auto const parts = split(rule.content_of, '.');
    Rule const* at = &profile.root;
    for (std::size_t i = 1; i < parts.size() && at != nullptr; ++i) at = find_child(*at, parts[i]);
    rule.content = at;
  }
  for (auto& child : rule.children) connect(child, profile);
  for (auto& slice : rule.slices) connect(slice, profile);
}

}  // namespace

Rule const* find_child(Rule const& rule, std::string_view name) {
  if (name.ends_with("[x]")) name.remove_suffix(3);
  auto const found = std::ranges::find(rule.children, name, &Rule::name);
  return found == rule.children.end() ? nullptr : &*found;
}

std::string extension_url(Rule const& rule) {
  if (auto const* const url = find_child(rule, "url")) {
    if (url->fixed) return url->fixed.text();
    if (url->pattern) return url->pattern.text();
  }
  for (auto const& type : rule.types) {
    for (auto const& profile : type.profiles) return std::string(without_version(profile));
  }
  return {};
}

void prune(Profile& profile) {
  prune_below(profile.root, profile.type);
  connect(profile.root, profile);
}

}  // namespace sinew::validate
