#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew {

/// Milliseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ms = 0;
  auto operator<=>(Instant const&) const = default;
};

/// `2026-11-21T13:04:51.123Z`. Source: FHIR R4 datatypes.html#instant.
[[nodiscard]] std::string to_string(Instant instant);

/// A FHIR instant, with any offset. Fails `malformed`.
[[nodiscard]] Result<Instant> parse_instant(std::string_view text);

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back.
[[nodiscard]] std::int64_t days_from_civil(int year, int month, int day);
struct CivilDate {
  int year, month, day;
};
[[nodiscard]] CivilDate civil_from_days(std::int64_t days);

/// Where time comes from. Passed in, so that tests can hold it still.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() = 0;
};

/// The clock of the machine.
[[nodiscard]] Clock& system_clock();

}  // namespace sinew
