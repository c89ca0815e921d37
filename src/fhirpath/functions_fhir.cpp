// What FHIR adds to FHIRPath. Source: FHIR R4 fhirpath.html#functions

#include "fhir/resource.h"
#include "fhirpath/functions.h"
#include "fhirpath/narrative.h"

namespace sinew::fhirpath::functions {
namespace {

/// Pushes the extensions of a node that have a URL.
void push_extensions(Machine& m, Item const& from, std::string_view url) {
  static Name const kName{"extension", "_extension", false, 0};
  auto const begin = m.size();
  m.push_children(from, kName);
  auto kept = begin;
  std::string scratch;
  for (auto i = begin; i < m.size(); ++i) {
    if (m.at(i).node.value["url"].text(scratch) == url) m.set(kept++, Item(m.at(i)));
  }
  m.cut(kept);
}

std::optional<json::Value> find_contained(json::Value container, std::string_view id) {
  std::string scratch;
  for (auto const resource : container["contained"].elements()) {
    if (resource["id"].text(scratch) == id) return resource;
  }
  return std::nullopt;
}

bool names_entry(json::Value entry, std::string_view reference,
                 fhir::ParsedReference const& parsed) {
  std::string scratch;
  auto const url = entry["fullUrl"].text(scratch);
  if (url == reference) return true;
  if (parsed.kind != fhir::ReferenceKind::relative) return false;
  // Source: FHIR R4 bundle.html#references: relative to the base of the entry's URL
  auto const full = fhir::parse_reference(url);
  if (full.type == parsed.type && full.id == parsed.id) return true;
  auto const resource = entry["resource"];
  return url.empty() && fhir::resource_type(resource) == parsed.type &&
         fhir::resource_id(resource) == parsed.id;
}

std::optional<json::Value> find_in_bundle(Machine& m, std::string_view reference,
                                          fhir::ParsedReference const& parsed) {
  auto const root = m.focus().root_resource;
  std::string scratch;
  if (!root.is_node() || root.node.value["resourceType"].text(scratch) != "Bundle") {
    return std::nullopt;
  }
  for (auto const entry : root.node.value["entry"].elements()) {
    if (!m.spend(1)) return std::nullopt;
    if (names_entry(entry, reference, parsed)) return entry["resource"];
  }
  return std::nullopt;
}

void push_resolved(Machine& m, std::string_view reference) {
  auto const parsed = fhir::parse_reference(reference);
  std::optional<json::Value> found;
  if (parsed.kind == fhir::ReferenceKind::fragment) {
    for (auto const& holder : {m.focus().resource, m.focus().root_resource}) {
      if (found || !holder.is_node()) continue;
      if (parsed.id.empty()) found = holder.node.value;
      if (!found) found = find_contained(holder.node.value, parsed.id);
    }
  } else {
    found = find_in_bundle(m, reference, parsed);
    if (!found) found = m.services().resolve(reference);
  }
  if (found && found->is_object()) {
    m.push(item_of(*found));
  } else if (m.environment().resolves_to_types && parsed.type != 0) {
    m.push(Item::of_node({}, {}, parsed.type, nullptr));
  }
}

/// The text of a reference: of a Reference, or of a uri, url or canonical itself.
std::optional<std::string_view> reference_text(Machine& m, Item const& item) {
  if (!item.is_node()) {
    return item.kind == ItemKind::string ? std::optional(item.text) : std::nullopt;
  }
  if (!item.node.value.is_object()) return m.lexical(item);
  auto const reference = item.node.value["reference"];
  if (!reference.is_string()) return std::nullopt;
  std::string scratch;
  return m.texts().keep(reference.text(scratch));
}

bool push_answer(Machine& m, std::optional<bool> answer) {
  if (answer) m.push_boolean(*answer);
  return true;
}

bool subsumption(Machine& m, Call const& c, bool input_is_general) {
  if (c.input.size() != 1 || c.arguments[0].size() != 1) return true;
  auto const& input = m.at(c.input.begin);
  auto const& argument = m.at(c.arguments[0].begin);
  return push_answer(m, input_is_general ? m.services().subsumes(input, argument)
                                         : m.services().subsumes(argument, input));
}

}  // namespace

bool extension(Machine& m, Call const& c) {
  std::string_view url;
  auto const got = m.text(c.arguments[0], url);
  if (got != Got::value) return got == Got::nothing;
  for (auto i = c.input.begin; i < c.input.end; ++i) push_extensions(m, Item(m.at(i)), url);
  return m.spend(c.input.size());
}

bool has_extension(Machine& m, Call const& c) {
  auto const begin = m.size();
  if (!extension(m, c)) return false;
  bool const found = m.size() > begin;
  m.cut(begin);
  return m.push_boolean(found), true;
}

/// True for a single primitive that has a value, not extensions alone.
bool has_value(Machine& m, Call const& c) {
  bool result = false;
  if (c.input.size() == 1) {
    auto const& item = m.at(c.input.begin);
    result = !item.is_node() || m.lexical(Item(item)).has_value();
  }
  return m.push_boolean(result), true;
}

bool get_value(Machine& m, Call const& c) {
  if (c.input.size() != 1) return true;
  auto const item = m.plain(Item(m.at(c.input.begin)));
  if (!item.is_node()) m.push(item);
  return true;
}

bool resolve(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const text = reference_text(m, Item(m.at(i)));
    if (text && !text->empty()) push_resolved(m, *text);
  }
  return m.spend(c.input.size());
}

