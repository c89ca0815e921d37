#include <algorithm>
#include <array>

#include "fhir/date_time.h"
#include "fhirpath/moment.h"

namespace sinew::fhirpath {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr Int128 kAmountMax = 1'000'000'000'000;  ///< larger ones leave the calendar in any unit

struct UnitWord {
  std::string_view one, many;
  std::string_view ucum;  ///< the unit of fixed length; empty for year and month
  TimeUnit unit;
};
constexpr auto kUnitWords = std::to_array<UnitWord>({
    {"year", "years", "", TimeUnit::year},
    {"month", "months", "", TimeUnit::month},
    {"week", "weeks", "wk", TimeUnit::week},
    {"day", "days", "d", TimeUnit::day},
    {"hour", "hours", "h", TimeUnit::hour},
    {"minute", "minutes", "min", TimeUnit::minute},
    {"second", "seconds", "s", TimeUnit::second},
    {"millisecond", "milliseconds", "ms", TimeUnit::millisecond},
});

/// Days that do not exist in the month arrived at become its last: 31 January + 1 month.
std::optional<Moment> add_months(Moment m, std::int64_t months) {
  auto const total = std::int64_t{m.year} * 12 + (m.month - 1) + months;
  if (total < 12 || total >= 10'000 * 12) return std::nullopt;
  m.year = static_cast<std::int16_t>(total / 12);
  m.month = static_cast<std::uint8_t>(total % 12 + 1);
  if (m.precision >= Precision::day) {
    m.day = static_cast<std::uint8_t>(std::min<int>(m.day, fhir::days_in_month(m.year, m.month)));
  }
  return m;
}

std::optional<Moment> add_days(Moment m, std::int64_t days) {
  auto const date = civil_from_days(days_from_civil(m.year, m.month, m.day) + days);
  if (date.year < 1 || date.year > 9999) return std::nullopt;
  m.year = static_cast<std::int16_t>(date.year);
  m.month = static_cast<std::uint8_t>(date.month);
  m.day = static_cast<std::uint8_t>(date.day);
  return m;
}

/// Moves the clock; whole days go to the date, unless there is none.
std::optional<Moment> add_nanoseconds(Moment m, MomentKind kind, Int128 nanoseconds) {
  auto const per_day = Int128{kSecondsPerDay} * kNanosecondsPerSecond;
  auto total = (Int128{m.hour} * 3600 + m.minute * 60 + m.second) * kNanosecondsPerSecond +
               m.nanosecond + nanoseconds;
  auto days = total / per_day;
  auto rest = total % per_day;
  if (rest < 0) rest += per_day, --days;
  auto const seconds = static_cast<std::int64_t>(rest / kNanosecondsPerSecond);
  m.nanosecond = static_cast<std::uint32_t>(rest % kNanosecondsPerSecond);
  m.hour = static_cast<std::uint8_t>(seconds / 3600);
  m.minute = static_cast<std::uint8_t>(seconds / 60 % 60);
  m.second = static_cast<std::uint8_t>(seconds % 60);
  if (kind == MomentKind::time) return m;
  return add_days(m, static_cast<std::int64_t>(days));
}

constexpr std::int64_t seconds_in(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::week:
      return 7 * kSecondsPerDay;
    case TimeUnit::day:
      return kSecondsPerDay;
    case TimeUnit::hour:
      return 3600;
    case TimeUnit::minute:
      return 60;
    default:
      return 1;
  }
}

/// The moment with digits after the second that show its nanoseconds.
Moment with_shown_fraction(Moment m) {
  constexpr std::uint32_t kNanosecondsPerMillisecond = 1'000'000;
  if (m.nanosecond == 0 || m.precision < Precision::second) return m;
  auto const needed = m.nanosecond % kNanosecondsPerMillisecond == 0 ? 3 : 9;
  m.fraction_digits = std::max(m.fraction_digits, static_cast<std::uint8_t>(needed));
  return m;
}

struct DigitsRow {
  int digits;
  Precision precision;
  int fraction_digits;
};
constexpr auto kDateDigits = std::to_array<DigitsRow>({{4, Precision::year, 0},
                                                       {6, Precision::month, 0},
                                                       {8, Precision::day, 0},
                                                       {10, Precision::hour, 0},
                                                       {12, Precision::minute, 0},
                                                       {14, Precision::second, 0},
                                                       {17, Precision::second, 3}});
constexpr int kTimeDigitsLess = 8;  ///< a Time's digits are those of a DateTime without the date

}  // namespace

std::optional<TimeUnit> calendar_unit(std::string_view word) {
  for (auto const& row : kUnitWords) {
    if (word == row.one || word == row.many) return row.unit;
  }
  return std::nullopt;
}

