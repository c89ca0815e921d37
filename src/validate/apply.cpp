#include <algorithm>

#include "base/text.h"
#include "json/write.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

std::string count_text(Rule const& rule, std::size_t count) {
  auto const name = rule.slice_name.empty() ? rule.name : rule.name + ":" + rule.slice_name;
  auto const limit = count < rule.min ? "at least " + std::to_string(rule.min)
                                      : "at most " + std::to_string(rule.max);
  return name + ": " + limit + " expected, " + std::to_string(count) + " found";
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Every `#id` between quotes of any kind in a text. A narrative is a string of JSON, so that its
/// own quotes are escaped.
std::unordered_set<std::string_view> fragments_in(std::string_view text) {
  constexpr std::string_view kQuotes = "\"'\\";
  std::unordered_set<std::string_view> found;
  for (std::size_t at = text.find('#'); at != text.npos; at = text.find('#', at + 1)) {
    if (at == 0 || kQuotes.find(text[at - 1]) == kQuotes.npos) continue;
    auto const end = text.find_first_of(kQuotes, at);
    if (end != text.npos) found.insert(text.substr(at + 1, end - at - 1));
  }
  return found;
}

/// Whether every contained resource is referred to by an element, or is an image or a link of a
/// narrative, which is a reference that dom-3 cannot see. Source: FHIR R4 narrative.html#id.
bool is_told_in_narrative(json::Value resource) {
  auto const list = resource["contained"].elements();
  auto const told = fragments_in(resource.source());
  return std::all_of(list.begin(), list.end(), [&](json::Value contained) {
    return told.contains(contained["id"].raw()) || fragments_in(contained.source()).contains("");
  });
}

constexpr std::size_t kShownMax = 200;  ///< bytes of a fixed value in a text

std::string shown(json::Value value) {
  auto text = json::print(value);
  if (text.size() > kShownMax) text = "the value of the profile";
  return text;
}

}  // namespace

void Walker::collect(Node const& node, std::string_view name, fhir::Element const& element,
                     std::vector<Node>& out) {
  auto const object = node.object();
  auto const value = object[element.name.view()];
  bool const is_primitive = fhir::type(element.type).kind == fhir::TypeKind::primitive;
  auto const twin = is_primitive ? object["_" + std::string(element.name.view())] : json::Value();
  if (!value.is_array() && !twin.is_array()) {
    if (!value && !twin) return;
    out.push_back({value, twin, element.type, &element, place(node.place, name)});
    return;
  }
  auto const values = value.elements();
  auto const twins = twin.elements();
  auto at = values.begin();
  auto twin_at = twins.begin();
  for (std::int32_t index = 0; at != values.end() || twin_at != twins.end(); ++index) {
    Node item{{}, {}, element.type, &element, place(node.place, name, index)};
    if (at != values.end()) item.value = *at, ++at;
    if (twin_at != twins.end()) item.twin = *twin_at, ++twin_at;
    if (item.value.exists() && item.value.kind() == json::Kind::null) item.value = {};
    if (item.twin.exists() && item.twin.kind() == json::Kind::null) item.twin = {};
    if (item.value["resourceType"].exists()) {
      auto const type = fhir::find_type(item.value["resourceType"].text());
      if (type != 0) item.type = type;
    }
    out.push_back(item);
  }
}

std::vector<Node> Walker::children_of(Node const& node, std::string_view name) {
  std::vector<Node> out;
  auto const object = node.object();
  if (!object.is_object() || node.type == 0) return out;
  if (auto const* const element = fhir::find_element(node.type, name)) {
    collect(node, name, *element, out);
    for (auto& item : out) {
      if (fhir::type(item.type).kind != fhir::TypeKind::resource) continue;
      if (auto const type = fhir::find_type(item.value["resourceType"].text())) item.type = type;
    }
    return out;
  }
  for (auto const [member, value] : object.members()) {
    auto const bare = member.starts_with('_') ? member.substr(1) : member;
    if (!bare.starts_with(name) || (bare != member && object[bare].exists())) continue;
    auto const* const element = fhir::find_element(node.type, bare);
    if (element == nullptr || element->choice == 0) continue;
    if (bare.size() == name.size() + fhir::type(element->type).name.size()) {
      collect(node, name, *element, out);
    }
  }
  return out;
}

void Walker::apply(Rule const& rule, Node const& node, Scope const& scope, Profile const& profile,
                   Scope const* around) {
  if (!rule.types.empty()) check_types(rule, node, scope, profile);
  check_values(rule, node, profile);
  if (rule.binding) check_binding(*rule.binding, node, &profile);
  for (auto const& binding : rule.more_bindings) check_binding(binding, node, &profile);
  if (rule.narrative) check_narrative(*rule.narrative, node, scope, profile);
  for (auto const& constraint : rule.constraints) {
    check_constraint(constraint, node, around != nullptr ? *around : scope, &profile);
  }
  apply_children(rule, node, scope, profile);
  if (rule.content != nullptr) apply_children(*rule.content, node, scope, profile);
}

