#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"
#include "base/hash.h"
#include "fhir/check.h"
#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/edit.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUnsupportedMediaType = 415;

Answer answer_removal(store::Outcome const& outcome) {
  Answer answer;
  answer.status = 204;
  if (outcome.version > 0) answer.headers.add("ETag", entity_tag(outcome.version));
  return answer;
}

Result<store::Change> with_if_match(Call const& call, store::Change change) {
  change.if_version = TRY(wanted_version(call.http));
  return change;
}

}  // namespace

Result<std::optional<std::uint64_t>> wanted_version(net::HttpRequest const& request) {
  auto const tag = request.headers.value("If-Match");
  if (tag.empty() || tag == "*") return std::optional<std::uint64_t>();
  return std::optional(TRY(read_entity_tag(tag)));
}

Result<store::Outcome> apply_one(Context const& context, store::Change change) {
  store::Transaction transaction;
  transaction.changes.push_back(std::move(change));
  auto const outcomes = TRY(context.store.apply_and_wait(std::move(transaction)));
  if (outcomes.size() != 1) return fail(ErrorCode::internal, "the store gave no outcome");
  return outcomes.front();
}

Result<Answer> answer_change(Context const& context, Call const& call,
                             store::Outcome const& outcome) {
  bool const is_created = outcome.what == store::Outcome::What::created;
  Answer answer;
  answer.status = is_created ? 201 : 200;
  add_version_headers(answer, outcome, call.base, is_created ? "Location" : "Content-Location");
  switch (call.presentation.prefer) {
    case Return::minimal:
      break;
    case Return::outcome:
      answer.body = success_json(is_created ? "created" : "updated");
      break;
    default:
      answer.body = TRY(context.store.read_version(outcome.type, outcome.id, outcome.version)).body;
  }
  return answer;
}

void add_version_headers(Answer& answer, store::Outcome const& outcome, std::string_view base,
                         std::string_view location_header) {
  answer.headers.add(std::string(location_header), std::string(base) + '/' + outcome.type + '/' +
                                                       outcome.id + "/_history/" +
                                                       std::to_string(outcome.version));
  answer.headers.add("ETag", entity_tag(outcome.version));
  answer.headers.add("Last-Modified", http_date(outcome.updated));
  answer.updated = outcome.updated;
}

std::string new_id(Context const& context) {
  return context.options.new_id ? context.options.new_id() : to_string(uuid_v4());
}

bool is_id(std::string_view text) {
  static auto const type = fhir::find_type("id");
  return fhir::is_valid_primitive(type, text);
}

std::string with_id(json::Value resource, std::string_view id) {
  json::ObjectEdit edit(resource);
  edit.remove("id");
  auto const text = '"' + std::string(id) + '"';
  // Removed and put again, so that it stands behind resourceType wherever it stood before.
  edit.set_after("resourceType", "id", text);
  return edit.text();
}

std::optional<Answer> fault_of(json::Value resource, std::string_view type) {
  if (!resource.is_object() || resource["resourceType"].text() != type) {
    return refuse(kBadRequest,
                  {ErrorCode::invalid,
                   "the body is no resource of the type in the URL: '" + std::string(type) + "'",
                   "resourceType"});
  }
  auto const issues = fhir::check_structure(resource);
  if (has_error(issues)) return refuse(issues);
  return {};
}

namespace {

/// The resource of a request that passed every check, or the answer that refuses it.
struct Submission {
  std::optional<json::Document> document;
  Answer refusal;
};

Submission submitted(Call const& call) {
  auto document = read_body(call.http);
  if (!document) {
    auto const& error = document.error();
    bool const is_type = error.code == ErrorCode::not_supported && error.where == "Content-Type";
    return {{}, refuse(is_type ? kUnsupportedMediaType : kBadRequest, error)};
  }
  if (auto fault = fault_of(document->root(), call.type)) return {{}, *std::move(fault)};
  return {*std::move(document), {}};
}

Answer bad_request(std::string what, std::string where) {
  return refuse(kBadRequest, {ErrorCode::invalid, std::move(what), std::move(where)});
}

}  // namespace

