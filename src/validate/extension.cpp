#include <algorithm>
#include <array>

#include "base/text.h"
#include "validate/extension.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

/// `Patient.name.given` without indexes, from the resource down.
std::string element_path(Place const* at, Place const* resource) {
  std::vector<std::string_view> names;
  for (; at != nullptr && at != resource; at = at->parent) names.push_back(at->name);
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    path += "." + std::string(*name);
  }
  return path;
}

/// QUIRK(R4): the release uses these in hundreds of its own definitions where their contexts do not
/// allow it.
constexpr auto kMisplaced = std::to_array<std::string_view>(
    {"http://hl7.org/fhir/StructureDefinition/regex",
     "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type",
     "http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version"});

/// Extensions that HL7 publishes in packages of their own, so that not having a definition says
/// nothing: those packages go on growing.
constexpr auto kPublished = std::to_array<std::string_view>(
    {"http://hl7.org/fhir/StructureDefinition/", "http://hl7.org/fhir/tools/"});

/// How bad it can be that an extension is not known.
Severity worst_unknown(std::string_view url, bool allow_example_urls) {
  // They have no definition to be found.
  if (is_of_version(url)) return Severity::information;
  // A name that is reserved for examples can have no definition, either. Source: RFC 2606.
  bool const is_example = allow_example_urls && url.starts_with("http://example.org/");
  bool const is_published = std::ranges::any_of(
      kPublished, [&](std::string_view prefix) { return url.starts_with(prefix); });
  return is_example || is_published ? Severity::warning : Severity::error;
}

/// The member of a step: `value` is the one of `valueString`.
json::Value member_of(json::Value object, Place const& step) {
  auto value = object[step.name];
  for (auto const [name, member] : object.members()) {
    if (value) break;
    bool const is_choice = name.starts_with(step.name) && name.size() > step.name.size() &&
                           is_ascii_upper(name[step.name.size()]);
    if (is_choice) value = member;
  }
  return step.index < 0 ? value : value.at(static_cast<std::size_t>(step.index));
}

/// What holds the element at a place, such as the extension whose value it is.
json::Value holder_of(Place const* place, Scope const& scope) {
  std::vector<Place const*> steps;
  for (auto const* at = place; at != nullptr && at != scope.place; at = at->parent) {
    steps.push_back(at);
  }
  auto value = scope.resource;
  for (auto step = steps.rbegin(); step != steps.rend() && *step != place; ++step) {
    value = member_of(value, **step);
  }
  return value;
}

}  // namespace

bool is_of_version(std::string_view url) {
  constexpr std::string_view kVersions = "http://hl7.org/fhir/";
  return url.starts_with(kVersions) && url.size() > kVersions.size() + 4 &&
         url.substr(kVersions.size() + 1, 3) == ".0/";
}

bool Walker::is_true(fhirpath::Expression const& expression, Node const& node, Scope const& scope) {
  auto const item = fhirpath::Item::of_node(node.value, node.twin, node.type, node.element);
  fhirpath::Focus const focus{
      {&item, 1}, fhirpath::item_of(scope.resource), fhirpath::item_of(scope.root), {}};
  auto const result = evaluator().test(expression, focus);
  return !result || result->value_or(true);
}

/// Whether an expression on the resource finds the node.
bool Walker::selects(fhirpath::Expression const& expression, Node const& node, Scope const& scope) {
  auto const found = evaluator().evaluate(expression, scope.resource);
  if (!found) return true;  // cannot be said
  auto const* const wanted = node.shown().source().data();
  return std::ranges::any_of(*found, [&](fhirpath::Item const& item) {
    if (!item.is_node()) return false;
    auto const value = item.node.value.exists() ? item.node.value : item.node.twin;
    return value.source().data() == wanted;
  });
}

