#include "api/documents/document_bundle.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::documents {
namespace {

/// Types that are of use to who reads an entry and say nothing more of the patient. Sorted.
constexpr auto kSupporting = std::to_array<std::string_view>(
    {"Device", "Location", "Medication", "Observation", "Organization", "Practitioner",
     "PractitionerRole", "Specimen"});
static_assert(std::ranges::is_sorted(kSupporting));

std::string without_slash(std::string base) {
  if (base.find("://") == std::string::npos) base = "http://localhost" + base;
  return base;
}

}  // namespace

std::optional<Target> local_target(std::string_view reference, std::string_view base) {
  auto const parsed = fhir::parse_reference(reference);
  bool const is_local = parsed.kind == fhir::ReferenceKind::relative ||
                        (parsed.kind == fhir::ReferenceKind::absolute && parsed.base == base);
  if (!is_local) return {};
  return Target{std::string(fhir::type(parsed.type).name.view()), std::string(parsed.id),
                std::string(parsed.version)};
}

std::vector<std::string> references_in(json::Value value, std::string_view without) {
  std::vector<std::string> found;
  std::vector<json::Value> open;
  for (auto const [name, member] : value.members()) {
    if (name != without || without.empty()) open.push_back(member);
  }
  std::ranges::reverse(open);
  while (!open.empty()) {
    auto const visit = open.back();
    open.pop_back();
    auto const before = open.size();
    for (auto const item : visit.elements()) open.push_back(item);
    for (auto const [name, member] : visit.members()) {
      if (name == "reference" && member.is_string()) found.push_back(member.text());
      if (member.is_object() || member.is_array()) open.push_back(member);
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
  }
  return found;
}

DocumentBundle::DocumentBundle(rest::Context const& context, std::string base)
    : context_(context), base_(without_slash(std::move(base))) {}

std::string DocumentBundle::url_of(std::string_view type, std::string_view id) const {
  return base_ + '/' + std::string(type) + '/' + std::string(id);
}

Result<> DocumentBundle::add(std::string full_url, std::string body) {
  if (!urls_.insert(full_url).second) return {};
  if (entries_.size() == kResourcesMax) {
    return fail(ErrorCode::too_large, "the document has too many resources");
  }
  entries_.push_back({std::move(full_url), TRY(json::Document::parse(std::move(body)))});
  return {};
}

Result<> DocumentBundle::add_first(std::string full_url, std::string body) {
  urls_.insert(full_url);
  entries_.push_front({std::move(full_url), TRY(json::Document::parse(std::move(body)))});
  return {};
}

Result<> DocumentBundle::add_target(Target const& target) {
  auto url = url_of(target.type, target.id);
  if (target.version.empty()) {
    if (urls_.contains(url)) return {};
    return add(std::move(url), TRY(context_.store.read(target.type, target.id)).body);
  }
  // A former version stands beside the current one: same URL, another versionId.
  if (!urls_.insert(url + "/_history/" + target.version).second) return {};
  auto const version = parse_integer<std::uint64_t>(target.version);
  if (!version) return fail(ErrorCode::not_found, "no such version");
  auto resource = TRY(context_.store.read_version(target.type, target.id, *version));
  if (resource.deleted) return fail(ErrorCode::gone, "this version is the deletion");
  entries_.push_back({std::move(url), TRY(json::Document::parse(std::move(resource.body)))});
  return {};
}

Result<> DocumentBundle::add_supporting() {
  // What is added is looked through in its turn.
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (auto const& reference : references_in(entries_[i].document.root())) {
      auto const target = local_target(reference, base_);
      if (!target || !std::ranges::binary_search(kSupporting, target->type)) continue;
      auto added = add_target(*target);
      bool const is_absent = !added && (added.error().code == ErrorCode::not_found ||
                                        added.error().code == ErrorCode::gone);
      if (!added && !is_absent) return std::move(added).failure();
    }
  }
  return {};
}

Result<std::string> DocumentBundle::json(std::string_view profile, std::string_view id) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "Bundle");
  if (!id.empty()) writer.member("id", id);
  if (!profile.empty()) {
    writer.key("meta");
    writer.begin_object();
    writer.key("profile");
    writer.begin_array();
    writer.string(profile);
    writer.end_array();
    writer.end_object();
  }
  writer.key("identifier");
  writer.begin_object();
  writer.member("system", "urn:ietf:rfc:3986");
  writer.member("value", "urn:uuid:" + to_string(uuid_v4()));
  writer.end_object();
  writer.member("type", "document");
  writer.member("timestamp", to_string(context_.clock.now()));
  writer.key("entry");
  writer.begin_array();
  for (auto const& entry : entries_) {
    writer.begin_object();
    writer.member("fullUrl", entry.full_url);
    writer.key("resource");
    writer.value(entry.document.root());
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out;
}

}  // namespace sinew::documents
