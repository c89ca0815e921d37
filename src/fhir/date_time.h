#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sinew::fhir {

/// How much of a moment a text gives.
enum class Precision : std::uint8_t { year, month, day, minute, second };

/// A FHIR date, dateTime or instant, part by part.
struct DateTime {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int fraction_digits = 0;  ///< digits after the second, as written
  int millisecond = 0;      ///< the first three of them
  bool has_zone = false;
  int offset_minutes = 0;  ///< east of UTC
  Precision precision = Precision::year;
};

/// Reads `2024`, `2024-02`, `2024-02-29`, `2024-02-29T13:05`, `...:07`, `...:07.125+01:00`, `...Z`.
/// Nothing for texts of another form, and for days and hours that no calendar or clock has.
/// More liberal than the data type: minutes without seconds and times without zone are read,
/// because search values may leave them out.
/// Source: FHIR R4 datatypes.html#dateTime, search.html#date.
[[nodiscard]] std::optional<DateTime> parse_date_time(std::string_view text);

/// True for `13:05:07` and `13:05:07.125`. Source: FHIR R4 datatypes.html#time.
[[nodiscard]] bool is_time(std::string_view text);

/// Of the Gregorian calendar; `month` is 1 to 12.
[[nodiscard]] int days_in_month(int year, int month);

}  // namespace sinew::fhir
