#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "store/index_row.h"
#include "store/search_value.h"
#include "store/sqlite/by_body.h"
#include "store/sqlite/condition.h"

// Numbers and quantities. A range has a row for each of its limits: those find it, its body tells.

namespace sinew::store::sqlite {
namespace {

using Limits = std::numeric_limits<double>;

struct NumberRange {
  double first = -Limits::infinity();
  double last = Limits::infinity();

  auto operator<=>(NumberRange const&) const = default;
};

/// Where the rows of numbers are that satisfy a condition, and at least one row of each range.
/// `has_ranges`: `ap` finds ranges that reach over what is asked for on both sides, too.
NumberRange number_range(NumberCondition const& condition, bool has_ranges) {
  switch (condition.prefix) {
    case Prefix::ap:
      if (has_ranges) return {};
      [[fallthrough]];
    case Prefix::eq:
      return {std::min(condition.low, condition.value), std::max(condition.high, condition.value)};
    case Prefix::ne:
      return {};
    case Prefix::gt:
    case Prefix::ge:
    case Prefix::sa:
      return {condition.value, NumberRange().last};
    case Prefix::lt:
    case Prefix::le:
    case Prefix::eb:
      return {NumberRange().first, condition.value};
  }
  return {};
}

/// A unit of a path that a quantity search accepts.
struct WantedUnit {
  NumberCondition number;
  bool is_range = false;
};
using WantedUnits = std::unordered_map<std::int64_t, WantedUnit>;

/// Which units of a path are accepted, by the part of the index that has to be read for them.
Result<std::map<NumberRange, WantedUnits>> wanted_units(SearchContext& context, PathKey key,
                                                        QuantityCondition const& quantity) {
  std::map<NumberRange, WantedUnits> wanted;
  auto rows = context.connection.query("SELECT vid, code, sys, display FROM tval WHERE pid=?", key);
  while (TRY(rows.next())) {
    auto display = rows.text(3);
    bool const is_range = display.starts_with(kRangeMark);
    if (is_range) display.remove_prefix(1);
    auto const number = quantity.in_unit(rows.text(2), rows.text(1), display);
    if (!number) continue;
    wanted[number_range(*number, is_range)].emplace(rows.integer(0), WantedUnit{*number, is_range});
  }
  return wanted;
}

Result<> find_quantities(SearchContext& context, PathKey key, QuantityCondition const& quantity,
                         Rids& found, Rids& ranges) {
  for (auto const& [range, units] : TRY(wanted_units(context, key, quantity))) {
    auto rows = context.connection.query(
        "SELECT rid, v, unit FROM qty WHERE pid=? AND v>=? AND v<=?", key, range.first, range.last);
    while (TRY(rows.next())) {
      auto const unit = units.find(rows.integer(2));
      if (unit == units.end()) continue;
      if (unit->second.is_range)
        ranges.push_back(rows.integer(0));
      else if (unit->second.number.holds(rows.real(1)))
        found.push_back(rows.integer(0));
    }
  }
  return {};
}

void append(Rids& out, Rids const& more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

Result<Condition> compile_number(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const number = TRY(read_number(unescape(value), use.criterion->parameter));
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      bool const has_ranges = fhir::index_paths()[path].has_ranges;
      auto const range = number_range(number, has_ranges);
      Rids rids;
      auto rows = context.connection.query("SELECT rid, v FROM num WHERE pid=? AND v>=? AND v<=?",
                                           key, range.first, range.last);
      while (TRY(rows.next()))
        if (has_ranges || number.holds(rows.real(1))) rids.push_back(rows.integer(0));
      if (has_ranges) {
        sort_rids(rids);
        TRY(keep_by_value(context, rids, {path}, [&](fhir::IndexValue const& stored) {
          return number.holds(stored.number, stored.number_high);
        }));
      }
      append(condition.found, rids);
    }
  }
  sort_rids(condition.found);
  return condition;
}

Result<Condition> compile_quantity(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const quantity = TRY(read_quantity(value, use.criterion->parameter));
    Rids ranges;
    for (auto const path : use.parameter->paths)
      TRY(find_quantities(context, context.catalogue.path_key(use.type_key, path), quantity,
                          condition.found, ranges));
    sort_rids(ranges);
    TRY(keep_by_value(context, ranges, use.parameter->paths, [&](fhir::IndexValue const& stored) {
      auto const number = quantity.in_unit(stored.system, stored.code, stored.unit);
      return number && number->holds(stored.number, stored.number_high);
    }));
    append(condition.found, ranges);
  }
  sort_rids(condition.found);
  return condition;
}

}  // namespace sinew::store::sqlite
