#include "store/sqlite/chain.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>

#include "base/text.h"
#include "store/index_row.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/special.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kChainStepsMax = 16;
constexpr std::int64_t kProbeCost = 8;      // one descent, in rows of a scan
constexpr std::int64_t kReadBodyCost = 50;  // one body, in rows of a scan

/// Along a reference, or back along one.
struct Step {
  std::string parameter;
  std::string type;  ///< along: the type to go to, empty for any; back: the type that refers
  bool is_back = false;
};
struct Chain {
  std::vector<Step> steps;
  Criterion last;
};

/// The types that can be at one place of the chain.
using Types = std::vector<fhir::TypeId>;
/// The resources at one place of the chain from which it leads on to its end.
using Matches = std::map<fhir::TypeId, Rids>;

std::string shown(Criterion const& criterion) {
  if (criterion.parameter == "_has") return "_has:" + criterion.modifier + ":" + criterion.chain;
  auto const modifier = criterion.modifier.empty() ? "" : ":" + criterion.modifier;
  return criterion.parameter + modifier + "." + criterion.chain;
}

/// Takes one step off the front of a chain. False: what is left is the last parameter.
Result<bool> take_step(std::string_view& rest, Chain& chain) {
  constexpr std::string_view kHas = "_has:";
  if (rest.starts_with(kHas)) {
    auto const parts = split(rest, ':');
    if (parts.size() < 4)
      return fail(ErrorCode::invalid, "_has is _has:Type:reference:parameter", std::string(rest));
    chain.steps.push_back({std::string(parts[2]), std::string(parts[1]), true});
    rest.remove_prefix(static_cast<std::size_t>(parts[3].data() - rest.data()));
    return true;
  }
  auto const dot = rest.find('.');
  if (dot == rest.npos) return false;
  auto const head = rest.substr(0, dot);
  auto const colon = head.find(':');
  chain.steps.push_back({std::string(head.substr(0, colon)),
                         std::string(colon == head.npos ? "" : head.substr(colon + 1)), false});
  rest.remove_prefix(dot + 1);
  return true;
}

Result<Chain> read_chain(Criterion const& criterion) {
  Chain chain;
  auto const text = shown(criterion);
  std::string_view rest = text;
  while (TRY(take_step(rest, chain)))
    if (chain.steps.size() > kChainStepsMax)
      return fail(ErrorCode::too_large, "the chain has too many steps", text);
  auto const colon = rest.find(':');
  chain.last.parameter = rest.substr(0, colon);
  if (colon != rest.npos) chain.last.modifier = rest.substr(colon + 1);
  chain.last.values = criterion.values;
  return chain;
}

fhir::SearchParameter const* find_reference(fhir::TypeId type, std::string_view name) {
  auto const* parameter = fhir::find_parameter(type, name);
  bool const is_reference =
      parameter != nullptr && parameter->type == fhir::ParameterType::reference;
  return is_reference ? parameter : nullptr;
}

bool may_point_at(fhir::SearchParameter const& parameter, fhir::TypeId type) {
  return parameter.targets.empty() ||
         std::ranges::find(parameter.targets, type) != parameter.targets.end();
}

Types all_resource_types() {
  Types types;
  for (fhir::TypeId id = 1; id < fhir::types().size(); ++id)
    if (fhir::type(id).kind == fhir::TypeKind::resource && !fhir::type(id).is_abstract)
      types.push_back(id);
  return types;
}

/// The types that a reference parameter of any of `types` leads to.
Types types_along(Types const& types, Step const& step) {
  auto const only = step.type.empty() ? fhir::TypeId{0} : fhir::find_type(step.type);
  if (!step.type.empty() && only == 0) return {};
  Types next;
  for (auto const type : types) {
    auto const* parameter = find_reference(type, step.parameter);
    if (parameter == nullptr) continue;
    if (only != 0) {
      if (may_point_at(*parameter, only)) next.push_back(only);
      continue;
    }
    auto const& targets = parameter->targets;
    auto const all = targets.empty() ? all_resource_types() : targets;
    next.insert(next.end(), all.begin(), all.end());
  }
  std::ranges::sort(next);
  auto const repeats = std::ranges::unique(next);
  next.erase(repeats.begin(), repeats.end());
  return next;
}

/// The type that refers, when its reference may point at any of `types`.
Types types_back(Types const& types, Step const& step) {
  auto const source = fhir::find_type(step.type);
  auto const* parameter = source == 0 ? nullptr : find_reference(source, step.parameter);
  if (parameter == nullptr) return {};
  bool const points_here =
      std::ranges::any_of(types, [&](fhir::TypeId type) { return may_point_at(*parameter, type); });
  return points_here ? Types{source} : Types{};
}

