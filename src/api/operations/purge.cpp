#include <algorithm>

#include "api/operations/registrations.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"
#include "api/rest/write_parts.h"
#include "base/log.h"
#include "base/text.h"
#include "fhir/search_compartment.h"

namespace sinew::rest {
namespace {

/// Resources of one commit: nobody else waits longer than for a few of their own.
constexpr std::size_t kPurgedAtOnce = 25;
constexpr std::string_view kPatient = "Patient";
/// What tells that something was purged stays.
constexpr std::string_view kKept = "AuditEvent";

Result<> check_allowed(OperationsOptions const& options) {
  if (options.allows_purge) return {};
  return fail(ErrorCode::forbidden,
              "taking away for good is not allowed on this server: serve it "
              "with --allow-purge");
}

/// Source: FHIR R4 auditevent.html; the names of its required elements.
std::string audit_event(OperationCall const& asked, std::string const& id, std::string_view what,
                        std::string const& target) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.member("resourceType", "AuditEvent");
  writer.member("id", id);
  writer.key("type");
  write_coding(writer, "http://terminology.hl7.org/CodeSystem/audit-event-type", "rest",
               "RESTful Operation");
  writer.key("subtype");
  writer.begin_array();
  write_coding(writer, "http://hl7.org/fhir/restful-interaction", "operation", what);
  writer.end_array();
  writer.member("action", "D");
  writer.member("recorded", to_string(asked.context.clock.now()));
  writer.member("outcome", "0");
  writer.key("agent");
  writer.begin_array();
  writer.begin_object();
  writer.key("requestor");
  writer.boolean(true);
  if (!asked.call.http.peer_address.empty()) {
    writer.key("network");
    writer.begin_object();
    writer.member("address", asked.call.http.peer_address);
    writer.member("type", "2");
    writer.end_object();
  }
  writer.end_object();
  writer.end_array();
  writer.key("source");
  writer.raw(R"({"observer":{"display":"Sinew"}})");
  writer.key("entity");
  writer.begin_array();
  writer.begin_object();
  writer.key("what");
  writer.begin_object();
  writer.member("reference", target);
  writer.end_object();
  writer.end_object();
  writer.end_array();
  writer.end_object();
  return body;
}

/// Before anything is taken away: what cannot be recorded is not done.
Result<> record(OperationCall const& asked, std::string_view what, std::string const& target) {
  store::Change change;
  change.verb = store::Verb::create;
  change.type = kKept;
  change.id = new_id(asked.context);
  change.body = audit_event(asked, change.id, what, target);
  TRY(apply_one(asked.context, std::move(change)));
  log(sinew::Level::warning, "versions are taken away for good",
      {{"operation", what}, {"type", asked.call.type}});
  return {};
}

/// What is in the compartment now, the patient last: a purge that was broken off can be repeated.
Result<std::vector<store::Purge>> items_of(store::Store& store, std::string const& patient,
                                           std::string const& id) {
  store::Query query;
  for (auto const type : fhir::compartment_types(kPatient)) {
    if (type != kKept) query.types.emplace_back(type);
  }
  store::Criterion member;
  member.parameter = store::kCompartmentParameter;
  member.values = {patient};
  query.criteria.push_back(std::move(member));
  query.count = 1000;
  query.want_total = false;
  std::vector<store::Purge> items;
  do {
    auto found = TRY(store.search(query));
    for (auto& match : found.matches) {
      // Patients that are linked to this one have records of their own.
      if (match.type == kPatient) continue;
      store::Purge item;
      item.type = std::move(match.type);
      item.id = std::move(match.id);
      items.push_back(std::move(item));
    }
    query.cursor = std::move(found.next);
  } while (!query.cursor.empty());
  store::Purge last;
  last.type = kPatient;
  last.id = id;
  items.push_back(std::move(last));
  return items;
}

struct Purged {
  std::size_t resources = 0;
  std::uint64_t versions = 0;
};

Result<Purged> purge_all(store::Store& store, std::vector<store::Purge> const& items) {
  Purged purged;
  for (std::size_t at = 0; at < items.size(); at += kPurgedAtOnce) {
    auto const end = std::min(items.size(), at + kPurgedAtOnce);
    purged.versions += TRY(store.purge({items.begin() + static_cast<std::ptrdiff_t>(at),
                                        items.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  purged.resources = items.size();
  return purged;
}

/// Who reads it knows it exists or existed: a deleted patient can be purged too.
Result<Answer> answer_purge(OperationCall const& asked, OperationsOptions const& options) {
  TRY(check_allowed(options));
  auto& store = asked.context.store;
  TRY(store.history(asked.call.type, asked.call.id));
  auto const patient = asked.call.type + '/' + asked.call.id;
  TRY(record(asked, "$purge", patient));
  auto const purged = TRY(purge_all(store, TRY(items_of(store, patient, asked.call.id))));
  Answer answer;
  answer.body = success_json("taken away for good: " + std::to_string(purged.resources) +
                             " resources, " + std::to_string(purged.versions) + " versions");
  return answer;
}

Answer count_answer(std::uint64_t versions) {
  Answer answer;
  answer.body = parameters_json(
      [&](json::Writer& writer) { write_number_parameter(writer, "count", versions); });
  return answer;
}

/// What of the one resource is meant.
Result<std::vector<store::Purge>> items_of_instance(OperationCall const& asked) {
  auto const& call = asked.call;
  store::Purge item;
  item.type = call.type;
  item.id = call.id;
  if (asked.level == Level::version) {
    auto const version = parse_integer<std::uint64_t>(call.version);
    if (!version) return fail(ErrorCode::not_found, "no such version");
    item.what = store::Purge::What::version;
    item.version = *version;
    return std::vector{std::move(item)};
  }
  auto const newest =
      TRY(asked.context.store.history_page({.type = call.type, .id = call.id, .count = 1}));
  bool const is_deleted = !newest.versions.empty() && newest.versions.front().deleted;
  bool const with_deleted = asked.arguments.text("expungeDeletedResources") == "true";
  bool const with_previous = asked.arguments.text("expungePreviousVersions") == "true";
  if (!with_deleted && !with_previous) {
    return fail(ErrorCode::invalid,
                "say what is to be taken away: expungePreviousVersions, "
                "expungeDeletedResources");
  }
  if (is_deleted && with_deleted) {
    item.what = store::Purge::What::resource;
  } else if (with_previous) {
    item.what = store::Purge::What::history;
  } else {
    return fail(ErrorCode::conflict, "the resource is not deleted");
  }
  return std::vector{std::move(item)};
}

Result<Answer> answer_expunge(OperationCall const& asked, OperationsOptions const& options) {
  TRY(check_allowed(options));
  auto const items = TRY(items_of_instance(asked));
  auto target = asked.call.type + '/' + asked.call.id;
  if (asked.level == Level::version) target += "/_history/" + asked.call.version;
  TRY(record(asked, "$expunge", target));
  return count_answer(TRY(purge_all(asked.context.store, items)).versions);
}

}  // namespace

/// Source: FHIR R6 patient-operation-purge.html: R4 has none.
Operation purge_patient(OperationsOptions const& options) {
  Operation operation;
  operation.name = "purge";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Patient-purge";
  operation.levels = {Level::instance};
  operation.types = {std::string(kPatient)};
  operation.handler = [options](OperationCall const& asked) {
    return answer_purge(asked, options);
  };
  operation.effect = Effect::changes;
  operation.audit = 'D';
  return operation;
}

/// No standard has it; the names are those that other servers know it by.
Operation expunge(OperationsOptions const& options) {
  Operation operation;
  operation.name = "expunge";
  operation.definition = "urn:sinew:operation:expunge";
  operation.levels = {Level::instance, Level::version};
  operation.parameters = {{"expungeDeletedResources", "boolean"},
                          {"expungePreviousVersions", "boolean"}};
  operation.handler = [options](OperationCall const& asked) {
    return answer_expunge(asked, options);
  };
  operation.effect = Effect::changes;
  operation.audit = 'D';
  return operation;
}

}  // namespace sinew::rest
