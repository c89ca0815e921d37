#include "store/sqlite/condition.h"

#include <algorithm>
#include <array>

#include "store/search_value.h"
#include "store/sqlite/index_batch.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

using fhir::ParameterType;

struct CompilerRow {
  ParameterType type;
  Result<Condition> (*compile)(SearchContext&, ParameterUse const&);
};
constexpr auto kCompilers = std::to_array<CompilerRow>({
    {ParameterType::number, compile_number},
    {ParameterType::date, compile_date},
    {ParameterType::string, compile_string},
    {ParameterType::token, compile_token},
    {ParameterType::reference, compile_reference},
    {ParameterType::quantity, compile_quantity},
    {ParameterType::uri, compile_uri},
    {ParameterType::composite, compile_composite},
});

std::string shown(Criterion const& criterion) {
  return criterion.modifier.empty() ? criterion.parameter
                                    : criterion.parameter + ":" + criterion.modifier;
}

}  // namespace

void sort_rids(Rids& rids) {
  std::ranges::sort(rids);
  auto const repeats = std::ranges::unique(rids);
  rids.erase(repeats.begin(), repeats.end());
}

Failure bad_modifier(ParameterUse const& use) {
  return fail(ErrorCode::invalid, "the parameter does not take this modifier",
              shown(*use.criterion));
}

Result<ParameterUse> find_use(SearchContext& context, std::string_view type,
                              Criterion const& criterion) {
  ParameterUse use;
  use.type = type;
  use.criterion = &criterion;
  auto const key = context.catalogue.type_key(type);
  if (!key) return fail(ErrorCode::invalid, "not a FHIR resource type", std::string(type));
  use.type_key = *key;
  use.parameter = fhir::find_parameter(fhir::find_type(type), criterion.parameter);
  if (use.parameter == nullptr)
    return fail(ErrorCode::invalid, "unknown search parameter of " + std::string(type),
                shown(criterion));
  return use;
}

bool is_indexed(SearchContext const& context, TypeKey type,
                fhir::SearchParameter const& parameter) {
  if (context.definitions == nullptr || context.definitions->unready.empty()) return true;
  return std::ranges::none_of(parameter.paths, [&](fhir::PathId path) {
    return context.definitions->unready.contains(context.catalogue.path_key(type, path));
  });
}

Result<> require_indexed(SearchContext const& context, TypeKey type,
                         fhir::SearchParameter const& parameter) {
  if (is_indexed(context, type, parameter)) return {};
  return fail(ErrorCode::unavailable, "the parameter is being indexed; try again in a while",
              std::string(parameter.code));
}

Result<Condition> compile_criterion(SearchContext& context, ParameterUse const& use) {
  auto const& code = use.parameter->code;
  if (code == "_id") return compile_id(context, use);
  if (code == "_lastUpdated") return compile_last_updated(context, use);
  if (use.criterion->modifier == "missing") return compile_missing(context, use);
  for (auto const& row : kCompilers)
    if (row.type == use.parameter->type) return row.compile(context, use);
  return fail(ErrorCode::invalid, "parameters of this kind are not supported",
              shown(*use.criterion));
}

