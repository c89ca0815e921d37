#include "store/sqlite/matcher.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "store/sqlite/by_body.h"
#include "store/sqlite/chain.h"
#include "store/sqlite/past.h"
#include "store/sqlite/special.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kEstimateRowsMax = 4096;  // counting further costs more than it tells
constexpr std::size_t kProbeCost = 8;           // one descent, in rows of a scan

struct Planned {
  Criterion const* criterion = nullptr;
  Condition condition;
  std::size_t estimate = 0;
};

/// The length of a posting list, counted up to `most`.
Result<std::int64_t> length_of(Connection& connection, Posting const& posting, std::size_t most) {
  switch (posting.table) {
    case PostingTable::token:
      return connection.integer(0, "SELECT count(*) FROM (SELECT 1 FROM tok WHERE vid=? LIMIT ?)",
                                posting.a, most);
    case PostingTable::hashed:
      return connection.integer(
          0, "SELECT count(*) FROM (SELECT 1 FROM idt WHERE pid=? AND h=? LIMIT ?)", posting.a,
          posting.b, most);
    case PostingTable::reference:
      return connection.integer(
          0, "SELECT count(*) FROM (SELECT 1 FROM ref WHERE pid=? AND tgt=? LIMIT ?)", posting.a,
          posting.b, most);
  }
  return 0;
}

/// OPTIMIZATION: counting without a limit is a third of the cost of counting up to one.
Result<std::int64_t> whole_length_of(Connection& connection, Posting const& posting) {
  switch (posting.table) {
    case PostingTable::token:
      return connection.integer(0,
                                "SELECT (SELECT count(*) FROM tok0 WHERE vid=?1) + (SELECT "
                                "count(*) FROM tok1 WHERE vid=?1)",
                                posting.a);
    case PostingTable::hashed:
      return connection.integer(0,
                                "SELECT (SELECT count(*) FROM idt0 WHERE pid=?1 AND h=?2) + "
                                "(SELECT count(*) FROM idt1 WHERE pid=?1 AND h=?2)",
                                posting.a, posting.b);
    case PostingTable::reference:
      return connection.integer(0,
                                "SELECT (SELECT count(*) FROM ref0 WHERE pid=?1 AND tgt=?2) + "
                                "(SELECT count(*) FROM ref1 WHERE pid=?1 AND tgt=?2)",
                                posting.a, posting.b);
  }
  return 0;
}

Result<> read_posting(Connection& connection, Posting const& posting, Rids& out) {
  switch (posting.table) {
    case PostingTable::token:
      return collect(connection, out, "SELECT rid FROM tok WHERE vid=?", posting.a);
    case PostingTable::hashed:
      return collect(connection, out, "SELECT rid FROM idt WHERE pid=? AND h=?", posting.a,
                     posting.b);
    case PostingTable::reference:
      return collect(connection, out, "SELECT rid FROM ref WHERE pid=? AND tgt=?", posting.a,
                     posting.b);
  }
  return {};
}

Result<> read_newest(Connection& connection, Posting const& posting, std::int64_t before,
                     std::size_t limit, Rids& out) {
  switch (posting.table) {
    case PostingTable::token:
      return collect(connection, out,
                     "SELECT rid FROM tok WHERE vid=? AND rid<? ORDER BY rid DESC LIMIT ?",
                     posting.a, before, limit);
    case PostingTable::hashed:
      return collect(connection, out,
                     "SELECT rid FROM idt WHERE pid=? AND h=? AND rid<? ORDER BY rid DESC LIMIT ?",
                     posting.a, posting.b, before, limit);
    case PostingTable::reference:
      return collect(
          connection, out,
          "SELECT rid FROM ref WHERE pid=? AND tgt=? AND rid<? ORDER BY rid DESC LIMIT ?",
          posting.a, posting.b, before, limit);
  }
  return {};
}

