#include "api/rest/context.h"
#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

Answer answer_of(store::Resource resource) {
  Answer answer;
  answer.headers.add("ETag", entity_tag(resource.version));
  answer.headers.add("Last-Modified", http_date(resource.updated));
  answer.updated = resource.updated;
  answer.body = std::move(resource.body);
  return answer;
}

std::string_view method_of(store::Resource const& version) {
  if (version.deleted) return "DELETE";
  return version.version == 1 ? "POST" : "PUT";
}

/// Source: FHIR R4 http.html#history.
void write_version(json::Writer& writer, store::Resource const& version, std::string_view base) {
  auto const url = version.type + '/' + version.id;
  writer.begin_object();
  writer.member("fullUrl", std::string(base) + '/' + url);
  if (!version.deleted) {
    writer.key("resource");
    writer.raw(version.body);
  }
  writer.key("request");
  writer.begin_object();
  writer.member("method", method_of(version));
  writer.member("url", method_of(version) == "POST" ? version.type : url);
  writer.end_object();
  writer.key("response");
  writer.begin_object();
  writer.member("status", status_line(version.deleted ? 204 : version.version == 1 ? 201 : 200));
  writer.member("etag", entity_tag(version.version));
  writer.member("lastModified", to_string(version.updated));
  writer.end_object();
  writer.end_object();
}

}  // namespace

Result<> check_type(std::string_view type) {
  auto const id = fhir::find_type(type);
  if (id == 0 || fhir::type(id).kind != fhir::TypeKind::resource || fhir::type(id).is_abstract) {
    return fail(ErrorCode::not_found, "no resource type of R4: '" + std::string(type) + "'");
  }
  return {};
}

Result<Answer> read(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto resource = context.store.read(call.type, call.id);
  if (!resource) {
    auto const& error = resource.error();
    auto answer = refuse(error);
    // "410 Gone ... the version id of the deletion": clients that sync want to know it.
    if (error.code == ErrorCode::gone) {
      auto const versions = context.store.history(call.type, call.id);
      if (versions && !versions->empty()) {
        answer.headers.add("ETag", entity_tag(versions->front().version));
      }
    }
    return answer;
  }
  auto const known = call.http.headers.value("If-None-Match");
  auto answer = answer_of(*std::move(resource));
  if (!known.empty() && known == answer.headers.value("ETag")) {
    answer.status = 304;
    answer.body.clear();
  }
  return answer;
}

Result<Answer> read_version(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const version = parse_integer<std::uint64_t>(call.version);
  if (!version) return fail(ErrorCode::not_found, "no such version");
  auto resource = TRY(context.store.read_version(call.type, call.id, *version));
  if (resource.deleted) return fail(ErrorCode::gone, "this version is the deletion");
  return answer_of(std::move(resource));
}

Result<Answer> history(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const versions = TRY(context.store.history(call.type, call.id));
  Answer answer;
  json::Writer writer(answer.body);
  writer.begin_object();
  writer.member("resourceType", "Bundle");
  writer.member("type", "history");
  writer.key("total");
  writer.integer(static_cast<std::int64_t>(versions.size()));
  writer.key("link");
  writer.begin_array();
  writer.begin_object();
  writer.member("relation", "self");
  writer.member("url", call.base + '/' + call.type + '/' + call.id + "/_history");
  writer.end_object();
  writer.end_array();
  writer.key("entry");
  writer.begin_array();
  for (auto const& version : versions) write_version(writer, version, call.base);
  writer.end_array();
  writer.end_object();
  return answer;
}

}  // namespace sinew::rest