void Walker::apply_children(Rule const& rule, Node const& node, Scope const& scope,
                            Profile const& profile) {
  for (auto const& child : rule.children) {
    if (is_full()) return;
    auto const items = children_of(node, child.name);
    check_count(child, items.size(), node, profile);
    for (auto const& item : items) {
      Scope inner = scope;
      bool const is_resource = fhir::type(item.type).kind == fhir::TypeKind::resource;
      if (is_resource) {
        inner.resource = item.value;
        inner.place = item.place;
        if (child.name != "contained") {
          inner.root = item.value;
          inner.full_url = node.value["fullUrl"].raw();
        }
      }
      apply(child, item, inner, profile, is_resource ? &scope : nullptr);
    }
    if (!child.slices.empty() || child.slicing) {
      apply_slices(child, items, node, scope, profile);
    }
  }
}

void Walker::check_count(Rule const& rule, std::size_t count, Node const& owner,
                         Profile const& profile) {
  if (count >= rule.min && count <= rule.max) return;
  if (!wants(Severity::error)) return;
  auto const code = count < rule.min ? FindingCode::required : FindingCode::structure;
  report({Severity::error, code, count_text(rule, count), &profile}, owner);
}

void Walker::check_types(Rule const& rule, Node const& node, Scope const& scope,
                         Profile const& profile) {
  for (auto const& type : rule.types) {
    auto const name = fhir::type(type.type).name;
    bool const is_backbone = name == "BackboneElement" || name == "Element";
    if (!is_backbone && !fhirpath::is_subtype(node.type, type.type)) continue;
    if (!type.profiles.empty()) check_profiles(type, node, scope, profile);
    if (!type.targets.empty()) check_reference(type.targets, node, scope, profile);
    return;
  }
  if (!wants(Severity::error)) return;
  report({Severity::error, FindingCode::structure,
          "may not be of type " + std::string(fhir::type(node.type).name.view()), &profile},
         node);
}

void Walker::check_profiles(TypeRule const& type, Node const& node, Scope const& scope,
                            Profile const& profile) {
  if (type.profiles.size() == 1) {
    auto const* const wanted = library_.profile(type.profiles.front());
    if (wanted != nullptr && !fhirpath::is_subtype(node.type, wanted->type)) {
      return refuse(FindingCode::structure,
                    "has to be a " + std::string(fhir::type(wanted->type).name.view()), node,
                    &profile);
    }
    // An extension is checked by its own definition wherever it stands.
    bool const is_extension = fhir::type(node.type).name == "Extension" && quiet_ == 0;
    if (wanted == nullptr || is_extension) return;
    return apply(wanted->root, node, scope, *wanted);
  }
  bool const is_any = std::ranges::any_of(type.profiles, [&](std::string const& canonical) {
    return obeys(node, scope, canonical).value_or(true);
  });
  if (is_any || !wants(Severity::error)) return;
  report({Severity::error, FindingCode::structure,
          "obeys none of the profiles it may have, such as " + type.profiles.front(), &profile},
         node);
}

void Walker::check_values(Rule const& rule, Node const& node, Profile const& profile) {
  auto const fault = [&](std::string text) {
    report({Severity::error, FindingCode::value, std::move(text), &profile}, node);
  };
  if (rule.fixed && !(node.value && equals(node.value, rule.fixed)) && wants(Severity::error)) {
    fault("must be exactly " + shown(rule.fixed));
  }
  if (rule.pattern && !(node.value && fits_pattern(node.value, rule.pattern)) &&
      wants(Severity::error)) {
    fault("must hold " + shown(rule.pattern));
  }
  if (!node.value) {
    auto const extensions = node.twin["extension"].elements();
    bool const is_explained =
        std::any_of(extensions.begin(), extensions.end(), [&](json::Value extension) {
          return std::ranges::find(rule.alternatives, extension["url"].text()) !=
                 rule.alternatives.end();
        });
    bool const is_allowed = !rule.needs_value && (rule.alternatives.empty() || is_explained);
    if (!is_allowed && wants(Severity::error)) fault("needs a value here");
    return;
  }
  if (rule.min_value && compare(node.value, rule.min_value).value_or(0) < 0 &&
      wants(Severity::error)) {
    fault("must be at least " + shown(rule.min_value));
  }
  if (rule.max_value && compare(node.value, rule.max_value).value_or(0) > 0 &&
      wants(Severity::error)) {
    fault("must be at most " + shown(rule.max_value));
  }
  if (rule.length_max != kUnbounded && node.value.is_string() &&
      characters_in(node.value.text()) > rule.length_max && wants(Severity::error)) {
    fault("longer than " + std::to_string(rule.length_max) + " characters");
  }
}

