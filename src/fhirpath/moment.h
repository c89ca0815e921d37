#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "fhirpath/decimal.h"

namespace sinew::fhirpath {

/// How far a date or time says what it means. Seconds and their fraction are one precision.
enum class Precision : std::uint8_t { year, month, day, hour, minute, second };

/// A Date, DateTime or Time, part by part; which of the three is known by whoever holds it.
struct Moment {
  std::int16_t year = 1;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;  ///< 60 in a leap second
  Precision precision = Precision::second;
  std::uint32_t nanosecond = 0;
  std::int16_t offset = 0;  ///< minutes east of UTC
  bool has_offset = false;
  std::uint8_t fraction_digits = 0;  ///< as written, at most 9
};
static_assert(sizeof(Moment) == 16);

enum class MomentKind : std::uint8_t { date, date_time, time };

/// Reads `2014`, `2014-01`, `2014-01-05`; for date_time also `2014T`, `2014-01-05T10`, `...:30`,
/// `...:30:00.000+10:00`; for time `10`, `10:30`, `10:30:00.000`. Nothing for texts of another form
/// and for days and hours that no calendar or clock has.
/// Source: FHIRPath N1 #date, #datetime, #time; FHIR R4 datatypes.html#dateTime.
[[nodiscard]] std::optional<Moment> parse_moment(std::string_view text, MomentKind kind);

/// As `parse_moment` reads it. A date_time below the hour has no `T`.
[[nodiscard]] std::string to_string(Moment const& moment, MomentKind kind);

/// The date_time of an instant, in UTC with milliseconds.
[[nodiscard]] Moment moment_of(Instant instant);

/// Which comes first. Nothing when it cannot be said: one of them is less precise and what both
/// give is equal; or only one has an offset and the other could be on either side of it.
/// Source: FHIRPath N1 #equals, #comparison; the official suite for offsets on one side only.
[[nodiscard]] std::optional<std::strong_ordering> compare(Moment const& a, Moment const& b);
/// False where `compare` has no answer. Source: FHIRPath N1 #equivalent.
[[nodiscard]] bool equivalent(Moment const& a, Moment const& b);

/// Units of time that moments are moved by.
enum class TimeUnit : std::uint8_t { year, month, week, day, hour, minute, second, millisecond };
/// `year`, `years` ... `milliseconds`.
[[nodiscard]] std::optional<TimeUnit> calendar_unit(std::string_view word);
/// UCUM's units of fixed length: `wk`, `d`, `h`, `min`, `s`, `ms`. Not `a` and `mo`, whose length
/// is no calendar's.
[[nodiscard]] std::optional<TimeUnit> definite_unit(std::string_view code);

/// The moment moved by an amount, in its own precision; a Time goes round the clock. The fraction
/// of an amount above seconds is dropped. Nothing when the year leaves 1 to 9999.
/// Source: FHIRPath N1 #datetime-arithmetic.
[[nodiscard]] std::optional<Moment> add(Moment moment, MomentKind kind, Decimal amount,
                                        TimeUnit unit);

/// The first (or last) moment that a less precise one could be, with as many digits as asked for:
/// 4 year, 6 month, 8 day, 10 hour, 12 minute, 14 second, 17 millisecond; of a Time 2, 4, 6, 9.
/// Nothing for other numbers of digits. An unknown offset becomes +14:00 (or -12:00).
/// Source: FHIRPath STU #lowboundary, #highboundary.
enum class Boundary : std::uint8_t { low, high };
[[nodiscard]] std::optional<Moment> boundary(Moment moment, MomentKind kind, int digits,
                                             Boundary which);
/// The number of digits that a moment gives, as `boundary` counts them.
[[nodiscard]] int digits_of(Moment const& moment, MomentKind kind);

}  // namespace sinew::fhirpath
