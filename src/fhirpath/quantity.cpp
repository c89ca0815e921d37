#include "fhirpath/quantity.h"

#include <algorithm>
#include <array>

namespace sinew::fhirpath {
namespace {

struct CalendarRow {
  TimeUnit unit;
  std::string_view code, word;
};
constexpr auto kCalendarCodes =
    std::to_array<CalendarRow>({{TimeUnit::year, "a", "year"},
                                {TimeUnit::month, "mo", "month"},
                                {TimeUnit::week, "wk", "week"},
                                {TimeUnit::day, "d", "day"},
                                {TimeUnit::hour, "h", "hour"},
                                {TimeUnit::minute, "min", "minute"},
                                {TimeUnit::second, "s", "second"},
                                {TimeUnit::millisecond, "ms", "millisecond"}});

/// Years and months have no fixed length.
std::optional<TimeUnit> variable_calendar_unit(Item const& item) {
  if (!item.is_calendar) return std::nullopt;
  auto const unit = calendar_unit(item.number.unit);
  return unit && *unit <= TimeUnit::month ? unit : std::nullopt;
}

CommonUnit in_common(ucum::Unit const& a, ucum::Unit const& b) {
  return {a, b, ucum::ratio_of(a, b)};
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

std::string_view calendar_word(std::string_view code) {
  auto const row = std::ranges::find(kCalendarCodes, code, &CalendarRow::code);
  return row == kCalendarCodes.end() ? std::string_view() : row->word;
}

std::optional<CommonUnit> common_unit(Item const& a, Item const& b) {
  if (a.number.unit == b.number.unit && a.is_calendar == b.is_calendar) return CommonUnit{};
  auto const calendar_a = variable_calendar_unit(a);
  auto const calendar_b = variable_calendar_unit(b);
  if (calendar_a && calendar_b) return in_common(months(*calendar_a), months(*calendar_b));
  if (calendar_a || calendar_b) return std::nullopt;
  auto const unit_a = ucum::parse_unit(unit_code(a));
  auto const unit_b = ucum::parse_unit(unit_code(b));
  if (!unit_a || !unit_b || !ucum::are_comparable(*unit_a, *unit_b)) return std::nullopt;
  return in_common(*unit_a, *unit_b);
}

CommonUnit const* UnitPairs::find(Item const& a, Item const& b) {
  for (auto const& pair : pairs_) {
    if (pair.a == a.number.unit && pair.b == b.number.unit && pair.is_calendar_a == a.is_calendar &&
        pair.is_calendar_b == b.is_calendar) {
      return pair.common ? &*pair.common : nullptr;
    }
  }
  auto made = Pair{std::string(a.number.unit), std::string(b.number.unit), a.is_calendar,
                   b.is_calendar, common_unit(a, b)};
  if (pairs_.size() < kPairsKept) {
    pairs_.push_back(std::move(made));
    return pairs_.back().common ? &*pairs_.back().common : nullptr;
  }
  auto& oldest = pairs_[next_++ % kPairsKept];
  oldest = std::move(made);
  return oldest.common ? &*oldest.common : nullptr;
}

bool are_equivalent_quantities(UnitPairs& pairs, Item const& a, Item const& b) {
  auto const* const known = pairs.find(a, b);
  auto units = known != nullptr ? std::optional(*known) : std::nullopt;
  if (!units) {
    auto const unit_a = ucum::parse_unit(unit_code(a));
    auto const unit_b = ucum::parse_unit(unit_code(b));
    if (!unit_a || !unit_b || !ucum::are_comparable(*unit_a, *unit_b)) return false;
    units = in_common(*unit_a, *unit_b);
  }
  auto const converted = ucum::convert(b.decimal(), units->b, units->a);
  if (!converted) return false;
  auto const scale = std::min(int{a.scale}, normalized(*converted).scale);
  return compare(round(a.decimal(), scale, Rounding::half_away),
                 round(*converted, scale, Rounding::half_away)) == 0;
}

}  // namespace sinew::fhirpath
