#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "api/rest/bundle.h"
#include "api/rest/format.h"
#include "api/rest/known_part.h"
#include "api/rest/links.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"
#include "api/rest/write_check.h"
#include "base/text.h"
#include "fhir/check.h"
#include "fhir/resource.h"
#include "json/edit.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;

/// One entry on its way into the store.
struct Planned {
  std::size_t index = 0;  ///< in the bundle
  json::Value entry;
  EntryRequest request;
  std::string type, id;
  std::optional<store::Resource> match;       ///< what a condition found
  std::optional<std::size_t> same_as;         ///< POST: the entry with the same condition before it
  std::optional<json::Document> replacement;  ///< what is stored where that is not what was sent
  std::vector<Issue> left_out;                ///< of what was sent: unknown elements
  std::optional<store::Change> change;  ///< none: a read, or a condition that makes it a no-op
  std::optional<store::Outcome> outcome;
};

/// How the methods of a transaction are handled, in the order in which they take effect.
/// Source: FHIR R4 http.html#trules: DELETE, POST, PUT and PATCH, then GET.
struct MethodRow {
  std::string_view method;
  Result<> (*plan)(Context const&, Planned&);
};

std::string place(std::size_t index) { return "Bundle.entry[" + std::to_string(index) + "]"; }

/// `Patient.name` of an entry's resource is `Bundle.entry[3].resource.name`.
std::string place(std::size_t index, std::string_view where) {
  auto const inside = where.find_first_of(".[");
  auto const rest = inside == where.npos ? std::string_view() : where.substr(inside);
  return place(index) + ".resource" + std::string(rest);
}

/// An error of an entry, with the entry in front of its place.
Failure at_entry(Error error, std::size_t index) {
  bool const is_inside = error.where.find_first_of(".[") != std::string::npos;
  error.where = is_inside ? place(index, error.where) : place(index);
  return Failure{std::move(error)};
}

Result<> split_path(Planned& entry) {
  auto const parts = split(entry.request.path, '/');
  entry.type = parts[0];
  TRY(check_type(entry.type));
  if (parts.size() > 2) return fail(ErrorCode::not_supported, "no such url in a transaction");
  if (parts.size() == 2) entry.id = parts[1];
  return {};
}

/// What PUT and DELETE name by id or by criteria.
Result<> find_target(Context const& context, Planned& entry) {
  if (!entry.id.empty()) {
    if (!is_id(entry.id)) return fail(ErrorCode::invalid, "not a FHIR id");
    return {};
  }
  entry.match = TRY(find_one(context, entry.type, entry.request.query));
  if (entry.match) entry.id = entry.match->id;
  return {};
}

Result<> set_version(Planned& entry) {
  auto const& tag = entry.request.if_match;
  if (entry.match) entry.change->if_version = entry.match->version;
  if (!tag.empty()) entry.change->if_version = TRY(read_entity_tag(tag));
  return {};
}

Result<> plan_delete(Context const& context, Planned& entry) {
  TRY(find_target(context, entry));
  if (entry.id.empty()) return {};
  entry.change.emplace();
  entry.change->verb = store::Verb::remove;
  return set_version(entry);
}

Result<> plan_post(Context const& context, Planned& entry) {
  if (!entry.id.empty()) return fail(ErrorCode::not_supported, "POST to an instance");
  auto const& criteria = entry.request.if_none_exist;
  if (!criteria.empty()) entry.match = TRY(find_one(context, entry.type, criteria));
  if (entry.match) {
    entry.id = entry.match->id;
    return {};
  }
  entry.id = new_id(context);
  entry.change.emplace();
  entry.change->verb = store::Verb::create;
  // The store asks again inside the transaction. Should another client create the match between the
  // two, references to the id given out here would lead nowhere: the whole is planned again.
  entry.change->if_none_exist = criteria;
  entry.change->match_fails = !criteria.empty();
  return {};
}

Result<> plan_put(Context const& context, Planned& entry) {
  TRY(find_target(context, entry));
  auto const given = std::string(fhir::resource_id(entry.entry["resource"]));
  entry.change.emplace();
  entry.change->verb = store::Verb::put;
  bool const is_conditional = entry.request.path.find('/') == std::string::npos;
  if (!is_conditional && given != entry.id) {
    return fail(ErrorCode::invalid, "the id of the resource is not the id in the URL");
  }
  if (entry.id.empty()) {
    entry.id = given.empty() ? new_id(context) : given;
    entry.change->verb = store::Verb::create;
    entry.change->if_none_exist = entry.request.query;
    entry.change->match_fails = true;
  } else if (!given.empty() && given != entry.id) {
    return fail(ErrorCode::invalid, "the id of the resource is not that of the match");
  }
  return set_version(entry);
}

