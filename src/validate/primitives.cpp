// What primitives ask beyond their form.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/resource.h"
#include "validate/extension.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

struct PrimitiveTypes {
  fhir::TypeId uri = fhir::find_type("uri"), url = fhir::find_type("url"),
               canonical = fhir::find_type("canonical"), string = fhir::find_type("string"),
               markdown = fhir::find_type("markdown"), code = fhir::find_type("code");
};
PrimitiveTypes const& types() {
  static PrimitiveTypes const kTypes;
  return kTypes;
}

bool is_uri(fhir::TypeId type) {
  return type == types().uri || type == types().url || type == types().canonical;
}

/// Whether a text has what a browser would take for a tag.
bool has_tag(std::string_view text) {
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    auto const next = at + 1 < text.size() ? text[at + 1] : ' ';
    if (is_ascii_alpha(next) || next == '/' || next == '!') return true;
  }
  return false;
}

/// Of any case. Source: RFC 4122 §3.
bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const c = static_cast<char>(text[i] | 0x20);
    bool const is_hex = is_ascii_digit(text[i]) || (c >= 'a' && c <= 'f');
    if (kForm[i] == 'x' ? !is_hex : text[i] != '-') return false;
  }
  return true;
}

constexpr std::string_view kUuid = "urn:uuid:";

/// Kinds of definitions that a canonical may name, of those that packages hold.
constexpr auto kKinds = std::to_array<std::string_view>(
    {"CodeSystem", "Measure", "Questionnaire", "StructureDefinition", "ValueSet"});

}  // namespace

/// OPTIMIZATION: most primitives have nothing to ask, and are not made nodes of.
bool Walker::is_looked_at(fhir::Element const& element, json::Value value) const {
  auto const type = element.type;
  if (is_uri(type)) {
    bool const has_targets = type == types().canonical && element.target_count != 0;
    return value.is_array() || has_targets || value.raw().starts_with("urn:");
  }
  bool const asks_html = options_.refuse_html || options_.refuse_html_in_markdown;
  return asks_html && (type == types().string || type == types().markdown);
}

void Walker::check_primitive(Node const& node) {
  if (!node.value) {
    // An extension says why there is no code, but is none. Source: FHIR R4 terminologies.html.
    auto const extensions = node.twin["extension"].elements();
    // Another version has more codes, and an extension to carry them.
    bool const has_other = std::any_of(extensions.begin(), extensions.end(), [](json::Value one) {
      return is_of_version(one["url"].text());
    });
    bool const needs_code = node.type == types().code && !has_other &&
                            node.element->strength == fhir::Strength::required;
    if (needs_code) refuse(FindingCode::code_invalid, "a code has to be here", node);
    return;
  }
  bool const is_markdown = node.type == types().markdown;
  bool const refuses_html = (is_markdown && options_.refuse_html_in_markdown) ||
                            (options_.refuse_html && (is_markdown || node.type == types().string));
  if (refuses_html && has_tag(node.value.text())) {
    return refuse(FindingCode::value, "has what looks like an HTML tag", node);
  }
  if (!is_uri(node.type)) return;
  auto const text = node.value.text();
  if (text.starts_with(kUuid)) check_uuid(node, text.substr(kUuid.size()));
  if (node.type == types().canonical) check_canonical(node, text);
}

/// "UUIDs ... use all lowercase letters". Source: FHIR R4 datatypes.html#uri.
void Walker::check_uuid(Node const& node, std::string const& text) {
  if (!is_uuid(text)) return refuse(FindingCode::value, "not a UUID", node);
  if (to_lower(text) == text || !wants(Severity::warning)) return;
  report({Severity::warning, FindingCode::value, "a UUID is written in lower case"}, node);
}

/// A canonical that only a definition of another kind has. Source: FHIR R4
/// references.html#canonical.
void Walker::check_canonical(Node const& node, std::string const& text) {
  auto const targets = fhir::reference_targets(*node.element);
  auto const is_target = [&](std::string_view kind) {
    return std::ranges::find(targets, fhir::find_type(kind)) != targets.end();
  };
  if (targets.empty() || is_target("StructureDefinition")) return;
  std::string_view found;
  for (auto const kind : kKinds) {
    if (library_.find(kind, text) == nullptr) continue;
    if (is_target(kind)) return;
    found = kind;
  }
  if (!found.empty()) {
    refuse(FindingCode::structure, "this is the canonical of a " + std::string(found), node);
  }
}

/// "urn:ietf:rfc:3986: the value is a URI". Source: FHIR R4 datatypes.html#Identifier.
void Walker::check_identifier(Node const& node) {
  if (node.value["system"].raw() != "urn:ietf:rfc:3986") return;
  auto const value = node.value["value"].text();
  if (value.empty() || value.find(':') != value.npos) return;
  if (!wants(Severity::warning)) return;
  report({Severity::warning, FindingCode::value, "with this system the value is a URI"}, node);
}

}  // namespace sinew::validate
