#include "api/rest/context.h"
#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "json/write.h"
#include "store/search_value.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;

Answer answer_of(store::Resource resource) {
  Answer answer;
  answer.headers.add("ETag", entity_tag(resource.version));
  answer.headers.add("Last-Modified", http_date(resource.updated));
  answer.updated = resource.updated;
  answer.body = std::move(resource.body);
  return answer;
}

/// Whether the caller has this version already. If-Modified-Since counts only where there is no
/// If-None-Match, and in whole seconds.
/// Source: FHIR R4 http.html#cread; RFC 9110 §13.1.2, §13.1.3.
bool has_version(net::HttpRequest const& request, store::Resource const& resource) {
  constexpr std::int64_t kSecondMs = 1000;
  if (auto const tags = request.headers.value("If-None-Match"); !tags.empty()) {
    return names_version(tags, resource.version);
  }
  auto const since = read_http_date(request.headers.value("If-Modified-Since"));
  return since && resource.updated.ms / kSecondMs <= since->ms / kSecondMs;
}

}  // namespace

Result<> check_type(std::string_view type) {
  auto const id = fhir::find_type(type);
  if (id == 0 || fhir::type(id).kind != fhir::TypeKind::resource || fhir::type(id).is_abstract) {
    return fail(ErrorCode::not_found, "no resource type of R4: '" + std::string(type) + "'");
  }
  return {};
}

Result<store::Resource> read_as_of(Context const& context, Call const& call,
                                   std::string_view as_of) {
  auto const instant = TRY(store::read_instant(as_of, store::kAsOfParameter));
  if (instant.ms > context.clock.now().ms)
    return fail(ErrorCode::invalid, "the instant lies ahead", std::string(store::kAsOfParameter));
  return context.store.read_as_of(call.type, call.id, instant);
}

Result<Answer> read(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const as_of = call.parameter(store::kAsOfParameter);
  auto resource =
      as_of.empty() ? context.store.read(call.type, call.id) : read_as_of(context, call, as_of);
  if (!resource) {
    auto const& error = resource.error();
    auto answer = error.code == ErrorCode::invalid ? refuse(kBadRequest, error) : refuse(error);
    // "410 Gone ... the version id of the deletion": clients that sync want to know it.
    if (error.code == ErrorCode::gone && as_of.empty()) {
      auto const versions = context.store.history(call.type, call.id);
      if (versions && !versions->empty()) {
        answer.headers.add("ETag", entity_tag(versions->front().version));
      }
    }
    return answer;
  }
  bool const is_known = has_version(call.http, *resource);
  auto answer = answer_of(*std::move(resource));
  if (is_known) {
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

}  // namespace sinew::rest