/// The patch is made on the version that is current now; should another client change it before the
/// transaction is stored, the whole is planned again.
Result<> plan_patch(Context const& context, Planned& entry) {
  TRY(find_target(context, entry));
  if (entry.id.empty()) return fail(ErrorCode::not_found, "the criteria match no resource");
  auto const current = TRY(context.store.read(entry.type, entry.id));
  entry.change.emplace();
  entry.change->verb = store::Verb::put;
  entry.change->if_version = current.version;
  auto const& tag = entry.request.if_match;
  if (!tag.empty() && tag != "*" && TRY(read_entity_tag(tag)) != current.version) {
    return fail(ErrorCode::precondition, "the current version is not that of ifMatch");
  }
  auto const body = TRY(patch_of_entry(entry.entry["resource"]));
  auto const document = TRY(json::Document::parse(current.body));
  entry.replacement.emplace(TRY(json::Document::parse(TRY(patched(document.root(), body)))));
  return {};
}

Result<> plan_get(Context const&, Planned&) { return {}; }

constexpr auto kMethods = std::to_array<MethodRow>({
    {"DELETE", plan_delete},
    {"POST", plan_post},
    {"PUT", plan_put},
    {"PATCH", plan_patch},
    {"GET", plan_get},
    {"HEAD", plan_get},
});

std::size_t rank(std::string_view method) {
  auto const* const row = std::ranges::find(kMethods, method, &MethodRow::method);
  return static_cast<std::size_t>(row - kMethods.begin());
}

bool is_read(Planned const& entry) {
  return entry.request.method == "GET" || entry.request.method == "HEAD";
}

bool carries_resource(Planned const& entry) {
  return entry.replacement || entry.request.method == "POST" || entry.request.method == "PUT";
}

/// What is to be stored, links not yet replaced.
json::Value resource_of(Planned const& entry) {
  return entry.replacement ? entry.replacement->root() : entry.entry["resource"];
}

/// What links of the bundle stand for once it is stored.
class Targets {
 public:
  explicit Targets(Context const& context) : context_(context) {}

  void add(Planned const& entry) {
    auto const full_url = entry.entry["fullUrl"].text();
    if (full_url.empty() || entry.id.empty()) return;
    auto const stored = entry.type + '/' + entry.id;
    by_url_.insert_or_assign(full_url, stored);
    // A relative reference means the entry whose fullUrl ends in it.
    auto const parsed = fhir::parse_reference(full_url);
    if (parsed.kind == fhir::ReferenceKind::absolute && !parsed.base.empty()) {
      by_url_.insert_or_assign(full_url.substr(parsed.base.size() + 1), stored);
    }
  }

  Result<std::optional<std::string>> resolve(std::string_view link, bool is_reference) const {
    if (auto const found = by_url_.find(std::string(link)); found != by_url_.end()) {
      return std::optional(found->second);
    }
    if (!is_reference) return std::optional<std::string>();
    auto const parsed = fhir::parse_reference(link);
    if (parsed.kind == fhir::ReferenceKind::urn && link.starts_with("urn:uuid:")) {
      return fail(ErrorCode::invalid, "a reference to an entry that the bundle does not have");
    }
    if (parsed.kind != fhir::ReferenceKind::conditional) return std::optional<std::string>();
    auto const type = std::string(fhir::type(parsed.type).name.view());
    auto const match = TRY(find_one(context_, type, parsed.query));
    if (!match) {
      return fail(ErrorCode::precondition, "a conditional reference matches no resource");
    }
    return std::optional(type + '/' + match->id);
  }

 private:
  Context const& context_;
  std::unordered_map<std::string, std::string> by_url_;
};

/// With handling=lenient. What a patch makes is not what was sent.
Result<> leave_out_unknown(Planned& entry) {
  if (!carries_resource(entry) || entry.replacement) return {};
  auto text = known_part(entry.entry["resource"], entry.left_out);
  if (entry.left_out.empty()) return {};
  for (auto& issue : entry.left_out) issue.where = place(entry.index, issue.where);
  entry.replacement.emplace(TRY(json::Document::parse(std::move(text))));
  return {};
}

