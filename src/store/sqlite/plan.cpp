#include "store/sqlite/plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "store/sqlite/chain.h"
#include "store/sqlite/past.h"
#include "store/sqlite/posting.h"
#include "store/sqlite/special.h"

namespace sinew::store::sqlite {
namespace {

using fhir::ParameterType;

/// Lists are counted in rounds, until one of them turns out to be short.
constexpr auto kRoundRows = std::to_array<std::size_t>({100, 1000, 4096});
/// Where no list is short, ranges are read in rounds as well; after the last to their end.
constexpr auto kRoundSteps = std::to_array<std::uint64_t>({20'000, 200'000, 2'000'000, UINT64_MAX});
/// A range may cost this part of what asking the bodies would: when it turns out to be longer, not
/// much is lost.
constexpr std::uint64_t kPartOfBodies = 4;

/// Kinds that are looked up by walking a range of an index, which can be any part of it.
constexpr auto kRanged =
    std::to_array<ParameterType>({ParameterType::date, ParameterType::number, ParameterType::string,
                                  ParameterType::quantity, ParameterType::composite});

bool is_ranged(SearchContext const& context, ParameterUse const& use) {
  auto const& code = use.parameter->code;
  return context.cost != nullptr && code != "_id" && code != "_lastUpdated" &&
         use.criterion->modifier != "missing" &&
         is_indexed(context, use.type_key, *use.parameter) &&
         std::ranges::find(kRanged, use.parameter->type) != kRanged.end();
}

/// The criterion asked of the bodies of resources as they are now.
Result<std::function<bool(json::Value)>> body_test(SearchContext& context, std::string_view type,
                                                   Criterion const& criterion) {
  return std::function<bool(json::Value)>(
      [test = TRY(test_of(context, type, criterion))](json::Value resource) {
        std::vector<fhir::IndexValue> values;
        fhir::extract_index(resource, values);
        return test({}, resource, values);
      });
}

/// What the index does not have yet: each resource is asked.
Result<Condition> compile_unindexed(SearchContext& context, std::string_view type,
                                    Criterion const& criterion) {
  Condition condition;
  condition.by_body = TRY(body_test(context, type, criterion));
  return condition;
}

Result<Planned> plan(SearchContext& context, std::string_view type, Criterion const& criterion,
                     bool may_defer) {
  Planned planned;
  planned.criterion = &criterion;
  if (auto special = TRY(compile_special(context, type, criterion))) {
    planned.condition = *std::move(special);
  } else if (is_chain(criterion)) {
    planned.condition = TRY(compile_chain(context, type, criterion));
  } else {
    auto const use = TRY(find_use(context, type, criterion));
    if (may_defer && is_ranged(context, use))
      planned.is_deferred = true;
    else
      planned.condition = is_indexed(context, use.type_key, *use.parameter)
                              ? TRY(compile_criterion(context, use))
                              : TRY(compile_unindexed(context, type, criterion));
  }
  return planned;
}

bool finds(Planned const& planned) {
  return !planned.is_deferred && !planned.condition.by_body && !planned.condition.negated;
}

/// The shortest list of those that are known to their end.
std::optional<std::size_t> least_of(std::vector<Planned> const& plans) {
  std::optional<std::size_t> least;
  for (auto const& planned : plans)
    if (finds(planned) && !planned.is_cut)
      least = std::min(least.value_or(planned.estimate), planned.estimate);
  return least;
}

Result<> count_up_to(Connection& connection, Planned& planned, std::size_t most) {
  auto const& postings = planned.condition.postings;
  planned.estimate = planned.condition.found.size();
  planned.is_cut = false;
  for (auto const& posting : postings) {
    planned.is_cut = planned.estimate >= most;
    if (planned.is_cut) break;
    planned.estimate += TRY(length_of(connection, posting, most - planned.estimate));
  }
  planned.is_cut = planned.is_cut || (!postings.empty() && planned.estimate >= most);
  return {};
}

/// How much each condition finds. Once one is known to find little, the others are not counted
/// further: they are asked about each of its resources.
Result<> estimate(Connection& connection, std::vector<Planned>& plans) {
  for (auto& planned : plans) planned.is_cut = !planned.is_deferred && !planned.condition.by_body;
  // To another database each count is a way and back.
  auto round = connection.foreign() == nullptr ? kRoundRows.begin() : kRoundRows.end() - 1;
  for (; round != kRoundRows.end(); ++round)
    for (auto& planned : plans) {
      if (least_of(plans)) return {};
      if (planned.is_cut) TRY(count_up_to(connection, planned, *round));
    }
  return {};
}

/// Looks up what is worth it: what is shorter than asking those that the shortest of the others
/// finds. Where nothing is short, the shortest of the ranges is found by rounds.
Result<> look_up_short_ranges(SearchContext& context, std::string_view type,
                              std::vector<Planned>& plans) {
  for (auto const steps : kRoundSteps) {
    if (least_of(plans)) break;
    for (auto& planned : plans)
      if (planned.is_deferred) (void)TRY(look_up_within(context, type, planned, steps));
  }
  for (auto& planned : plans) {
    auto const least = least_of(plans).value_or(0);
    auto const steps = least * SearchCost::kBodySteps / kPartOfBodies;
    if (!planned.is_deferred || TRY(look_up_within(context, type, planned, steps))) continue;
    planned.test = TRY(body_test(context, type, *planned.criterion));
  }
  return {};
}

std::string shown(Planned const& planned) {
  auto const& condition = planned.condition;
  std::string text = planned.criterion->parameter;
  if (!planned.criterion->modifier.empty()) text += ":" + planned.criterion->modifier;
  if (!planned.criterion->chain.empty()) text += "." + planned.criterion->chain;
  if (condition.by_body) return text + " (by reading bodies)";
  if (planned.is_deferred) return text + " (asked of what is left)";
  text += " (" + std::string(condition.negated ? "all but " : "") +
          (planned.is_cut ? "at least " : "") + std::to_string(planned.estimate) + " rows";
  if (condition.postings.empty()) return text + ")";
  return text + " of " + std::to_string(condition.postings.size()) + " lists)";
}

/// For those who ask how a search was done.
void note_plan(SearchContext& context, std::string_view type, std::vector<Planned> const& plans) {
  if (context.cost == nullptr || !context.cost->wants_plan) return;
  std::string line = std::string(type) + ": ";
  if (plans.empty()) line += "all";
  for (auto const& planned : plans)
    line += (&planned != plans.data() ? ", then " : "") + shown(planned);
  context.cost->note(std::move(line));
}

}  // namespace

Result<std::vector<Planned>> plan_search(SearchContext& context, std::string_view type,
                                         std::vector<Criterion> const& criteria) {
  std::vector<Planned> plans;
  for (auto const& criterion : criteria)
    plans.push_back(TRY(plan(context, type, criterion, criteria.size() > 1)));
  TRY(estimate(context.connection, plans));
  if (std::ranges::any_of(plans, &Planned::is_deferred))
    TRY(look_up_short_ranges(context, type, plans));
  std::ranges::sort(plans, {}, [](Planned const& planned) {
    return std::tuple(planned.condition.by_body != nullptr, planned.is_deferred,
                      planned.condition.negated, planned.is_cut, planned.estimate,
                      planned.criterion);
  });
  note_plan(context, type, plans);
  return plans;
}

Result<bool> look_up_within(SearchContext& context, std::string_view type, Planned& planned,
                            std::uint64_t steps) {
  SearchCost::Limit const limit(*context.cost, steps);
  auto const use = TRY(find_use(context, type, *planned.criterion));
  auto condition = compile_criterion(context, use);
  if (!condition && limit.is_reached()) return false;
  planned.condition = TRY(std::move(condition));
  planned.estimate = planned.condition.found.size();
  planned.is_deferred = false;
  return true;
}

}  // namespace sinew::store::sqlite