bool member_of(Machine& m, Call const& c) {
  std::string_view url;
  auto const got = m.text(c.arguments[0], url);
  if (got != Got::value) return got == Got::nothing;
  if (c.input.size() != 1) return true;
  return push_answer(m, m.services().is_member(m.at(c.input.begin), url));
}

bool subsumes(Machine& m, Call const& c) { return subsumption(m, c, true); }
bool subsumed_by(Machine& m, Call const& c) { return subsumption(m, c, false); }

bool conforms_to(Machine& m, Call const& c) {
  std::string_view url;
  auto const got = m.text(c.arguments[0], url);
  if (got != Got::value) return got == Got::nothing;
  if (c.input.size() != 1) return c.input.empty() || m.fail(ErrorCode::invalid, "several items");
  auto const answer = m.services().conforms(m.at(c.input.begin), url);
  if (!answer) return m.fail(ErrorCode::not_found, "conformsTo() names an unknown profile");
  return push_answer(m, answer);
}

bool html_checks(Machine& m, Call const& c) {
  bool const is_text =
      c.input.size() != 1 || m.plain(Item(m.at(c.input.begin))).kind == ItemKind::string;
  if (!is_text) return true;
  std::string_view text;
  auto const got = m.text(c.input, text);
  if (got != Got::value) return got == Got::nothing;
  return m.push_boolean(is_safe_narrative(text)), m.spend(text.size() / 16);
}

/// The URL of a reference as views join by it: `Patient/1`, or nothing for another type.
bool reference_key(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const text = reference_text(m, Item(m.at(i)));
    if (!text) continue;
    auto const parsed = fhir::parse_reference(*text);
    if (parsed.type == 0 || parsed.id.empty()) continue;
    if (c.type != nullptr && c.type->fhir_type != parsed.type) continue;
    auto const type = std::string(fhir::type(parsed.type).name.view());
    m.push_text(type + "/" + std::string(parsed.id));
  }
  return m.spend(c.input.size());
}

bool resource_key(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const& item = m.at(i);
    if (!item.is_node()) continue;
    auto const id = fhir::resource_id(item.node.value);
    if (id.empty()) continue;
    std::string scratch;
    auto const type = std::string(item.node.value["resourceType"].text(scratch));
    m.push_text(type + "/" + std::string(id));
  }
  return m.spend(c.input.size());
}

/// True when every modifier extension has one of the URLs given.
bool check_modifiers(Machine& m, Call const& c) {
  static Name const kName{"modifierExtension", "_modifierExtension", false, 0};
  std::string scratch;
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const begin = m.size();
    m.push_children(Item(m.at(i)), kName);
    for (auto k = begin; k < m.size(); ++k) {
      auto const url = m.at(k).node.value["url"].text(scratch);
      bool known = false;
      for (std::size_t a = 0; a < c.count && !known; ++a) {
        std::string_view allowed;
        if (m.text(c.arguments[a], allowed) == Got::failure) return false;
        known = allowed == url;
      }
      if (!known) return m.fail(ErrorCode::invalid, "an unknown modifier extension is present");
    }
    m.cut(begin);
  }
  m.push_range(c.input);
  return true;
}

}  // namespace sinew::fhirpath::functions
