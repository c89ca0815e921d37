#include <algorithm>

#include "fhir/resource.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

constexpr int kReferenceDepthMax = 4;  ///< targets whose own targets are asked about

}  // namespace

std::string_view base_of(std::string_view full_url) {
  auto const id = full_url.rfind('/');
  if (id == full_url.npos || id == 0 || !full_url.starts_with("http")) return {};
  auto const type = full_url.rfind('/', id - 1);
  return type == full_url.npos ? std::string_view() : full_url.substr(0, type);
}

/// Source: FHIR R4 references.html#contained, bundle.html#references.
json::Value Walker::find_target(std::string_view reference, Scope const& scope) const {
  if (reference.starts_with('#')) {
    if (reference.size() == 1) return scope.root;
    for (auto const contained : scope.root["contained"].elements()) {
      if (contained["id"].raw() == reference.substr(1)) return contained;
    }
    return {};
  }
  if (auto const found = find_by_url(reference, scope)) return found;
  if (scope.bundle == nullptr) return {};
  auto const text = std::string(reference.substr(0, reference.find("/_history/")));
  auto const found = scope.bundle->by_reference.find(text);
  return found == scope.bundle->by_reference.end() ? json::Value() : found->second;
}

/// By the fullUrl of an entry; a relative reference from the base of the entry it stands in.
json::Value Walker::find_by_url(std::string_view reference, Scope const& scope) const {
  if (scope.bundle == nullptr) return {};
  auto const text = std::string(reference.substr(0, reference.find("/_history/")));
  if (auto const found = scope.bundle->by_url.find(text); found != scope.bundle->by_url.end()) {
    return found->second;
  }
  auto const parsed = fhir::parse_reference(text);
  if (parsed.kind != fhir::ReferenceKind::relative) return {};
  if (auto const base = base_of(scope.full_url); !base.empty()) {
    auto const found = scope.bundle->by_url.find(std::string(base) + "/" + text);
    if (found != scope.bundle->by_url.end()) return found->second;
  }
  return {};
}

/// A Reference whose targets a profile limits: what it points at has to be of a type that one of
/// them is about and, where it can be found in the Bundle or is contained, obey one.
void Walker::check_reference(std::vector<std::string> const& targets, Node const& node,
                             Scope const& scope, Profile const& profile) {
  auto const reference = node.value["reference"].text();
  if (reference.empty()) return;
  auto const target = find_target(reference, scope);
  auto const type = target ? fhir::resource_type(target) : fhir::parse_reference(reference).type;
  if (type == 0) return;
  bool is_of_type = false;
  bool is_unknown = false;
  std::vector<std::string const*> candidates;
  for (auto const& canonical : targets) {
    auto const* const wanted = library_.profile(canonical);
    if (wanted == nullptr) {
      is_unknown = true;
      continue;
    }
    if (!fhirpath::is_subtype(type, wanted->type)) continue;
    is_of_type = true;
    candidates.push_back(&canonical);
  }
  if (is_unknown) return;
  if (!is_of_type) {
    // What the URL says of something elsewhere is no proof.
    bool const is_sure = target || options_.trust_reference_urls;
    auto const severity = is_sure ? Severity::error : Severity::warning;
    if (!wants(severity)) return;
    return report({severity, FindingCode::structure,
                   "may not refer to a " + std::string(fhir::type(type).name.view()), &profile},
                  node);
  }
  if (!target || reference_depth_ >= kReferenceDepthMax) return;
  ++reference_depth_;
  Scope inner = scope;
  inner.resource = target;
  if (!reference.starts_with('#')) inner.root = target;
  Node const there{target, {}, type, nullptr, node.place};
  bool const is_any = std::ranges::any_of(candidates, [&](auto const* canonical) {
    return obeys(there, inner, *canonical).value_or(true);
  });
  --reference_depth_;
  if (is_any || !wants(Severity::error)) return;
  report({Severity::error, FindingCode::structure,
          "what it refers to obeys none of the profiles it has to, such as " + *candidates.front(),
          &profile},
         node);
}

/// What a literal reference may be wrong about, whatever the profile.
void Walker::check_literal(Node const& node, Scope const& scope) {
  if (scope.bundle == nullptr) return;
  auto const text = node.value["reference"].text();
  auto const parsed = fhir::parse_reference(text);
  bool const is_url =
      parsed.kind == fhir::ReferenceKind::relative || parsed.kind == fhir::ReferenceKind::absolute;
  if (!is_url || find_target(text, scope)) return;
  auto const twin = scope.bundle->by_url.find("urn:uuid:" + std::string(parsed.id));
  if (twin != scope.bundle->by_url.end() && fhir::resource_type(twin->second) != parsed.type) {
    return refuse(FindingCode::structure, "the entry with this id is of another type", node);
  }
  if (options_.targets_must_exist) {
    refuse(FindingCode::not_found, "nothing here is what this refers to", node);
  }
}

std::optional<bool> Walker::obeys(Node const& node, Scope const& scope,
                                  std::string_view canonical) {
  auto const* const profile = library_.profile(canonical);
  if (profile == nullptr) return std::nullopt;
  if (!fhirpath::is_subtype(node.type, profile->type)) return false;
  // A question that is being answered already (two resources that refer to each other) has no
  // fault of its own.
  auto const key = std::to_string(reinterpret_cast<std::uintptr_t>(node.shown().source().data())) +
                   " " + std::string(canonical);
  if (!asked_.insert(key).second) return true;
  auto const before = quiet_errors_;
  ++quiet_;
  apply(profile->root, node, scope, *profile);
  --quiet_;
  asked_.erase(key);
  bool const is_good = quiet_errors_ == before;
  quiet_errors_ = before;
  return is_good;
}

std::optional<json::Value> Walker::resolve(std::string_view reference) {
  if (scope_ == nullptr) return std::nullopt;
  auto const target = find_target(reference, *scope_);
  if (!target) return std::nullopt;
  return target;
}

std::optional<bool> Walker::is_member(fhirpath::Item const& coded, std::string_view url) {
  if (!coded.is_node()) return std::nullopt;
  Node const node{coded.node.value, coded.node.twin, coded.type, coded.element, nullptr};
  return is_bound({fhir::Strength::required, std::string(url)}, node);
}

std::optional<bool> Walker::conforms(fhirpath::Item const& item, std::string_view url) {
  if (!item.is_node() || scope_ == nullptr) return std::nullopt;
  Node const node{item.node.value, item.node.twin, item.type, item.element, nullptr};
  Scope scope = *scope_;
  if (fhir::resource_type(item.node.value) != 0) scope.resource = item.node.value;
  return obeys(node, scope, url);
}

}  // namespace sinew::validate
