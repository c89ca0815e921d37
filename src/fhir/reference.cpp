#include "fhir/resource.h"

namespace sinew::fhir {
namespace {

/// The resource type of that name, or 0.
TypeId find_resource_type(std::string_view name) {
  auto const id = find_type(name);
  return id != 0 && type(id).kind == TypeKind::resource && !type(id).is_abstract ? id : TypeId{0};
}

bool is_id(std::string_view text) {
  static TypeId const kId = find_type("id");
  return is_valid_primitive(kId, text);
}

/// Takes `/<part>` off the end: `a/b/c` leaves `a/b` and gives `c`; without '/', all of it.
std::string_view take_last_part(std::string_view& text) {
  auto const slash = text.rfind('/');
  auto const part = slash == text.npos ? text : text.substr(slash + 1);
  text = slash == text.npos ? std::string_view() : text.substr(0, slash);
  return part;
}

/// True for what may stand before `Type/id`: nothing, or a URL.
bool is_base(std::string_view base) { return base.find("://") != base.npos; }

ParsedReference parse_conditional(std::string_view text, std::size_t question) {
  ParsedReference parsed;
  parsed.query = text.substr(question + 1);
  auto rest = text.substr(0, question);
  parsed.type = find_resource_type(take_last_part(rest));
  bool const legal = parsed.type != 0 && (rest.empty() || is_base(rest)) && !parsed.query.empty();
  parsed.kind = legal ? ReferenceKind::conditional : ReferenceKind::other;
  parsed.base = rest;
  return parsed;
}

ParsedReference parse_literal(std::string_view text) {
  constexpr std::string_view kHistory = "/_history/";
  ParsedReference parsed;
  parsed.kind = ReferenceKind::other;
  auto rest = text;
  std::string_view version;
  if (auto const history = rest.rfind(kHistory); history != rest.npos) {
    version = rest.substr(history + kHistory.size());
    if (!is_id(version)) return parsed;
    rest = rest.substr(0, history);
  }
  auto const id = take_last_part(rest);
  bool const has_base = rest.find('/') != rest.npos;
  auto const type = find_resource_type(take_last_part(rest));
  if (type == 0 || !is_id(id) || (has_base && !is_base(rest))) return parsed;
  parsed = {
      has_base ? ReferenceKind::absolute : ReferenceKind::relative, type, rest, id, version, {}};
  return parsed;
}

}  // namespace

TypeId resource_type(json::Value resource) {
  auto const name = resource["resourceType"];
  return name.is_string() ? find_resource_type(name.raw()) : TypeId{0};
}

std::string_view resource_id(json::Value resource) {
  auto const id = resource["id"];
  return id.is_string() ? id.raw() : std::string_view();
}

ParsedReference parse_reference(std::string_view text) {
  constexpr std::string_view kUrns[] = {"urn:uuid:", "urn:oid:"};
  if (text.empty()) return {};
  if (text[0] == '#') return {ReferenceKind::fragment, 0, {}, text.substr(1), {}, {}};
  for (auto urn : kUrns) {
    if (text.starts_with(urn)) {
      return {ReferenceKind::urn, 0, {}, text.substr(urn.size()), {}, {}};
    }
  }
  if (auto const question = text.find('?'); question != text.npos) {
    return parse_conditional(text, question);
  }
  return parse_literal(text);
}

}  // namespace sinew::fhir
