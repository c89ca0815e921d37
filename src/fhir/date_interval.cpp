#include <array>

#include "base/time.h"
#include "fhir/date_time.h"
#include "fhir/search_index.h"

namespace sinew::fhir {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

std::int64_t day_ms(int year, int month, int day) {
  return days_from_civil(year, month, day) * kDayMs;
}

/// What the last digit written stands for.
std::int64_t length_ms(DateTime const& at) {
  constexpr std::array<std::int64_t, 4> kFractions = {kSecondMs, 100, 10, 1};
  switch (at.precision) {
    case Precision::year:
      return day_ms(at.year + 1, 1, 1) - day_ms(at.year, 1, 1);
    case Precision::month: {
      bool const is_last = at.month == 12;
      return day_ms(at.year + (is_last ? 1 : 0), is_last ? 1 : at.month + 1, 1) -
             day_ms(at.year, at.month, 1);
    }
    case Precision::day:
      return kDayMs;
    case Precision::minute:
      return kMinuteMs;
    case Precision::second:
      break;
  }
  return at.fraction_digits < 3 ? kFractions[static_cast<std::size_t>(at.fraction_digits)] : 1;
}

}  // namespace

std::optional<std::pair<std::int64_t, std::int64_t>> date_interval(std::string_view text) {
  auto const at = parse_date_time(text);
  if (!at) return std::nullopt;
  auto const low = day_ms(at->year, at->month, at->day) + at->hour * kHourMs +
                   (at->minute - at->offset_minutes) * kMinuteMs + at->second * kSecondMs +
                   at->millisecond;
  return std::pair(low, low + length_ms(*at));
}

}  // namespace sinew::fhir
