#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "api/operations/care_time.h"
#include "api/operations/registrations.h"
#include "api/rest/bundle_writer.h"
#include "api/rest/page_url.h"
#include "base/text.h"

namespace sinew::rest {
namespace {

constexpr std::size_t kChunk = 1000;
/// Observations that are looked at; a subject with more has to be asked by code or date.
constexpr std::size_t kObservationsMax = 200'000;

/// "A subject using either the patient or subject search parameter".
constexpr auto kSubjects = std::to_array<std::string_view>({"patient", "subject"});
/// "A category parameter and/or a search parameter that contains a code element".
constexpr auto kCodes = std::to_array<std::string_view>(
    {"category", "code", "code-value-concept", "code-value-date", "code-value-quantity",
     "code-value-string", "combo-code", "combo-code-value-concept", "combo-code-value-quantity",
     "component-code", "component-code-value-concept", "component-code-value-quantity"});
/// They would change what is most recent, or are about pages.
constexpr auto kNotTaken = std::to_array<std::string_view>(
    {"_count", "_cursor", "_include", "_revinclude", "_sort", "_total"});

struct Candidate {
  store::Resource resource;
  std::int64_t when = INT64_MIN;
};

/// More recent first; of one time in one order always.
bool is_before(Candidate const& a, Candidate const& b) {
  if (a.when != b.when) return a.when > b.when;
  return a.resource.id < b.resource.id;
}

/// The most recent of each group. Codings that stand in one Observation.code are one: groups
/// unite when an observation has codings of both.
class Groups {
 public:
  explicit Groups(std::size_t max) : max_(max) {}

  void add(Candidate candidate, std::vector<std::string> const& codes) {
    std::size_t group = parents_.size();
    for (auto const& code : codes) {
      if (auto const known = by_code_.find(code); known != by_code_.end()) {
        group = group == parents_.size() ? root_of(known->second) : unite(group, known->second);
      }
    }
    if (group == parents_.size()) {
      parents_.push_back(group);
      members_.emplace_back();
    }
    for (auto const& code : codes) by_code_.emplace(code, group);
    auto& members = members_[group];
    members.candidates.push_back(std::move(candidate));
    // Not each time: with all of one time nothing could be trimmed, and sorting be all that is
    // done.
    if (members.candidates.size() > 2 * (members.kept + max_ + kTrimmedAtOnce)) trim(members);
  }

  /// Of all groups, the most recent first.
  std::vector<Candidate> take() {
    std::vector<Candidate> all;
    for (auto& group : members_) {
      trim(group);
      std::ranges::move(group.candidates, std::back_inserter(all));
    }
    std::ranges::sort(all, is_before);
    return all;
  }

 private:
  static constexpr std::size_t kTrimmedAtOnce = 16;
  struct Group {
    std::vector<Candidate> candidates;
    std::size_t kept = 0;  ///< by the last trimming
  };

  std::size_t root_of(std::size_t group) {
    while (parents_[group] != group) group = parents_[group] = parents_[parents_[group]];
    return group;
  }

  std::size_t unite(std::size_t a, std::size_t b) {
    a = root_of(a);
    b = root_of(b);
    if (a == b) return a;
    parents_[b] = a;
    std::ranges::move(members_[b].candidates, std::back_inserter(members_[a].candidates));
    members_[b] = {};
    return a;
  }

  /// "When the effective times for >1 Observations are equal - both will be returned".
  void trim(Group& group) const {
    auto& all = group.candidates;
    std::ranges::sort(all, is_before);
    auto size = std::min(all.size(), max_);
    while (size < all.size() && all[size].when == all[max_ - 1].when) ++size;
    all.resize(size);
    group.kept = size;
  }

  std::size_t max_;
  std::map<std::string, std::size_t> by_code_;
  std::vector<std::size_t> parents_;
  std::vector<Group> members_;
};

/// What an observation is grouped by: "coding.value and coding.system", or its text.
std::vector<std::string> codes_of(json::Value code) {
  std::vector<std::string> codes;
  for (auto const coding : code["coding"].elements()) {
    auto const value = coding["code"].text();
    if (!value.empty()) codes.push_back(coding["system"].text() + '\n' + value);
  }
  if (codes.empty()) codes.push_back("\n\n" + code["text"].text());
  return codes;
}

Result<store::Query> read_query(OperationCall const& asked) {
  Parameters parameters;
  bool has_subject = false;
  bool has_code = false;
  for (auto const& argument : asked.arguments.all()) {
    if (argument.name == "max") continue;
    auto const name = argument.name.substr(0, argument.name.find_first_of(":."));
    if (std::ranges::find(kNotTaken, name) != kNotTaken.end()) {
      return fail(ErrorCode::invalid, "no parameter of $lastn", argument.name);
    }
    has_subject |= std::ranges::find(kSubjects, name) != kSubjects.end();
    has_code |= std::ranges::find(kCodes, name) != kCodes.end();
    parameters.emplace_back(argument.name, argument.text);
  }
  if (!has_subject) {
    return fail(ErrorCode::invalid, "$lastn needs patient or subject", "patient");
  }
  if (!has_code) {
    return fail(ErrorCode::invalid, "$lastn needs category or a parameter of the code", "code");
  }
  auto query = TRY(store::parse_search("Observation", query_string(parameters)));
  query.count = kChunk;
  query.want_total = false;
  return query;
}

Result<std::vector<Candidate>> most_recent(OperationCall const& asked, store::Query query,
                                           std::size_t max) {
  Groups groups(max);
  std::size_t seen = 0;
  do {
    auto found = TRY(asked.context.store.search(query));
    for (auto& match : found.matches) {
      auto const document = TRY(json::Document::parse(match.body));
      auto const codes = codes_of(document.root()["code"]);
      auto const when = care_time(document.root());
      groups.add({std::move(match), when ? when->low : INT64_MIN}, codes);
    }
    seen += found.matches.size();
    if (seen > kObservationsMax) {
      return fail(ErrorCode::too_large, "too many observations match: ask by code or date");
    }
    query.cursor = std::move(found.next);
  } while (!query.cursor.empty());
  return groups.take();
}

Result<Answer> answer_last_n(OperationCall const& asked) {
  auto query = TRY(read_query(asked));
  auto const max = parse_integer<std::size_t>(asked.arguments.text("max")).value_or(1);
  auto const found = TRY(most_recent(asked, std::move(query), max));
  Parameters shown;
  for (auto const& argument : asked.arguments.all()) {
    shown.emplace_back(argument.name, argument.text);
  }
  Answer answer;
  BundleWriter writer(asked.call.base);
  writer.begin({.total = found.size(),
                .links = {{"self", page_url(asked.call.base + "/Observation/$lastn", shown,
                                            asked.call.presentation)}}});
  for (auto const& one : found) writer.add(one.resource, "match");
  writer.end();
  answer.body = writer.take();
  return answer;
}

}  // namespace

/// Source: FHIR R4 observation-operation-lastn.html.
Operation last_n() {
  Operation operation;
  operation.name = "lastn";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Observation-lastn";
  operation.levels = {Level::type};
  operation.types = {"Observation"};
  operation.parameters = {{"max", "positiveInt"}};
  operation.handler = answer_last_n;
  operation.audit = 'R';
  operation.unknown = Unknown::passed;
  return operation;
}

}  // namespace sinew::rest