Result<Condition> compile_id(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const live = TRY(load_live(context.connection, context.catalogue, use.type, value));
    if (live.exists) condition.found.push_back(live.rid);
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ dates

namespace {

/// Which lower ends of intervals can satisfy a condition; the rest need not be read.
struct LowRange {
  std::int64_t first = INT64_MIN, last = INT64_MAX;
};

LowRange low_range(DateCondition const& condition, bool is_long) {
  auto const earlier = [&](std::int64_t from) {
    if (is_long) return INT64_MIN;
    return from < INT64_MIN + kShortPeriodMs ? INT64_MIN : from - kShortPeriodMs;
  };
  switch (condition.prefix) {
    case Prefix::eq:
      return {condition.low, condition.high};
    case Prefix::ne:
      return {};
    case Prefix::gt:
    case Prefix::ge:
      return {std::min(condition.low, earlier(condition.high)), INT64_MAX};
    case Prefix::lt:
    case Prefix::eb:
      return {INT64_MIN, condition.low};
    case Prefix::le:
      return {INT64_MIN, condition.high};
    case Prefix::sa:
      return {condition.high, INT64_MAX};
    case Prefix::ap:
      return {earlier(condition.low), condition.high};
  }
  return {};
}

}  // namespace

Result<Condition> compile_date(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const date = TRY(read_date(value, context.now, use.criterion->parameter));
    for (auto const path : use.parameter->paths) {
      for (std::int64_t const is_long : {0, 1}) {
        auto const range = low_range(date, is_long == 1);
        auto const key = context.catalogue.path_key(use.type_key, path) * 2 + is_long;
        auto rows =
            context.connection.query("SELECT rid, lo, hi FROM dt WHERE pid=? AND lo>=? AND lo<=?",
                                     key, range.first, range.last);
        while (TRY(rows.next()))
          if (date.holds(rows.integer(1), rows.integer(2)))
            condition.found.push_back(rows.integer(0));
      }
    }
  }
  sort_rids(condition.found);
  return condition;
}

Result<Condition> compile_last_updated(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const date = TRY(read_date(value, context.now, use.criterion->parameter));
    auto const range = low_range(date, false);
    auto const first = TRY(first_version_at(context.connection, range.first));
    auto rows = context.connection.query(
        "SELECT l.rid, l.upd FROM log l JOIN res r ON r.rid=l.rid "
        "WHERE l.vsn>=? AND +l.upd<=? AND +l.tid=? AND r.ver=l.ver AND r.body IS NOT NULL",
        first, range.last, use.type_key);
    while (TRY(rows.next()))
      if (date.holds(rows.integer(1), rows.integer(1) + 1))
        condition.found.push_back(rows.integer(0));
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ missing

Result<Condition> compile_missing(SearchContext& context, ParameterUse const& use) {
  auto const& values = use.criterion->values;
  if (values.size() != 1 || (values[0] != "true" && values[0] != "false"))
    return fail(ErrorCode::invalid, ":missing is true or false", shown(*use.criterion));
  Condition condition;
  condition.negated = values[0] == "true";
  auto& out = condition.found;
  auto& connection = context.connection;
  for (auto const path : use.parameter->paths) {
    auto const key = context.catalogue.path_key(use.type_key, path);
    switch (use.parameter->type) {
      case ParameterType::token:
        TRY(collect(connection, out,
                    "SELECT tok.rid FROM tval JOIN tok ON tok.vid=tval.vid WHERE tval.pid=?", key));
        TRY(collect(connection, out, "SELECT rid FROM idt WHERE pid=?", key));
        break;
      case ParameterType::reference:
        TRY(collect(connection, out, "SELECT rid FROM ref WHERE pid=?", key));
        TRY(collect(connection, out, "SELECT rid FROM idt WHERE pid=?", key));
        break;
      case ParameterType::date:
        TRY(collect(connection, out, "SELECT rid FROM dt WHERE pid IN (?, ?)", key * 2,
                    key * 2 + 1));
        break;
      case ParameterType::string:
        TRY(collect(connection, out, "SELECT rid FROM str WHERE pid=?", key));
        break;
      case ParameterType::quantity:
        TRY(collect(connection, out, "SELECT rid FROM qty WHERE pid=?", key));
        break;
      case ParameterType::number:
        TRY(collect(connection, out, "SELECT rid FROM num WHERE pid=?", key));
        break;
      case ParameterType::uri:
        TRY(collect(connection, out, "SELECT rid FROM uri WHERE pid=?", key));
        break;
      case ParameterType::composite:
      case ParameterType::special:
        return bad_modifier(use);
    }
  }
  sort_rids(out);
  return condition;
}

}  // namespace sinew::store::sqlite