class TransactionBundle {
 public:
  TransactionBundle(Context const& context, Call const& call, json::Value bundle)
      : context_(context), call_(call), bundle_(bundle) {}

  Result<Answer> run() {
    TRY(plan());
    if (auto const issues = faults(); has_error(issues)) return refuse(issues);
    if (auto const findings = check(); validate::has_error(findings)) return refuse(findings);
    TRY(write_bodies());
    TRY(apply());
    return answer();
  }

 private:
  Result<> plan();
  void join_same_condition(Planned& planned);
  std::vector<Issue> faults() const;
  std::vector<validate::Finding> check() const;
  Result<> write_bodies();
  Result<> apply();
  Answer answer() const;
  Answer answer_of(Planned const& entry) const;

  Context const& context_;
  Call const& call_;
  json::Value bundle_;
  std::vector<Planned> entries_;
  std::map<std::pair<std::string, std::string>, std::size_t> conditions_;  ///< type and criteria
};

/// Entries that are created unless the same criteria match are one resource, the first of them: the
/// others would find it.
void TransactionBundle::join_same_condition(Planned& planned) {
  auto const& criteria = planned.request.if_none_exist;
  if (criteria.empty() || !planned.change) return;
  auto const [first, is_first] =
      conditions_.try_emplace(std::pair(planned.type, criteria), planned.index);
  if (is_first) return;
  planned.same_as = first->second;
  planned.id = entries_[first->second].id;
  planned.change.reset();
}

Result<> TransactionBundle::plan() {
  std::set<std::string> identities;
  std::size_t index = 0;
  for (auto const entry : bundle_["entry"].elements()) {
    Planned planned;
    planned.index = index++;
    planned.entry = entry;
    auto request = entry_request(entry, call_.base);
    if (!request) return at_entry(request.error(), planned.index);
    planned.request = *std::move(request);
    auto const row = rank(planned.request.method);
    auto done = row == kMethods.size()
                    ? Result<>(fail(ErrorCode::not_supported, "no such method in a transaction"))
                    : Result<>();
    if (done && !is_read(planned)) done = split_path(planned);
    if (done) done = kMethods[row].plan(context_, planned);
    if (!done) return at_entry(done.error(), planned.index);
    if (call_.presentation.handling == Handling::lenient) TRY(leave_out_unknown(planned));
    join_same_condition(planned);
    // "If any resource identities overlap ..., then the transaction SHALL fail"
    if (planned.change && !identities.insert(planned.type + '/' + planned.id).second) {
      return fail(ErrorCode::invalid, "two entries change one resource", place(planned.index));
    }
    entries_.push_back(std::move(planned));
  }
  return {};
}

/// Every fault of every resource at once: a sender repairs a bundle in one round.
std::vector<Issue> TransactionBundle::faults() const {
  std::vector<Issue> all;
  for (auto const& entry : entries_) {
    if (!carries_resource(entry)) continue;
    auto const resource = resource_of(entry);
    if (!resource.is_object() || resource["resourceType"].text() != entry.type) {
      all.push_back({Severity::error, ErrorCode::invalid,
                     "the resource is not of the type in the url", place(entry.index)});
      continue;
    }
    for (auto& issue : fhir::check_structure(resource)) {
      issue.where = place(entry.index, issue.where);
      all.push_back(std::move(issue));
    }
  }
  return all;
}

/// What the check before a write says of all resources; nothing where there is no such check.
std::vector<validate::Finding> TransactionBundle::check() const {
  std::vector<validate::Finding> all;
  auto const& check_write = context_.options.check_write;
  if (!check_write) return all;
  bool const is_json = trim(call_.http.body).starts_with('{');
  for (auto const& entry : entries_) {
    if (!carries_resource(entry) || !entry.change) continue;
    bool const is_sent = is_json && !entry.replacement;
    auto findings =
        check_write(resource_of(entry), is_sent ? bundle_.source() : std::string_view());
    move_to_entry(findings, place(entry.index));
    std::ranges::move(findings, std::back_inserter(all));
  }
  return all;
}

Result<> TransactionBundle::write_bodies() {
  Targets targets(context_);
  for (auto const& entry : entries_) targets.add(entry);
  for (auto& entry : entries_) {
    if (!entry.change) continue;
    entry.change->type = entry.type;
    entry.change->id = entry.id;
    if (!carries_resource(entry)) continue;
    auto const resolve = [&](std::string_view link, bool is_reference) {
      return targets.resolve(link, is_reference);
    };
    auto text = replace_links(resource_of(entry), resolve);
    if (!text) return at_entry(text.error(), entry.index);
    auto const document = TRY(json::Document::parse(*std::move(text)));
    entry.change->body = with_id(document.root(), entry.id);
  }
  return {};
}

