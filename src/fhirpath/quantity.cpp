#include "fhirpath/quantity.h"

#include <algorithm>
#include <array>

namespace sinew::fhirpath {
namespace {

struct CalendarRow {
  TimeUnit unit;
  std::string_view code;
};
constexpr auto kCalendarCodes = std::to_array<CalendarRow>({{TimeUnit::year, "a"},
                                                            {TimeUnit::month, "mo"},
                                                            {TimeUnit::week, "wk"},
                                                            {TimeUnit::day, "d"},
                                                            {TimeUnit::hour, "h"},
                                                            {TimeUnit::minute, "min"},
                                                            {TimeUnit::second, "s"},
                                                            {TimeUnit::millisecond, "ms"}});

/// Years and months have no fixed length.
std::optional<TimeUnit> variable_calendar_unit(Item const& item) {
  if (!item.is_calendar) return std::nullopt;
  auto const unit = calendar_unit(item.number.unit);
  return unit && *unit <= TimeUnit::month ? unit : std::nullopt;
}

ucum::Unit months(TimeUnit unit) {
  constexpr int kMonthsPerYear = 12;
  ucum::Unit months;
  if (unit == TimeUnit::year) {
    months.factor.numerator = kMonthsPerYear;
    months.factor.floating = kMonthsPerYear;
  }
  return months;
}

}  // namespace

std::string_view unit_code(Item const& quantity) {
  if (!quantity.is_calendar) return quantity.number.unit;
  auto const unit = calendar_unit(quantity.number.unit);
  if (!unit) return quantity.number.unit;
  return std::ranges::find(kCalendarCodes, *unit, &CalendarRow::unit)->code;
}

std::optional<CommonUnit> common_unit(Item const& a, Item const& b) {
  if (a.number.unit == b.number.unit && a.is_calendar == b.is_calendar) return CommonUnit{};
  auto const calendar_a = variable_calendar_unit(a);
  auto const calendar_b = variable_calendar_unit(b);
  if (calendar_a && calendar_b) return CommonUnit{months(*calendar_a), months(*calendar_b)};
  if (calendar_a || calendar_b) return std::nullopt;
  auto const unit_a = ucum::parse_unit(unit_code(a));
  auto const unit_b = ucum::parse_unit(unit_code(b));
  if (!unit_a || !unit_b || !ucum::are_comparable(*unit_a, *unit_b)) return std::nullopt;
  return CommonUnit{*unit_a, *unit_b};
}

bool are_equivalent_quantities(Item const& a, Item const& b) {
  auto units = common_unit(a, b);
  if (!units) {
    auto const unit_a = ucum::parse_unit(unit_code(a));
    auto const unit_b = ucum::parse_unit(unit_code(b));
    if (!unit_a || !unit_b || !ucum::are_comparable(*unit_a, *unit_b)) return false;
    units = CommonUnit{*unit_a, *unit_b};
  }
  auto const converted = ucum::convert(b.decimal(), units->b, units->a);
  if (!converted) return false;
  auto const scale = std::min(int{a.scale}, normalized(*converted).scale);
  return compare(round(a.decimal(), scale, Rounding::half_away),
                 round(*converted, scale, Rounding::half_away)) == 0;
}

}  // namespace sinew::fhirpath