/// Source: FHIR R4 http.html#create, #ccreate.
Result<Answer> create(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const submission = submitted(call);
  if (!submission.document) return submission.refusal;
  store::Change change;
  change.verb = store::Verb::create;
  change.type = call.type;
  change.id = new_id(context);
  change.body = with_id(submission.document->root(), change.id);
  change.if_none_exist = call.http.headers.value("If-None-Exist");
  return answer_change(context, call, TRY(apply_one(context, std::move(change))));
}

/// Source: FHIR R4 http.html#update, #upsert, #concurrency.
Result<Answer> update(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  if (!is_id(call.id)) return bad_request("not a FHIR id", "id");
  auto const submission = submitted(call);
  if (!submission.document) return submission.refusal;
  auto const resource = submission.document->root();
  // "If no id element is provided, or the id disagrees with the id in the URL, the server SHALL
  // respond with an HTTP 400 error code"
  if (fhir::resource_id(resource) != call.id) {
    return bad_request("the id of the resource is not the id in the URL", call.type + ".id");
  }
  store::Change change;
  change.verb = store::Verb::put;
  change.type = call.type;
  change.id = call.id;
  change.body = json::ObjectEdit(resource).text();
  change = TRY(with_if_match(call, std::move(change)));
  return answer_change(context, call, TRY(apply_one(context, std::move(change))));
}

Result<Answer> remove(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  store::Change change;
  change.verb = store::Verb::remove;
  change.type = call.type;
  change.id = call.id;
  change = TRY(with_if_match(call, std::move(change)));
  return answer_removal(TRY(apply_one(context, std::move(change))));
}

Result<std::optional<store::Resource>> find_one(Context const& context, std::string_view type,
                                                std::string_view query) {
  if (query.empty()) {
    return fail(ErrorCode::precondition, "a conditional interaction without any criterion");
  }
  auto parsed = TRY(store::parse_search(type, query));
  constexpr std::size_t kEnoughToTellApart = 2;
  parsed.count = kEnoughToTellApart;
  parsed.want_total = false;
  auto page = TRY(context.store.search(parsed));
  if (page.matches.size() > 1) {
    return fail(ErrorCode::precondition, "the criteria match more than one resource",
                std::string(type));
  }
  if (page.matches.empty()) return std::optional<store::Resource>();
  return std::optional(std::move(page.matches.front()));
}

/// Source: FHIR R4 http.html#cond-update.
Result<Answer> update_conditionally(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const submission = submitted(call);
  if (!submission.document) return submission.refusal;
  auto const resource = submission.document->root();
  auto const criteria = std::string(call.http.query());
  auto const match = TRY(find_one(context, call.type, criteria));
  auto const given = std::string(fhir::resource_id(resource));
  store::Change change;
  change.type = call.type;
  if (!match) {
    // "No matches, id provided ...: the server creates the resource with that id"
    change.verb = store::Verb::create;
    change.id = given.empty() ? new_id(context) : given;
    change.if_none_exist = criteria;
  } else {
    if (!given.empty() && given != match->id) {
      return bad_request("the id of the resource is not that of the match", call.type + ".id");
    }
    change.verb = store::Verb::put;
    change.id = match->id;
    change.if_version = match->version;
  }
  change.body = with_id(resource, change.id);
  return answer_change(context, call, TRY(apply_one(context, std::move(change))));
}

/// Source: FHIR R4 http.html#3.1.0.7.1 (conditional delete of one).
Result<Answer> remove_conditionally(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const match = TRY(find_one(context, call.type, call.http.query()));
  if (!match)
    return Answer{.status = 204, .body = {}, .media_type = {}, .headers = {}, .updated = {}};
  store::Change change;
  change.verb = store::Verb::remove;
  change.type = call.type;
  change.id = match->id;
  change.if_version = match->version;
  return answer_removal(TRY(apply_one(context, std::move(change))));
}

}  // namespace sinew::rest