/// Source: FHIR R4 defining-extensions.html#context.
bool Walker::fits_context(Profile const& profile, Node const& owner, Scope const& scope) {
  for (auto const& invariant : profile.context_invariants) {
    if (!is_true(invariant, owner, scope)) return false;
  }
  bool const is_misplaced = std::ranges::find(kMisplaced, profile.url) != kMisplaced.end();
  if (profile.contexts.empty() || is_misplaced) return true;
  auto const resource_type = scope.resource["resourceType"].text();
  auto const path = resource_type + element_path(owner.place, scope.place);
  bool const is_backbone = fhir::type(owner.type).kind == fhir::TypeKind::backbone;
  auto const fits = [&](ExtensionContext const& context) {
    if (context.type == "fhirpath")
      return !context.compiled || selects(*context.compiled, owner, scope);
    if (context.type == "extension") {
      auto const wanted = without_version(context.expression);
      return owner.value["url"].text() == wanted ||
             holder_of(owner.place, scope)["url"].text() == wanted;
    }
    auto expression = std::string_view(context.expression);
    if (expression.ends_with("[x]")) expression.remove_suffix(3);
    if (expression == path || expression == "Element") return true;
    auto const type = fhir::find_type(expression);
    if (type != 0 && fhirpath::is_subtype(owner.type, type)) return true;
    if (type != 0 && is_backbone && fhir::type(type).name == "BackboneElement") return true;
    // `HumanName.given`, `Address.city`: an element of a data type, wherever that is used.
    auto const dot = expression.rfind('.');
    if (dot == expression.npos || owner.element == nullptr) return false;
    auto const parent = fhir::find_type(expression.substr(0, dot));
    auto const* const element =
        parent == 0 ? nullptr : fhir::find_element(parent, expression.substr(dot + 1));
    return element != nullptr && element->name == owner.element->name.view() &&
           element->type == owner.element->type &&
           fhir::type(parent).kind == fhir::TypeKind::complex;
  };
  return std::ranges::any_of(profile.contexts, fits);
}

void Walker::check_extension(Node const& node, Node const& owner, Scope const& scope) {
  auto const url = node.value["url"].text();
  bool const is_modifier = node.element->name == "modifierExtension";
  // Parts of a complex extension have a bare name, which its definition knows.
  if (url.find(':') == url.npos) {
    bool const is_part = owner.element != nullptr && fhir::type(owner.type).name == "Extension";
    if (is_part || !wants(Severity::error)) return;
    return report({Severity::error, FindingCode::extension, "the url of an extension is absolute"},
                  node);
  }
  auto const* const profile = library_.profile(url);
  if (profile == nullptr || fhir::type(profile->type).name != "Extension") {
    auto const worst = worst_unknown(url, options_.allow_example_urls);
    auto const severity =
        std::min(is_modifier ? Severity::error : options_.unknown_extension, worst);
    if (!wants(severity)) return;
    return report({severity, FindingCode::extension,
                   "extension " + url + " is not known" +
                       (is_modifier ? ", and it changes the meaning of what holds it" : "")},
                  node);
  }
  if (profile->is_modifier != is_modifier && wants(Severity::error)) {
    report({Severity::error, FindingCode::extension,
            profile->is_modifier ? "a modifier extension stands in extension"
                                 : "an extension that modifies nothing stands in modifierExtension",
            profile},
           node);
  }
  if (!fits_context(*profile, owner, scope) && wants(Severity::error)) {
    report({Severity::error, FindingCode::extension, "extension " + url + " has no place here",
            profile},
           node);
  }
  apply(profile->root, node, scope, *profile);
  check_parts(*profile, node);
}

/// The parts of a complex extension are those that its definition slices.
void Walker::check_parts(Profile const& profile, Node const& node) {
  auto const* const parts = find_child(profile.root, "extension");
  if (parts == nullptr || parts->slices.empty()) return;
  for (auto const& part : children_of(node, "extension")) {
    auto const url = part.value["url"].text();
    bool const is_known = std::ranges::any_of(
        parts->slices, [&](Rule const& slice) { return extension_url(slice) == url; });
    if (is_known || url.find(':') != url.npos || !wants(Severity::error)) continue;
    report({Severity::error, FindingCode::extension, "the extension has no part " + url, &profile},
           part);
  }
}

}  // namespace sinew::validate