/// Nothing: it cannot be said.
std::optional<bool> Walker::is_bound(Binding const& binding, Node const& node) {
  auto const& types = node.value;
  auto const ask = [&](json::Value coding) {
    auto const system = coding["system"].text();
    auto const code = coding["code"].text();
    return library_.membership(binding.value_set, {system, code, true});
  };
  auto result = Membership::no;
  if (types.is_string()) {
    auto const text = types.text();
    result = library_.membership(binding.value_set, {{}, text, false});
  } else if (types["coding"]) {
    for (auto const coding : types["coding"].elements()) {
      auto const one = ask(coding);
      if (one == Membership::yes) return true;
      if (one == Membership::unknown) result = one;
    }
  } else if (types["code"].is_string()) {
    result = ask(types);
  } else if (fhir::type(node.type).name == "Quantity" || !types.is_object()) {
    return true;  // without code there is nothing that could be outside
  }
  if (result == Membership::unknown) return std::nullopt;
  return result == Membership::yes;
}

void Walker::check_binding(Binding const& binding, Node const& node, Profile const* profile) {
  if (binding.strength < fhir::Strength::extensible || !node.value) return;
  auto const is_in = is_bound(binding, node);
  if (!is_in) {
    was_uncertain_ = true;
    if (quiet_ > 0) return;
    if (!said_.insert(to_location(node.place) + binding.value_set).second) return;
    if (!wants(Severity::information)) return;
    return report(
        {Severity::information, FindingCode::not_supported,
         "not checked against value set " + binding.value_set + ", which cannot be enumerated here",
         profile},
        node);
  }
  if (*is_in) return;
  bool const is_text = node.value.is_object() && !node.value["coding"] && !node.value["code"];
  bool const is_excused = is_text && node.value["extension"].exists();
  if (is_excused) return;
  auto const severity =
      binding.strength == fhir::Strength::required ? Severity::error : Severity::warning;
  if (!wants(severity)) return;
  report(
      {severity, FindingCode::code_invalid, "no code from value set " + binding.value_set, profile},
      node);
}

fhirpath::Evaluator& Walker::evaluator() {
  if (evaluators_.size() == evaluating_) {
    fhirpath::Environment environment;
    environment.services = this;
    environment.now = fhirpath::moment_of(options_.now);
    evaluators_.push_back(std::make_unique<fhirpath::Evaluator>(environment));
  }
  return *evaluators_[evaluating_];
}

std::optional<int> Walker::compare(json::Value a, json::Value b) {
  if (!a.is_object() || !b.is_object() || a["code"].text() == b["code"].text()) {
    return compare_values(a, b);
  }
  static auto const kLess = fhirpath::Expression::compile("%a < %b");
  static auto const kGreater = fhirpath::Expression::compile("%a > %b");
  static auto const kQuantity = fhir::find_type("Quantity");
  auto const left = fhirpath::Item::of_node(a, {}, kQuantity, nullptr);
  auto const right = fhirpath::Item::of_node(b, {}, kQuantity, nullptr);
  fhirpath::Variable const variables[] = {{"a", {left}}, {"b", {right}}};
  fhirpath::Focus const focus{{&left, 1}, left, left, variables};
  auto const less = evaluator().test(*kLess, focus);
  auto const greater = evaluator().test(*kGreater, focus);
  if (!less || !greater || !*less || !*greater) return std::nullopt;
  return **less ? -1 : **greater ? 1 : 0;
}

void Walker::check_constraint(Constraint const& constraint, Node const& node, Scope const& scope,
                              Profile const* profile) {
  if (quiet_ > 0 && constraint.severity != Severity::error) return;
  auto const item = fhirpath::Item::of_node(node.value, node.twin, node.type, node.element);
  fhirpath::Focus const focus{
      {&item, 1}, fhirpath::item_of(scope.resource), fhirpath::item_of(scope.root), {}};
  auto const* const outer = scope_;
  scope_ = &scope;
  auto& machine = evaluator();
  ++evaluating_;
  auto const result = machine.test(constraint.expression, focus);
  --evaluating_;
  scope_ = outer;
  if (result && result->value_or(true)) return;
  if (constraint.key == "dom-3" && is_told_in_narrative(node.value)) return;
  auto const severity = result ? constraint.severity : Severity::warning;
  if (!wants(severity)) return;
  auto text = result ? constraint.key + ": " + constraint.human
                     : constraint.key + " could not be evaluated: " + result.error().what;
  report({severity, FindingCode::invariant, std::move(text), profile, constraint.key}, node);
}

}  // namespace sinew::validate