std::optional<TimeUnit> definite_unit(std::string_view code) {
  for (auto const& row : kUnitWords) {
    if (!code.empty() && code == row.ucum) return row.unit;
  }
  return std::nullopt;
}

std::optional<Moment> add(Moment m, MomentKind kind, Decimal amount, TimeUnit unit) {
  bool const has_fraction = unit == TimeUnit::second || unit == TimeUnit::millisecond;
  auto const whole = round(amount, 0, Rounding::toward_zero).coefficient;
  if (whole > kAmountMax || whole < -kAmountMax) return std::nullopt;
  auto const count = static_cast<std::int64_t>(whole);
  if (kind != MomentKind::time && unit <= TimeUnit::month) {
    // In a year alone months count when they fill one; in a month, years are twelve of them.
    auto const months = unit == TimeUnit::year ? count * 12 : count;
    if (m.precision == Precision::year) return add_months(m, months / 12 * 12);
    return add_months(m, months);
  }
  if (unit <= TimeUnit::month) return std::nullopt;
  auto const scaled = has_fraction ? round(amount, 9, Rounding::toward_zero) : Decimal{whole, 0};
  auto const nanoseconds_exact = with_scale(scaled, 9, Rounding::toward_zero);
  if (!nanoseconds_exact) return std::nullopt;
  auto nanoseconds = nanoseconds_exact->coefficient * seconds_in(unit);
  if (unit == TimeUnit::millisecond) nanoseconds /= 1000;
  auto const days =
      static_cast<std::int64_t>(nanoseconds / (Int128{kSecondsPerDay} * kNanosecondsPerSecond));
  constexpr int kDaysPerMonth = 30, kDaysPerYear = 365;  // Source: FHIRPath N1, same section
  if (m.precision == Precision::year) return add_months(m, days / kDaysPerYear * 12);
  if (m.precision == Precision::month) return add_months(m, days / kDaysPerMonth);
  if (m.precision == Precision::day) return add_days(m, days);
  constexpr auto kMinute = Int128{60} * kNanosecondsPerSecond;
  if (m.precision == Precision::hour) nanoseconds = nanoseconds / (kMinute * 60) * (kMinute * 60);
  if (m.precision == Precision::minute) nanoseconds = nanoseconds / kMinute * kMinute;
  auto const moved = add_nanoseconds(m, kind, nanoseconds);
  return moved ? std::optional(with_shown_fraction(*moved)) : std::nullopt;
}

int digits_of(Moment const& m, MomentKind kind) {
  int digits = 0;
  for (auto const& row : kDateDigits) {
    if (row.precision == m.precision && (row.fraction_digits == 0 || m.fraction_digits > 0)) {
      digits = row.digits;
    }
  }
  return kind == MomentKind::time ? digits - kTimeDigitsLess : digits;
}

std::optional<Moment> boundary(Moment m, MomentKind kind, int digits, Boundary which) {
  constexpr int kDayDigits = 8;
  if (kind == MomentKind::time) digits += kTimeDigitsLess;
  if (kind == MomentKind::date && digits > kDayDigits) return std::nullopt;
  if (kind == MomentKind::time && digits <= kDayDigits) return std::nullopt;
  auto const* const row = std::ranges::find(kDateDigits, digits, &DigitsRow::digits);
  if (row == kDateDigits.end()) return std::nullopt;
  bool const high = which == Boundary::high;
  if (m.precision < Precision::month) m.month = high ? 12 : 1;
  if (m.precision < Precision::day) {
    m.day = static_cast<std::uint8_t>(high ? fhir::days_in_month(m.year, m.month) : 1);
  }
  if (m.precision < Precision::hour) m.hour = high ? 23 : 0;
  // DEVIATION: an hour without minutes, which FHIR data cannot hold, ends in its first minute: so
  // the official suite has it (HighBoundaryDateTimeMillisecond1 and 3).
  if (m.precision < Precision::minute) {
    m.minute = high && m.precision != Precision::hour ? 59 : 0;
  }
  if (m.precision < Precision::second) m.second = high ? 59 : 0;
  constexpr std::uint32_t kLastMillisecond = 999'000'000;
  if (m.fraction_digits == 0) m.nanosecond = high ? kLastMillisecond : 0;
  if (kind == MomentKind::date_time && !m.has_offset) {
    m.has_offset = true;
    m.offset = high ? -12 * 60 : 14 * 60;
  }
  m.precision = row->precision;
  m.fraction_digits = static_cast<std::uint8_t>(row->fraction_digits);
  return m;
}

}  // namespace sinew::fhirpath