Result<> TransactionBundle::apply() {
  std::vector<Planned*> order;
  for (auto& entry : entries_) {
    if (entry.change) order.push_back(&entry);
  }
  std::ranges::sort(order, {}, [](Planned const* entry) {
    return std::pair(rank(entry->request.method), entry->index);
  });
  store::Transaction transaction;
  for (auto* const entry : order) transaction.changes.push_back(std::move(*entry->change));
  if (order.empty()) return {};
  auto const outcomes = TRY(context_.store.apply_and_wait(std::move(transaction)));
  if (outcomes.size() != order.size()) return fail(ErrorCode::internal, "outcomes are missing");
  for (std::size_t i = 0; i < order.size(); ++i) order[i]->outcome = outcomes[i];
  return {};
}

Answer TransactionBundle::answer_of(Planned const& entry) const {
  if (is_read(entry)) {
    return context_.answer(http_request(context_, call_, entry.request, {}));
  }
  Answer answer;
  auto outcome = entry.same_as ? entries_[*entry.same_as].outcome : entry.outcome;
  if (outcome && entry.same_as) outcome->what = store::Outcome::What::unchanged;
  if (!outcome && entry.match) {
    outcome = store::Outcome{store::Outcome::What::unchanged, entry.type, entry.match->id,
                             entry.match->version, entry.match->updated};
  }
  bool const is_removal = entry.request.method == "DELETE";
  bool const is_created = outcome && outcome->what == store::Outcome::What::created;
  answer.status = is_removal ? 204 : is_created ? 201 : 200;
  answer.left_out = entry.left_out;
  if (!outcome || is_removal) return answer;
  add_version_headers(answer, *outcome, call_.base, "Location");
  if (call_.presentation.prefer == Return::representation) {
    auto resource = context_.store.read_version(outcome->type, outcome->id, outcome->version);
    if (resource) answer.body = std::move(resource->body);
  } else if (call_.presentation.prefer == Return::outcome) {
    answer.body = outcome_json(is_created ? "created" : "updated", entry.left_out);
  }
  return answer;
}

Answer TransactionBundle::answer() const {
  Answer answer;
  answer.body =
      response_bundle("transaction-response", entries_.empty(), [&](json::Writer& writer) {
        for (auto const& entry : entries_) write_response(writer, answer_of(entry));
      });
  return answer;
}

}  // namespace

namespace {

/// Whether another client was faster than what the transaction found out for itself: the match of a
/// condition, the version that a patch was made on. An entry's own ifMatch is never asked again.
bool is_late(json::Value bundle, Result<Answer> const& answer) {
  if (answer) return false;
  auto const& error = answer.error();
  if (error.code == ErrorCode::conflict) return error.where == store::kIfNoneExist;
  bool const is_of_plan = error.where.starts_with("Bundle.");
  if (error.code != ErrorCode::precondition || is_of_plan) return false;
  return std::ranges::none_of(bundle["entry"].elements(), [](json::Value entry) {
    return entry["request"]["ifMatch"].exists();
  });
}

/// Every condition can be lost once, to the client whose resource it finds the next time.
std::size_t attempts_max(json::Value bundle) {
  constexpr std::size_t kAttemptsMin = 32;
  return kAttemptsMin + bundle["entry"].size();
}

}  // namespace

/// All entries or none. Source: FHIR R4 http.html#trules.
Result<Answer> process_transaction(Context const& context, Call const& call, json::Value bundle) {
  auto const attempts = attempts_max(bundle);
  Turn turn(context);
  auto answer = TransactionBundle(context, call, bundle).run();
  for (std::size_t attempt = 1; attempt < attempts && is_late(bundle, answer); ++attempt) {
    turn.take();
    answer = TransactionBundle(context, call, bundle).run();
  }
  if (answer) return answer;
  // A transaction that cannot be read is the sender's mistake; of its content, the row decides.
  auto const& error = answer.error();
  bool const is_request = error.code == ErrorCode::invalid || error.code == ErrorCode::not_found;
  return is_request ? refuse(kBadRequest, error) : refuse(error);
}

}  // namespace sinew::rest
