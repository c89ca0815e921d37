#include <algorithm>

#include "fhir/resource.h"
#include "validate/walker.h"

namespace sinew::validate {

/// What a Bundle asks of its entries beyond the invariants.
/// Source: FHIR R4 bundle.html#bundle-unique, #document, references.html#literal.
void Walker::check_entries(Node const& node, Scope const& scope) {
  std::unordered_set<std::string> relations;
  for (auto const& link : children_of(node, "link")) {
    auto const relation = link.value["relation"].text();
    if (relations.insert(relation).second || !wants(Severity::error)) continue;
    report({Severity::error, FindingCode::structure, "link " + relation + " stands here twice"},
           link);
  }
  auto const type = node.value["type"].text();
  bool const is_needed = type == "document" || type == "message" || type == "collection";
  for (auto const& entry : children_of(node, "entry")) {
    check_full_url(entry, is_needed);
    auto const resource = entry.value["resource"];
    if (type == "document" && resource["resourceType"].text() == "Composition") {
      Scope inner = scope;
      inner.full_url = entry.value["fullUrl"].raw();
      for (auto const& composition : children_of(entry, "resource")) {
        check_composition(composition, inner);
      }
    }
  }
}

void Walker::check_full_url(Node const& entry, bool is_needed) {
  auto const resource = entry.value["resource"];
  if (!resource) return;
  auto const fault = [&](std::string text) {
    if (wants(Severity::error)) {
      report({Severity::error, FindingCode::structure, std::move(text)}, entry);
    }
  };
  auto const url = entry.value["fullUrl"].text();
  if (url.empty()) {
    if (is_needed) fault("an entry of this type of Bundle needs a fullUrl");
    return;
  }
  if (url.find(':') == url.npos) return fault("fullUrl is an absolute URL");
  auto const parsed = fhir::parse_reference(url);
  auto const id = resource["id"].text();
  if (parsed.kind != fhir::ReferenceKind::absolute) return;
  if (id.empty()) {
    // What a transaction creates may have none yet.
    if (is_needed) fault("fullUrl is that of a resource on a server, but the resource has no id");
    return;
  }
  if (parsed.type != fhir::resource_type(resource) || parsed.id != id) {
    fault("fullUrl names another type or id than the resource has");
  }
}

/// "The document bundle SHALL include ... any resource that the Composition refers to": subject,
/// authors and so on, and the entries of its sections.
void Walker::check_composition(Node const& composition, Scope const& scope) {
  for (auto const* name : {"subject", "encounter", "author", "custodian"}) {
    for (auto const& reference : children_of(composition, name)) {
      check_document_reference(reference, scope);
    }
  }
  auto sections = children_of(composition, "section");
  while (!sections.empty()) {
    auto const section = sections.back();
    sections.pop_back();
    for (auto const& entry : children_of(section, "entry")) check_document_reference(entry, scope);
    for (auto const& inner : children_of(section, "section")) sections.push_back(inner);
  }
}

/// "a version specific reference ... shall match the version of the entry"; one without a version
/// has to mean one entry. Source: FHIR R4 bundle.html#references.
void Walker::check_version(Node const& reference, Scope const& scope) {
  auto const text = reference.value["reference"].text();
  auto const parsed = fhir::parse_reference(text);
  auto const bare = text.substr(0, text.find("/_history/"));
  auto found = scope.bundle->versions.find(bare);
  if (found == scope.bundle->versions.end()) {
    found = scope.bundle->versions.find(std::string(base_of(scope.full_url)) + "/" + bare);
  }
  if (found == scope.bundle->versions.end()) return;
  auto const& versions = found->second;
  if (parsed.version.empty()) {
    if (versions.size() == 1) return;
    return refuse(FindingCode::structure, "several entries are what this refers to", reference);
  }
  if (std::ranges::find(versions, parsed.version) == versions.end()) {
    refuse(FindingCode::not_found, "no entry has this version", reference);
  }
}

void Walker::check_document_reference(Node const& reference, Scope const& scope) {
  auto const text = reference.value["reference"].text();
  auto const parsed = fhir::parse_reference(text);
  if (parsed.kind != fhir::ReferenceKind::relative) return;
  // Only by its URL: "the reference is resolved ... by appending it to the base of the fullUrl".
  if (find_by_url(text, scope)) return check_version(reference, scope);
  if (!wants(Severity::error)) return;
  report(
      {Severity::error, FindingCode::structure, "the document does not hold what this refers to"},
      reference);
}

}  // namespace sinew::validate
