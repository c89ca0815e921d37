#include <algorithm>

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

}  // namespace

/// Source: FHIR R4 defining-extensions.html#context.
bool Walker::fits_context(Profile const& profile, Node const& owner, Scope const& scope) {
  if (profile.contexts.empty()) return true;
  auto const resource_type = scope.resource["resourceType"].text();
  auto const path = resource_type + element_path(owner.place, scope.place);
  bool const is_backbone = fhir::type(owner.type).kind == fhir::TypeKind::backbone;
  auto const fits = [&](ExtensionContext const& context) {
    if (context.type == "fhirpath") return true;  // DEVIATION: not evaluated
    if (context.type == "extension") {
      return owner.value["url"].text() == without_version(context.expression);
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
  if (url.find(':') == url.npos) return;
  auto const* const profile = library_.profile(url);
  if (profile == nullptr || fhir::type(profile->type).name != "Extension") {
    auto const severity = is_modifier ? Severity::error : Severity::warning;
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
}

}  // namespace sinew::validate