Result<bool> is_in_posting(Connection& connection, Posting const& posting, std::int64_t rid) {
  std::int64_t found = 0;
  switch (posting.table) {
    case PostingTable::token:
      found = TRY(connection.integer(0, "SELECT 1 FROM tok WHERE vid=? AND rid=?", posting.a, rid));
      break;
    case PostingTable::hashed:
      found = TRY(connection.integer(0, "SELECT 1 FROM idt WHERE pid=? AND h=? AND rid=?",
                                     posting.a, posting.b, rid));
      break;
    case PostingTable::reference:
      found = TRY(connection.integer(0, "SELECT 1 FROM ref WHERE pid=? AND tgt=? AND rid=?",
                                     posting.a, posting.b, rid));
      break;
  }
  return found != 0;
}

/// The resources of a condition, whatever it negates.
Result<Rids> read_condition(Connection& connection, Condition const& condition) {
  Rids rids = condition.found;
  for (auto const& posting : condition.postings) TRY(read_posting(connection, posting, rids));
  // One list is in order but for the end, where the young tree joins the old one.
  if (!std::ranges::is_sorted(rids) || condition.postings.size() > 1 || !condition.found.empty())
    sort_rids(rids);
  return rids;
}

Result<bool> is_in_condition(Connection& connection, Condition const& condition, std::int64_t rid) {
  if (std::ranges::binary_search(condition.found, rid)) return true;
  for (auto const& posting : condition.postings)
    if (TRY(is_in_posting(connection, posting, rid))) return true;
  return false;
}

/// Keeps what the condition holds of (or, where it is negated, what it does not).
Result<> keep(SearchContext& context, Rids& rids, Planned const& planned) {
  auto const& condition = planned.condition;
  if (condition.by_body) return keep_by_body(context, rids, condition.by_body);
  auto& connection = context.connection;
  auto const probes = rids.size() * std::max<std::size_t>(1, condition.postings.size());
  Rids kept;
  if (probes * kProbeCost <= planned.estimate || condition.postings.empty()) {
    for (auto const rid : rids)
      if (TRY(is_in_condition(connection, condition, rid)) != condition.negated)
        kept.push_back(rid);
  } else {
    auto const others = TRY(read_condition(connection, condition));
    if (condition.negated)
      std::ranges::set_difference(rids, others, std::back_inserter(kept));
    else
      std::ranges::set_intersection(rids, others, std::back_inserter(kept));
  }
  rids = std::move(kept);
  return {};
}

/// What the index does not have yet: each resource is asked.
Result<Condition> compile_unindexed(SearchContext& context, std::string_view type,
                                    Criterion const& criterion) {
  Condition condition;
  condition.by_body = [test = TRY(test_of(context, type, criterion))](json::Value resource) {
    std::vector<fhir::IndexValue> values;
    fhir::extract_index(resource, values);
    return test({}, resource, values);
  };
  return condition;
}

Result<Condition> compile_parameter(SearchContext& context, std::string_view type,
                                    Criterion const& criterion) {
  auto const use = TRY(find_use(context, type, criterion));
  if (is_indexed(context, use.type_key, *use.parameter)) return compile_criterion(context, use);
  return compile_unindexed(context, type, criterion);
}

Result<Planned> plan(SearchContext& context, std::string_view type, Criterion const& criterion) {
  Planned planned;
  planned.criterion = &criterion;
  if (auto special = TRY(compile_special(context, type, criterion)))
    planned.condition = *std::move(special);
  else if (is_chain(criterion))
    planned.condition = TRY(compile_chain(context, type, criterion));
  else
    planned.condition = TRY(compile_parameter(context, type, criterion));
  return planned;
}

/// How much each condition finds. Once one is known to find little, the others need not be counted
/// beyond the point where it is cheaper to ask them about each of its resources.
Result<> estimate(Connection& connection, std::vector<Planned>& plans) {
  auto most = kEstimateRowsMax;
  for (auto& planned : plans) {
    if (planned.condition.by_body) continue;
    planned.estimate = planned.condition.found.size();
    for (auto const& posting : planned.condition.postings) {
      if (planned.estimate >= most) break;
      planned.estimate +=
          static_cast<std::size_t>(TRY(length_of(connection, posting, most - planned.estimate)));
    }
    if (!planned.condition.negated) most = std::min(most, (planned.estimate + 1) * kProbeCost + 1);
  }
  return {};
}