/// The types at each place of the chain, from its start to its last parameter.
Result<std::vector<Types>> types_of(Chain const& chain, std::string_view type,
                                    Criterion const& criterion) {
  std::vector<Types> places = {{fhir::find_type(type)}};
  for (auto const& step : chain.steps) {
    places.push_back(step.is_back ? types_back(places.back(), step)
                                  : types_along(places.back(), step));
    if (places.back().empty())
      return fail(ErrorCode::invalid,
                  "no reference parameter '" + step.parameter + "' leads on here",
                  shown(criterion));
  }
  bool const is_filter = chain.last.parameter == "_filter";
  std::erase_if(places.back(), [&](fhir::TypeId id) {
    return is_filter ? !filter_concerns(id, chain.last)
                     : fhir::find_parameter(id, chain.last.parameter) == nullptr;
  });
  if (places.back().empty())
    return fail(ErrorCode::invalid, "no type that the chain leads to has this parameter",
                shown(criterion));
  return places;
}

// ------------------------------------------------------------------ from the end to the start

Result<Rids> matches_of_one(SearchContext& context, fhir::TypeId type, Criterion const& criterion) {
  return find_matches(context, fhir::type(type).name, {criterion});
}

/// How many live resources a type has.
Result<std::int64_t> live_count(SearchContext& context, TypeKey type) {
  return context.connection.integer(0, "SELECT live FROM tally WHERE tid=?", type);
}

/// Those of `type` that refer to one of `targets`, by the index: as it is now.
Result<> add_referring(SearchContext& context, TypeKey type, fhir::SearchParameter const& parameter,
                       Rids const& targets, Rids& out) {
  TRY(require_indexed(context, type, parameter));
  auto const live = TRY(live_count(context, type));
  bool const scans = static_cast<std::int64_t>(targets.size()) * kProbeCost > live;
  for (auto const path : parameter.paths) {
    auto const key = context.catalogue.path_key(type, path);
    if (!scans) {
      for (auto const target : targets)
        TRY(collect(context.connection, out, "SELECT rid FROM ref WHERE pid=? AND tgt=?", key,
                    target));
      continue;
    }
    auto rows = context.connection.query("SELECT tgt, rid FROM ref WHERE pid=?", key);
    while (TRY(rows.next()))
      if (std::ranges::binary_search(targets, rows.integer(0))) out.push_back(rows.integer(1));
  }
  return {};
}

/// What one resource refers to by a parameter, from its body: the index has no such order.
Result<> add_targets_of(SearchContext& context, fhir::SearchParameter const& parameter,
                        std::int64_t rid, Rids& out) {
  if (context.cost != nullptr) TRY(context.cost->add_body());
  auto const body = TRY(body_of(context, rid));
  if (!body) return {};
  auto const targets = TRY(targets_of(context, parameter, *body));
  out.insert(out.end(), targets.begin(), targets.end());
  return {};
}

/// The sources that the index knows: those that have not changed since the moment looked at. What
/// the others refer to is read from their bodies.
Result<Rids> take_changed(SearchContext& context, TypeKey source_type,
                          fhir::SearchParameter const& parameter, Rids const& sources, Rids& out) {
  if (context.then == nullptr) return sources;
  auto const* versions = TRY(context.then->changed(context, source_type));
  Rids unchanged;
  for (auto const source : sources) {
    if (versions->contains(source))
      TRY(add_targets_of(context, parameter, source, out));
    else
      unchanged.push_back(source);
  }
  return unchanged;
}

/// What one of `all_sources` refers to.
Result<> add_referred(SearchContext& context, TypeKey source_type,
                      fhir::SearchParameter const& parameter, Rids const& all_sources, Rids& out) {
  auto const sources = TRY(take_changed(context, source_type, parameter, all_sources, out));
  auto const live = TRY(live_count(context, source_type));
  if (static_cast<std::int64_t>(sources.size()) * kReadBodyCost < live) {
    for (auto const source : sources) TRY(add_targets_of(context, parameter, source, out));
    return {};
  }
  TRY(require_indexed(context, source_type, parameter));
  for (auto const path : parameter.paths) {
    auto rows = context.connection.query("SELECT tgt, rid FROM ref WHERE pid=?",
                                         context.catalogue.path_key(source_type, path));
    while (TRY(rows.next()))
      if (std::ranges::binary_search(sources, rows.integer(1))) out.push_back(rows.integer(0));
  }
  return {};
}

Result<Rids> only_live(SearchContext& context, TypeKey type, Rids const& rids) {
  Rids live;
  for (auto const rid : rids)
    if (TRY(is_there(context, type, rid))) live.push_back(rid);
  return live;
}

/// Whether one of the references leads to what matches at the next place.
bool leads_to(Rids const& references, fhir::SearchParameter const& parameter, Matches const& next) {
  return std::ranges::any_of(references, [&](std::int64_t reference) {
    return std::ranges::any_of(next, [&](auto const& entry) {
      return may_point_at(parameter, entry.first) &&
             std::ranges::binary_search(entry.second, reference);
    });
  });
}

