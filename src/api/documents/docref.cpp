#include "api/documents/docref.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "api/documents/summary.h"
#include "api/rest/bundle_writer.h"
#include "api/rest/page_url.h"
#include "api/rest/submit.h"
#include "api/rest/write_parts.h"
#include "base/hash.h"
#include "fhir/search_index.h"
#include "net/http.h"

namespace sinew::documents {
namespace {

constexpr std::string_view kLoinc = "http://loinc.org";
constexpr std::size_t kReferencesMax = 10'000;  ///< of one answer

/// The types of document that a summary of the patient answers. Source: US Core 6.1.0 ("the LOINC
/// code for a C-CDA Clinical Summary of Care (CCD) is 34133-9"), IPS 1.1.0.
struct TypeRow {
  std::string_view code, display;
};
constexpr auto kSummaryTypes = std::to_array<TypeRow>({
    {"34133-9", "Summary of episode note"},
    {"60591-5", "Patient summary Document"},
});

/// What is asked, read.
struct Question {
  std::string patient;
  std::optional<std::int64_t> start, end;  ///< the first and the last ms of the care
  std::vector<std::pair<std::string, std::string>> types;  ///< system and code
  std::vector<std::string> profiles;
  bool is_on_demand = false;

  [[nodiscard]] bool has_dates() const { return start || end; }
};

Result<std::optional<std::pair<std::int64_t, std::int64_t>>> interval(
    rest::OperationCall const& asked, std::string_view name) {
  auto const text = asked.arguments.text(name);
  if (text.empty()) return std::optional<std::pair<std::int64_t, std::int64_t>>();
  auto const found = fhir::date_interval(text);
  if (!found) return fail(ErrorCode::invalid, "not a date", std::string(name));
  return found;
}

/// `system|code` or a Coding.
std::pair<std::string, std::string> coding(rest::Argument const& argument) {
  if (argument.value.is_object()) {
    return {argument.value["system"].text(), argument.value["code"].text()};
  }
  auto const bar = argument.text.find('|');
  if (bar == std::string::npos) return {{}, argument.text};
  return {argument.text.substr(0, bar), argument.text.substr(bar + 1)};
}

Result<Question> read_question(rest::OperationCall const& asked) {
  Question question;
  question.patient = asked.arguments.text("patient");
  if (auto const start = TRY(interval(asked, "start"))) question.start = start->first;
  if (auto const end = TRY(interval(asked, "end"))) question.end = end->second;
  for (auto const& argument : asked.arguments.all()) {
    if (argument.name == "type") question.types.push_back(coding(argument));
    if (argument.name == "profile") question.profiles.push_back(argument.text);
  }
  question.is_on_demand = asked.arguments.text("on-demand") == "true";
  return question;
}

bool is_of_types(Question const& question, json::Value reference) {
  if (question.types.empty()) return true;
  return std::ranges::any_of(question.types, [&](auto const& wanted) {
    return std::ranges::any_of(reference["type"]["coding"].elements(), [&](json::Value one) {
      bool const is_system = wanted.first.empty() || one["system"].text() == wanted.first;
      return is_system && one["code"].text() == wanted.second;
    });
  });
}

/// "All records relating to care provided in a specific date range": the period of the context, or
/// the date of the document where it has none.
bool is_of_dates(Question const& question, json::Value reference) {
  if (!question.has_dates()) return true;
  auto const period = reference["context"]["period"];
  auto const low_text = period ? period["start"].text() : reference["date"].text();
  auto const high_text = period ? period["end"].text() : reference["date"].text();
  auto const low = fhir::date_interval(low_text);
  auto const high = fhir::date_interval(high_text);
  if (!low && !high) return false;
  bool const begins_late = question.end && low && low->first >= *question.end;
  bool const ends_early = question.start && high && high->second <= *question.start;
  return !begins_late && !ends_early;
}

bool is_of_profiles(Question const& question, json::Value reference) {
  if (question.profiles.empty()) return true;
  return std::ranges::any_of(reference["meta"]["profile"].elements(), [&](json::Value one) {
    return std::ranges::find(question.profiles, one.text()) != question.profiles.end();
  });
}

bool is_summary_type(std::pair<std::string, std::string> const& type) {
  bool const is_loinc = type.first.empty() || type.first == kLoinc;
  return is_loinc &&
         std::ranges::find(kSummaryTypes, type.second, &TypeRow::code) != kSummaryTypes.end();
}

bool is_summary_profile(std::string_view profile) {
  profile = profile.substr(0, profile.find('|'));
  return profile == kIpsBundle || profile == kIpsComposition;
}

/// Whether a summary, which is always of now, is what is asked for.
bool takes_summary(Question const& question, Instant now) {
  bool const is_type =
      question.types.empty() || std::ranges::any_of(question.types, is_summary_type);
  bool const is_profile =
      question.profiles.empty() || std::ranges::any_of(question.profiles, is_summary_profile);
  bool const is_past = question.end && *question.end <= now.ms;
  return is_type && is_profile && !is_past;
}

/// The id of the reference that a patient's summary has: one for each patient, however often it is
/// asked for.
std::string summary_id(std::string_view patient) {
  constexpr std::size_t kDigits = 32;
  return "summary-" + sha256_hex("docref:Patient/" + std::string(patient)).substr(0, kDigits);
}

std::string summary_reference(Question const& question, std::string_view base) {
  constexpr std::string_view kCategories =
      "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
  auto const patient = "Patient/" + question.patient;
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "DocumentReference");
  writer.member("id", summary_id(question.patient));
  writer.key("meta");
  writer.begin_object();
  writer.key("profile");
  writer.begin_array();
  writer.string("http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference");
  writer.end_array();
  writer.end_object();
  writer.member("status", "current");
  writer.key("type");
  writer.begin_object();
  writer.key("coding");
  writer.begin_array();
  for (auto const& row : kSummaryTypes) rest::write_coding(writer, kLoinc, row.code, row.display);
  writer.end_array();
  writer.end_object();
  writer.key("category");
  writer.begin_array();
  writer.begin_object();
  writer.key("coding");
  writer.begin_array();
  rest::write_coding(writer, kCategories, "clinical-note", "Clinical Note");
  writer.end_array();
  writer.end_object();
  writer.end_array();
  writer.key("subject");
  writer.begin_object();
  writer.member("reference", patient);
  writer.end_object();
  writer.member("description", "International Patient Summary, made when it is read");
  writer.key("content");
  writer.begin_array();
  writer.begin_object();
  writer.key("attachment");
  writer.begin_object();
  writer.member("contentType", "application/fhir+json");
  writer.member("url", std::string(base) + '/' + patient + "/$summary");
  writer.member("title", "International Patient Summary");
  writer.end_object();
  writer.key("format");
  rest::write_coding(writer, "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
                     "urn:ihe:iti:xds:2017:mimeTypeSufficient", "mimeType Sufficient");
  writer.end_object();
  writer.end_array();
  writer.end_object();
  return out;
}

/// The newest first.
Result<std::vector<store::Resource>> stored_references(rest::OperationCall const& asked,
                                                       Question const& question) {
  auto const patient = net::percent_encode("Patient/" + question.patient);
  auto query = TRY(store::parse_search("DocumentReference",
                                       "patient=" + patient + "&status=current&_sort=-date"));
  query.count = asked.context.options.page_max;
  query.want_total = false;
  std::vector<store::Resource> found;
  std::set<std::string> types;
  do {
    auto page = TRY(asked.context.store.search(query));
    for (auto& match : page.matches) {
      auto const document = TRY(json::Document::parse(match.body));
      auto const root = document.root();
      bool const is_made_here = match.id == summary_id(question.patient);
      bool const fits = is_of_types(question, root) && is_of_dates(question, root) &&
                        is_of_profiles(question, root);
      if (is_made_here || !fits) continue;
      // "The most recent or current document is in scope if neither a start date nor an end date
      // is provided": of each type.
      bool const is_newest = types.insert(root["type"]["coding"].at(0)["code"].text()).second;
      if (!question.has_dates() && !is_newest) continue;
      if (found.size() == kReferencesMax) {
        return fail(ErrorCode::too_large, "too many documents: ask for a shorter time");
      }
      found.push_back(std::move(match));
    }
    query.cursor = std::move(page.next);
  } while (!query.cursor.empty());
  return found;
}

/// The reference to the summary, stored so that it can be read and searched for like any other.
Result<store::Resource> made_reference(rest::OperationCall const& asked, Question const& question) {
  store::Change change;
  change.verb = store::Verb::put;
  change.type = "DocumentReference";
  change.id = summary_id(question.patient);
  change.body = summary_reference(question, asked.call.base);
  auto const outcome = TRY(rest::apply_one(asked.context, std::move(change)));
  return asked.context.store.read_version(outcome.type, outcome.id, outcome.version);
}

std::string searchset(rest::OperationCall const& asked, std::vector<store::Resource> const& found) {
  rest::BundleWriter writer(asked.call.base);
  writer.begin(
      {.total = found.size(),
       .links = {{"self", rest::page_url(asked.call.base + "/DocumentReference/$docref",
                                         asked.call.parameters, asked.call.presentation)}}});
  for (auto const& resource : found) writer.add(resource, "match");
  writer.end();
  return writer.take();
}

Result<rest::Answer> answer(rest::OperationCall const& asked) {
  auto const question = TRY(read_question(asked));
  rest::Answer made;
  std::vector<store::Resource> found;
  auto const patient = asked.context.store.read("Patient", question.patient);
  // "If there is no match, an empty Bundle is returned."
  if (patient) {
    if (!question.is_on_demand) found = TRY(stored_references(asked, question));
    bool const has_summary = std::ranges::any_of(found, [](store::Resource const& resource) {
      return std::ranges::any_of(kSummaryTypes, [&](TypeRow const& row) {
        return resource.body.find('"' + std::string(row.code) + '"') != std::string::npos;
      });
    });
    if (!has_summary && takes_summary(question, asked.context.clock.now())) {
      found.push_back(TRY(made_reference(asked, question)));
    }
  }
  made.body = searchset(asked, found);
  return made;
}

}  // namespace

rest::Operation docref_operation() {
  return {
      .name = "docref",
      .definition = "http://hl7.org/fhir/us/core/OperationDefinition/docref",
      .levels = {rest::Level::type},
      .types = {"DocumentReference"},
      .parameters = {{"patient", "id", 1, 1},
                     {"start", "dateTime"},
                     {"end", "dateTime"},
                     {"type", "Coding", 0, rest::kAnyNumber},
                     {"on-demand", "boolean"},
                     {"profile", "canonical", 0, rest::kAnyNumber}},
      .handler = answer,
      .audit = 'R',
  };
}

}  // namespace sinew::documents