/// For those who ask how a search was done.
void note_plan(SearchContext& context, std::string_view type, std::vector<Planned> const& plans) {
  if (context.cost == nullptr || !context.cost->wants_plan) return;
  std::string line = std::string(type) + ": ";
  if (plans.empty()) line += "all";
  for (auto const& planned : plans) {
    auto const& condition = planned.condition;
    if (&planned != plans.data()) line += ", then ";
    line += planned.criterion->parameter;
    if (!planned.criterion->modifier.empty()) line += ":" + planned.criterion->modifier;
    if (!planned.criterion->chain.empty()) line += "." + planned.criterion->chain;
    if (condition.by_body) {
      line += " (by reading bodies)";
      continue;
    }
    bool const is_cut = planned.estimate >= kEstimateRowsMax && !condition.postings.empty();
    line += " (" + std::string(condition.negated ? "all but " : "") + (is_cut ? "at least " : "") +
            std::to_string(planned.estimate) + " rows" +
            (condition.postings.empty()
                 ? ")"
                 : " of " + std::to_string(condition.postings.size()) + " lists)");
  }
  context.cost->note(std::move(line));
}

}  // namespace

Result<std::optional<NewestMatches>> newest_of_one_list(SearchContext& context,
                                                        std::string_view type,
                                                        Criterion const& criterion,
                                                        std::int64_t before, std::size_t limit,
                                                        bool wants_total) {
  if (is_chain(criterion) || is_special(criterion) || criterion.values.size() != 1)
    return std::optional<NewestMatches>();
  auto const use = TRY(find_use(context, type, criterion));
  if (!is_indexed(context, use.type_key, *use.parameter)) return std::optional<NewestMatches>();
  if (use.parameter->type != fhir::ParameterType::token &&
      use.parameter->type != fhir::ParameterType::reference)
    return std::optional<NewestMatches>();
  auto const condition = TRY(compile_criterion(context, use));
  if (condition.negated || !condition.found.empty() || condition.postings.size() != 1)
    return std::optional<NewestMatches>();
  auto const& posting = condition.postings.front();
  NewestMatches newest;
  TRY(read_newest(context.connection, posting, before, limit, newest.rids));
  if (wants_total)
    newest.total = static_cast<std::uint64_t>(TRY(whole_length_of(context.connection, posting)));
  return std::optional<NewestMatches>(std::move(newest));
}

Result<Rids> all_live(SearchContext& context, TypeKey type) {
  Rids rids;
  TRY(collect(context.connection, rids, "SELECT rid FROM live WHERE tid=?", type));
  return rids;
}

Result<Rids> find_matches(SearchContext& context, std::string_view type,
                          std::vector<Criterion> const& criteria) {
  auto matches = TRY(find_matches_now(context, type, criteria));
  if (context.then != nullptr) TRY(matches_of_then(context, type, criteria, matches));
  return matches;
}

Result<Rids> find_matches_now(SearchContext& context, std::string_view type,
                              std::vector<Criterion> const& criteria) {
  auto const key = context.catalogue.type_key(type);
  if (!key) return fail(ErrorCode::invalid, "not a FHIR resource type", std::string(type));
  std::vector<Planned> plans;
  for (auto const& criterion : criteria) plans.push_back(TRY(plan(context, type, criterion)));
  TRY(estimate(context.connection, plans));
  // Those that find, the fewest first; then those that only take away; then those that read bodies.
  std::ranges::sort(plans, {}, [](Planned const& planned) {
    return std::tuple(planned.condition.by_body != nullptr, planned.condition.negated,
                      planned.estimate, planned.criterion);
  });
  note_plan(context, type, plans);
  bool const begins_with_all = plans.empty() || plans.front().condition.negated ||
                               plans.front().condition.by_body != nullptr;
  auto rids = begins_with_all ? TRY(all_live(context, *key))
                              : TRY(read_condition(context.connection, plans.front().condition));
  for (std::size_t i = begins_with_all ? 0 : 1; i < plans.size() && !rids.empty(); ++i)
    TRY(keep(context, rids, plans[i]));
  return rids;
}

}  // namespace sinew::store::sqlite
