#include "store/content.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "json/write.h"

namespace sinew::store {
namespace {

constexpr std::size_t kIdCharactersMax = 64;  // Source: FHIR R4 datatypes.html#id
constexpr std::uint64_t kSecondSeed = 0x5157e3779b97f4a7;

bool is_id_character(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.';
}

/// The text up to and including `"meta":{`, the same for all versions of a resource.
std::string head(std::string_view type, std::string_view id) {
  std::string out = R"({"resourceType":")";
  out.append(type).append(R"(","id":")").append(id).append(R"(","meta":{)");
  return out;
}

void append_member(std::string& out, std::string_view name, json::Value value) {
  json::append_string(out, name);
  out += ':';
  json::Writer(out).value(value);
}

/// Appends the members of meta that the store keeps. Returns the digest of those that count as
/// content: where a version came from (source) does not, tags, labels and profiles do.
std::uint64_t append_meta(std::string& out, json::Value meta) {
  std::uint64_t content = 0;
  bool first = true;
  for (auto [name, value] : meta.members()) {
    if (name == "versionId" || name == "lastUpdated") continue;
    if (!std::exchange(first, false)) out += ',';
    auto const start = out.size();
    append_member(out, name, value);
    if (name != "source") content = hash64(std::string_view(out).substr(start), content);
  }
  return content;
}

}  // namespace

Result<NormalBody> normal_body(json::Value resource, std::string_view type, std::string_view id) {
  if (!resource.is_object()) return fail(ErrorCode::invalid, "a resource is a JSON object");
  if (resource["resourceType"].text() != type)
    return fail(ErrorCode::invalid, "resourceType is not the type asked for", "resourceType");
  if (resource["id"].text() != id)
    return fail(ErrorCode::invalid, "id is not the id asked for", std::string(type) + ".id");
  NormalBody body;
  body.text.reserve(resource.source().size() + 16);
  body.text = head(type, id);
  auto const meta = append_meta(body.text, resource["meta"]);
  body.text += '}';
  auto const rest = body.text.size();
  for (auto [name, value] : resource.members()) {
    if (name == "resourceType" || name == "id" || name == "meta") continue;
    body.text += ',';
    append_member(body.text, name, value);
  }
  body.text += '}';
  body.content = hash64(std::string_view(body.text).substr(rest), meta);
  return body;
}

std::string with_meta(std::string_view normal, std::string_view type, std::string_view id,
                      std::uint64_t version, Instant updated) {
  std::string out = head(type, id);
  auto const rest = normal.substr(std::min(out.size(), normal.size()));
  out.reserve(normal.size() + 80);
  out.append(R"("versionId":")").append(std::to_string(version));
  out.append(R"(","lastUpdated":")").append(to_string(updated)).append(R"(")");
  if (!rest.starts_with('}')) out += ',';
  out.append(rest);
  return out;
}

ChangeDigest digest_of(Change const& change) {
  ChangeDigest digest{hash64(change.body, static_cast<std::uint64_t>(change.verb)),
                      hash64(change.body, kSecondSeed)};
  for (auto const& name : change.clear) {
    digest.a = hash64(name, digest.a);
    digest.b = hash64(name, digest.b);
  }
  return digest;
}

Result<> check_identity(std::string_view type, std::string_view id) {
  auto const known = fhir::find_type(type);
  if (known == 0 || fhir::type(known).kind != fhir::TypeKind::resource)
    return fail(ErrorCode::invalid, "not a FHIR resource type", std::string(type));
  if (id.empty() || id.size() > kIdCharactersMax || !std::ranges::all_of(id, is_id_character))
    return fail(ErrorCode::invalid, "not a legal resource id", std::string(type) + ".id");
  return {};
}

}  // namespace sinew::store