Result<Matches> go_along(SearchContext& context, Types const& types, Step const& step,
                         Matches const& next) {
  Matches found;
  for (auto const type : types) {
    auto const* parameter = find_reference(type, step.parameter);
    auto const key = context.catalogue.type_key(fhir::type(type).name);
    if (parameter == nullptr || !key) continue;
    auto& rids = found[type];
    for (auto const& [target, targets] : next)
      if (may_point_at(*parameter, target))
        TRY(add_referring(context, *key, *parameter, targets, rids));
    sort_rids(rids);
    TRY(correct_for_then(context, *key, rids, [&](PastResource const& past) -> Result<bool> {
      return leads_to(TRY(targets_of(context, *parameter, past.body)), *parameter, next);
    }));
  }
  return found;
}

Result<Matches> go_back(SearchContext& context, Types const& types, Step const& step,
                        Matches const& next) {
  Matches found;
  auto const source = fhir::find_type(step.type);
  auto const key = context.catalogue.type_key(step.type);
  auto const sources = next.find(source);
  auto const* parameter = find_reference(source, step.parameter);
  if (!key || sources == next.end() || parameter == nullptr) return found;
  Rids referred;
  TRY(add_referred(context, *key, *parameter, sources->second, referred));
  sort_rids(referred);
  for (auto const type : types) {
    auto const own_key = context.catalogue.type_key(fhir::type(type).name);
    if (!own_key || !may_point_at(*parameter, type)) continue;
    found[type] = TRY(only_live(context, *own_key, referred));
  }
  return found;
}

/// The resources at one place of the chain from which it leads to its end.
Result<Matches> matches_at(SearchContext& context, Chain const& chain,
                           std::vector<Types> const& places, std::size_t place) {
  Matches matches;
  for (auto const last : places.back())
    matches[last] = TRY(matches_of_one(context, last, chain.last));
  for (auto i = chain.steps.size(); i-- > place;) {
    auto const& step = chain.steps[i];
    matches = step.is_back ? TRY(go_back(context, places[i], step, matches))
                           : TRY(go_along(context, places[i], step, matches));
  }
  return matches;
}

}  // namespace

Result<Rids> targets_of(SearchContext& context, fhir::SearchParameter const& parameter,
                        std::string const& body) {
  Rids targets;
  auto const document = TRY(json::Document::parse(body));
  std::vector<fhir::IndexValue> values;
  fhir::extract_index(document.root(), values);
  for (auto const& value : values) {
    if (value.type != fhir::ParameterType::reference) continue;
    if (std::ranges::find(parameter.paths, value.path) == parameter.paths.end()) continue;
    auto const target = local_target(value.code);
    if (!target.empty())
      targets.push_back(TRY(load_number(context.connection, context.catalogue, target)));
  }
  return targets;
}

bool is_chain(Criterion const& criterion) {
  return criterion.parameter == "_has" || !criterion.chain.empty();
}

Result<Condition> compile_chain(SearchContext& context, std::string_view type,
                                Criterion const& criterion) {
  auto const chain = TRY(read_chain(criterion));
  auto const places = TRY(types_of(chain, type, criterion));
  Condition condition;
  for (auto& [start, rids] : TRY(matches_at(context, chain, places, 0)))
    condition.found.insert(condition.found.end(), rids.begin(), rids.end());
  sort_rids(condition.found);
  return condition;
}

Result<CriterionTest> chain_test(SearchContext& context, std::string_view type,
                                 Criterion const& criterion) {
  auto const chain = TRY(read_chain(criterion));
  auto const places = TRY(types_of(chain, type, criterion));
  if (chain.steps.front().is_back) {
    auto found = TRY(compile_chain(context, type, criterion)).found;
    return CriterionTest([found = std::move(found)](PastResource const& past, json::Value,
                                                    std::vector<fhir::IndexValue> const&) {
      return std::ranges::binary_search(found, past.rid);
    });
  }
  auto const* parameter = find_reference(fhir::find_type(type), chain.steps.front().parameter);
  std::unordered_set<std::string> targets;
  for (auto const& [target, rids] : TRY(matches_at(context, chain, places, 1))) {
    if (!may_point_at(*parameter, target)) continue;
    for (auto const rid : rids) {
      auto rows = context.connection.query("SELECT id FROM res WHERE rid=?", rid);
      if (TRY(rows.next())) targets.insert(key_of(fhir::type(target).name, rows.text(0)));
    }
  }
  return CriterionTest(
      [parameter, targets = std::move(targets)](PastResource const&, json::Value,
                                                std::vector<fhir::IndexValue> const& values) {
        return std::ranges::any_of(values, [&](fhir::IndexValue const& value) {
          return value.type == fhir::ParameterType::reference &&
                 std::ranges::find(parameter->paths, value.path) != parameter->paths.end() &&
                 targets.contains(std::string(local_target(value.code)));
        });
      });
}

}  // namespace sinew::store::sqlite
