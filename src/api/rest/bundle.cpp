#include "api/rest/bundle.h"

#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUnsupportedMediaType = 415;

Answer answer_entry(Context const& context, Call const& call, json::Value entry) {
  auto const request = entry_request(entry, call.base);
  if (!request) return refuse(kBadRequest, request.error());
  bool const is_nested = request->method == "POST" && request->path.empty();
  if (is_nested) {
    return refuse({ErrorCode::not_supported, "a bundle in a bundle is not processed", "Bundle"});
  }
  return context.answer(http_request(context, call, *request, entry["resource"]));
}

/// Each entry stands alone. Source: FHIR R4 http.html#brules.
Answer process_batch(Context const& context, Call const& call, json::Value bundle) {
  auto const entries = bundle["entry"];
  Answer answer;
  answer.body = response_bundle("batch-response", entries.size() == 0, [&](json::Writer& writer) {
    for (auto const entry : entries.elements()) {
      write_response(writer, answer_entry(context, call, entry));
    }
  });
  return answer;
}

}  // namespace

Result<EntryRequest> entry_request(json::Value entry, std::string_view base) {
  auto const request = entry["request"];
  EntryRequest found;
  found.method = request["method"].text();
  found.if_match = request["ifMatch"].text();
  found.if_none_match = request["ifNoneMatch"].text();
  found.if_none_exist = request["ifNoneExist"].text();
  if (found.method.empty() || !request["url"].exists()) {
    return fail(ErrorCode::invalid, "method and url are required", "Bundle.entry.request");
  }
  auto url = request["url"].text();
  if (url.starts_with(base)) url.erase(0, base.size());
  if (url.starts_with('/')) url.erase(0, 1);
  if (url.find("://") < url.find('?')) {
    return fail(ErrorCode::invalid, "a url of another server", "Bundle.entry.request.url");
  }
  auto const mark = url.find('?');
  found.path = url.substr(0, mark);
  if (mark != std::string::npos) found.query = url.substr(mark + 1);
  return found;
}

net::HttpRequest http_request(Context const& context, Call const& call, EntryRequest const& request,
                              json::Value resource) {
  net::HttpRequest http;
  http.method = request.method;
  http.target = context.options.base_path + '/' + request.path;
  if (!request.query.empty()) http.target += '?' + request.query;
  auto const add = [&](char const* name, std::string_view value) {
    if (!value.empty()) http.headers.add(name, std::string(value));
  };
  add("Host", call.http.headers.value("Host"));
  add("If-Match", request.if_match);
  add("If-None-Match", request.if_none_match);
  add("If-None-Exist", request.if_none_exist);
  auto const prefer = call.http.headers.value("Prefer");
  add("Prefer", prefer.empty() ? "return=minimal" : prefer);
  Result<PatchBody> patch = fail(ErrorCode::invalid, "no patch");
  if (request.method == "PATCH") patch = patch_of_entry(resource);
  if (patch) {
    add("Content-Type", patch->media_type);
    http.body = std::move(patch->text);
  } else if (resource.exists()) {
    add("Content-Type", "application/fhir+json");
    http.body = resource.source();
  }
  http.peer_address = call.http.peer_address;
  return http;
}

void write_response(json::Writer& writer, Answer const& answer) {
  constexpr int kErrorsFrom = 400;
  constexpr std::string_view kOutcomeHead = R"({"resourceType":"OperationOutcome")";
  bool const is_error = answer.status >= kErrorsFrom;
  bool const is_fhir = !answer.body.empty() && answer.media_type.empty();
  writer.begin_object();
  bool const is_outcome = is_fhir && answer.body.starts_with(kOutcomeHead);
  if (is_fhir && !is_error && !is_outcome) {
    writer.key("resource");
    writer.raw(answer.body);
  }
  writer.key("response");
  writer.begin_object();
  writer.member("status", status_line(answer.status));
  for (auto const* const header : {"Location", "Content-Location"}) {
    auto const location = answer.headers.value(header);
    if (!location.empty()) writer.member("location", location);
  }
  auto const tag = answer.headers.value("ETag");
  if (!tag.empty()) writer.member("etag", tag);
  if (answer.updated) writer.member("lastModified", to_string(*answer.updated));
  if (is_fhir && (is_error || is_outcome)) {
    writer.key("outcome");
    writer.raw(answer.body);
  } else if (!answer.left_out.empty()) {
    writer.key("outcome");
    writer.raw(outcome_json("stored without what is unknown", answer.left_out));
  }
  writer.end_object();
  writer.end_object();
}

/// Source: FHIR R4 http.html#transaction.
Result<Answer> process_bundle(Context const& context, Call const& call) {
  auto const document = read_body(call.http);
  if (!document) {
    auto const& error = document.error();
    bool const is_type = error.code == ErrorCode::not_supported && error.where == "Content-Type";
    return refuse(is_type ? kUnsupportedMediaType : kBadRequest, error);
  }
  auto const bundle = document->root();
  auto const type = bundle["type"].text();
  bool const is_known = type == "batch" || type == "transaction";
  if (bundle["resourceType"].text() != "Bundle" || !is_known) {
    return refuse(kBadRequest, {ErrorCode::invalid,
                                "what is posted to the base is a Bundle of type batch or "
                                "transaction",
                                "Bundle.type"});
  }
  if (type == "batch") return process_batch(context, call, bundle);
  return process_transaction(context, call, bundle);
}

}  // namespace sinew::rest
