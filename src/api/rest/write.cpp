#include "api/rest/format.h"
#include "api/rest/known_part.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"
#include "api/rest/write_check.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/waiting.h"
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

namespace {

Result<store::Outcome> only_one(Result<std::vector<store::Outcome>> made) {
  auto outcomes = TRY(std::move(made));
  if (outcomes.size() != 1) return fail(ErrorCode::internal, "the store gave no outcome");
  return std::move(outcomes.front());
}

}  // namespace

Result<store::Outcome> apply_one(Context const& context, store::Change change) {
  store::Transaction transaction;
  transaction.changes.push_back(std::move(change));
  return only_one(context.store.apply_and_wait(std::move(transaction)));
}

Answer answer_after(store::Change change,
                    std::function<Result<Answer>(Result<store::Outcome>)> finish) {
  Answer answer;
  answer.pending = std::make_shared<Pending>();
  answer.pending->transaction.changes.push_back(std::move(change));
  answer.pending->finish = [last = std::move(finish)](Result<std::vector<store::Outcome>> made) {
    return last(only_one(std::move(made)));
  };
  return answer;
}

void Turn::take() {
  if (lock_.owns_lock()) return;
  Waiting const waiting;
  lock_.lock();
}

Result<Answer> answer_change(Context const& context, ChangeView const& view,
                             store::Outcome const& outcome) {
  bool const is_created = outcome.what == store::Outcome::What::created;
  Answer answer;
  answer.status = is_created ? 201 : 200;
  answer.left_out = view.left_out;
  add_version_headers(answer, outcome, view.base, is_created ? "Location" : "Content-Location");
  switch (view.prefer) {
    case Return::minimal:
      break;
    case Return::outcome:
      answer.body = outcome_json(is_created ? "created" : "updated", view.left_out);
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

std::optional<Answer> fault_of(Context const& context, json::Value resource, std::string_view type,
                               std::string_view text) {
  if (!resource.is_object() || resource["resourceType"].text() != type) {
    return refuse(kBadRequest,
                  {ErrorCode::invalid,
                   "the body is no resource of the type in the URL: '" + std::string(type) + "'",
                   "resourceType"});
  }
  auto const issues = fhir::check_structure(resource);
  if (has_error(issues)) return refuse(issues);
  if (!context.options.check_write) return {};
  auto const findings = context.options.check_write(resource, text);
  if (validate::has_error(findings)) return refuse(findings);
  return {};
}

namespace {

/// The resource of a request that passed every check, or the answer that refuses it.
struct Submission {
  std::optional<json::Document> document;
  Answer refusal;
  std::vector<Issue> left_out = {};
};

Submission submitted(Context const& context, Call const& call) {
  auto document = read_body(call.http);
  if (!document) {
    auto const& error = document.error();
    bool const is_type = error.code == ErrorCode::not_supported && error.where == "Content-Type";
    return {{}, refuse(is_type ? kUnsupportedMediaType : kBadRequest, error)};
  }
  std::vector<Issue> left_out;
  if (call.presentation.handling == Handling::lenient) {
    auto text = known_part(document->root(), left_out);
    if (!left_out.empty()) document = json::Document::parse(std::move(text));
    if (!document) return {{}, refuse(document.error())};
  }
  bool const is_as_sent = left_out.empty() && trim(call.http.body).starts_with('{');
  auto const text = is_as_sent ? document->text() : std::string_view();
  if (auto fault = fault_of(context, document->root(), call.type, text)) {
    return {{}, *std::move(fault)};
  }
  return {*std::move(document), {}, std::move(left_out)};
}

ChangeView view_of(Call const& call, Submission const& submission) {
  ChangeView view(call);
  view.left_out = submission.left_out;
  return view;
}

Answer bad_request(std::string what, std::string where) {
  return refuse(kBadRequest, {ErrorCode::invalid, std::move(what), std::move(where)});
}

}  // namespace

/// Source: FHIR R4 http.html#create, #ccreate.
Result<Answer> create(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const submission = submitted(context, call);
  if (!submission.document) return submission.refusal;
  store::Change change;
  change.verb = store::Verb::create;
  change.type = call.type;
  change.id = new_id(context);
  change.body = with_id(submission.document->root(), change.id);
  change.if_none_exist = call.http.headers.value("If-None-Exist");
  bool const has_criteria = !change.if_none_exist.empty();
  return answer_after(
      std::move(change),
      [&context, view = view_of(call, submission),
       has_criteria](Result<store::Outcome> const& outcome) -> Result<Answer> {
        // Criteria that cannot be read are a faulty request, not a faulty resource.
        if (!outcome && has_criteria && outcome.error().code == ErrorCode::invalid) {
          return refuse(kBadRequest, outcome.error());
        }
        return answer_change(context, view, TRY(outcome));
      });
}

namespace {

/// If-None-Match of an update: `*` is "only if there is none", which the store decides; a tag is
/// "unless this is the current version". Source: RFC 9110 §13.1.2.
Result<> refuse_known(Context const& context, Call const& call, std::string_view tags,
                      store::Change& change) {
  auto const current = context.store.read(call.type, call.id);
  if (current && names_version(tags, current->version)) {
    return fail(ErrorCode::precondition, "the current version is one of If-None-Match",
                "If-None-Match");
  }
  if (trim(tags) == "*") change.verb = store::Verb::create;
  return {};
}

}  // namespace

/// Source: FHIR R4 http.html#update, #upsert, #concurrency.
Result<Answer> update(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  if (!is_id(call.id)) return bad_request("not a FHIR id", "id");
  auto const submission = submitted(context, call);
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
  auto const unwanted = call.http.headers.value("If-None-Match");
  if (!unwanted.empty()) TRY(refuse_known(context, call, unwanted, change));
  return answer_after(
      std::move(change),
      [&context, view = view_of(call, submission),
       is_unwanted = !unwanted.empty()](Result<store::Outcome> const& outcome) -> Result<Answer> {
        if (!outcome && is_unwanted && outcome.error().code == ErrorCode::conflict) {
          return fail(ErrorCode::precondition, "the resource is there already", "If-None-Match");
        }
        return answer_change(context, view, TRY(outcome));
      });
}

Result<Answer> remove(Context const&, Call const& call) {
  TRY(check_type(call.type));
  store::Change change;
  change.verb = store::Verb::remove;
  change.type = call.type;
  change.id = call.id;
  change = TRY(with_if_match(call, std::move(change)));
  return answer_after(std::move(change),
                      [](Result<store::Outcome> const& outcome) -> Result<Answer> {
                        return answer_removal(TRY(outcome));
                      });
}

namespace {

Result<std::vector<store::Resource>> find_matches(Context const& context, std::string_view type,
                                                  std::string_view query, std::size_t count_max) {
  if (query.empty()) {
    return fail(ErrorCode::precondition, "a conditional interaction without any criterion");
  }
  auto parsed = store::parse_search(type, query);
  auto page = Result<store::SearchPage>(store::SearchPage{});
  if (!parsed) {
    page = std::move(parsed).failure();
  } else {
    parsed->count = count_max + 1;
    parsed->want_total = false;
    parsed->include.clear();
    parsed->revinclude.clear();
    page = context.store.search(*parsed);
  }
  // Criteria that cannot be read are a faulty request, as they are in a search.
  if (!page && page.error().code == ErrorCode::invalid) {
    return fail(ErrorCode::malformed, page.error().what, page.error().where);
  }
  auto matches = TRY(std::move(page)).matches;
  if (matches.size() > count_max) {
    return fail(ErrorCode::precondition, "the criteria match more resources than they may",
                std::string(type));
  }
  return matches;
}

}  // namespace

Result<std::optional<store::Resource>> find_one(Context const& context, std::string_view type,
                                                std::string_view query) {
  auto matches = TRY(find_matches(context, type, query, 1));
  if (matches.empty()) return std::optional<store::Resource>();
  return std::optional(std::move(matches.front()));
}

namespace {

/// What a conditional update comes down to as things stand. Fails as `find_one` does.
Result<store::Change> planned_update(Context const& context, Call const& call,
                                     json::Value resource) {
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
    change.match_fails = true;
  } else {
    change.verb = store::Verb::put;
    change.id = match->id;
    change.if_version = match->version;
  }
  return change;
}

/// Whether another client was faster between the search and the change.
bool is_late(Result<store::Outcome> const& outcome) {
  if (outcome) return false;
  auto const& error = outcome.error();
  return error.code == ErrorCode::precondition ||
         (error.code == ErrorCode::conflict && error.where == store::kIfNoneExist);
}

}  // namespace

/// The criteria are asked again when another client was faster than the change.
/// Source: FHIR R4 http.html#cond-update.
Result<Answer> update_conditionally(Context const& context, Call const& call) {
  constexpr int kAttemptsMax = 100;
  Turn turn(context);
  TRY(check_type(call.type));
  auto const submission = submitted(context, call);
  if (!submission.document) return submission.refusal;
  auto const resource = submission.document->root();
  auto const given = fhir::resource_id(resource);
  for (int attempt = 1;; ++attempt) {
    auto change = TRY(planned_update(context, call, resource));
    if (!given.empty() && given != change.id) {
      return bad_request("the id of the resource is not that of the match", call.type + ".id");
    }
    change.body = with_id(resource, change.id);
    auto const outcome = apply_one(context, std::move(change));
    if (attempt == kAttemptsMax || !is_late(outcome)) {
      return answer_change(context, view_of(call, submission), TRY(outcome));
    }
    turn.take();
  }
}

/// All matches or, beyond the number that is allowed, none. Source: FHIR R4 http.html#3.1.0.7.1.
Result<Answer> remove_conditionally(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const matches = TRY(
      find_matches(context, call.type, call.http.query(), context.options.conditional_delete_max));
  store::Transaction transaction;
  for (auto const& match : matches) {
    store::Change change;
    change.verb = store::Verb::remove;
    change.type = call.type;
    change.id = match.id;
    change.if_version = match.version;
    transaction.changes.push_back(std::move(change));
  }
  store::Outcome outcome;
  if (!matches.empty()) {
    auto const outcomes = TRY(context.store.apply_and_wait(std::move(transaction)));
    if (outcomes.size() == 1) outcome = outcomes.front();
  }
  return answer_removal(outcome);
}

}  // namespace sinew::rest
