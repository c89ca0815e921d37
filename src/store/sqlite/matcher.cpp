#include "store/sqlite/matcher.h"

#include <algorithm>
#include <iterator>

#include "store/sqlite/by_body.h"
#include "store/sqlite/chain.h"
#include "store/sqlite/past.h"
#include "store/sqlite/plan.h"
#include "store/sqlite/posting.h"
#include "store/sqlite/special.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kProbeCost = 8;  // one descent, in rows of a scan
/// Up to so many resources are asked one by one before a range of an index is read for them.
constexpr std::size_t kFewBodies = 100;

/// The resources of a condition, whatever it negates.
Result<Rids> read_condition(Connection& connection, Condition const& condition) {
  Rids rids = condition.found;
  for (auto const& posting : condition.postings) TRY(read_posting(connection, posting, rids));
  // One list is in order but for the end, where the young tree joins the old one.
  if (!std::ranges::is_sorted(rids) || condition.postings.size() > 1 || !condition.found.empty())
    sort_rids(rids);
  return rids;
}

/// Those of `rids` that the condition holds of, whatever it negates.
Result<Rids> common_with(Connection& connection, Condition const& condition, Rids const& rids) {
  Rids common;
  std::ranges::set_intersection(rids, condition.found, std::back_inserter(common));
  for (auto const& posting : condition.postings)
    TRY(read_common(connection, posting, rids, common));
  if (!std::ranges::is_sorted(common, std::ranges::less_equal())) sort_rids(common);
  return common;
}

/// Few are asked one by one. For many the index is read, as long as that is cheaper.
Result<> keep_deferred(SearchContext& context, std::string_view type, Rids& rids,
                       Planned& planned) {
  if (rids.size() > kFewBodies &&
      TRY(look_up_within(context, type, planned, rids.size() * SearchCost::kBodySteps))) {
    Rids kept;
    std::ranges::set_intersection(rids, planned.condition.found, std::back_inserter(kept));
    rids = std::move(kept);
    return {};
  }
  return keep_by_body(context, rids, planned.test);
}

/// Keeps what the condition holds of (or, where it is negated, what it does not).
Result<> keep(SearchContext& context, std::string_view type, Rids& rids, Planned& planned) {
  if (planned.is_deferred) return keep_deferred(context, type, rids, planned);
  auto const& condition = planned.condition;
  if (condition.by_body) return keep_by_body(context, rids, condition.by_body);
  auto const steps = rids.size() * std::max<std::size_t>(1, condition.postings.size());
  bool const leaps = planned.is_cut || steps * kProbeCost <= planned.estimate;
  auto const common = leaps ? TRY(common_with(context.connection, condition, rids))
                            : TRY(read_condition(context.connection, condition));
  Rids kept;
  if (condition.negated)
    std::ranges::set_difference(rids, common, std::back_inserter(kept));
  else
    std::ranges::set_intersection(rids, common, std::back_inserter(kept));
  rids = std::move(kept);
  return {};
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
  if (wants_total) newest.total = TRY(whole_length_of(context.connection, posting));
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
  auto plans = TRY(plan_search(context, type, criteria));
  bool const begins_with_all = plans.empty() || plans.front().condition.negated ||
                               plans.front().condition.by_body != nullptr;
  auto rids = begins_with_all ? TRY(all_live(context, *key))
                              : TRY(read_condition(context.connection, plans.front().condition));
  for (std::size_t i = begins_with_all ? 0 : 1; i < plans.size() && !rids.empty(); ++i)
    TRY(keep(context, type, rids, plans[i]));
  return rids;
}

}  // namespace sinew::store::sqlite
