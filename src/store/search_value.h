#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace sinew::store {

/// Source: FHIR R4 search.html#prefix.
enum class Prefix : std::uint8_t { eq, ne, lt, le, gt, ge, sa, eb, ap };

/// Takes a prefix off the front of a value; eq when there is none.
[[nodiscard]] Prefix take_prefix(std::string_view& value);

/// A search for dates: what `prefix` says of the interval [low, high), in ms.
struct DateCondition {
  Prefix prefix = Prefix::eq;
  std::int64_t low = 0, high = 0;

  /// True when a stored interval satisfies the condition. Source: FHIR R4 search.html#prefix.
  [[nodiscard]] bool holds(std::int64_t stored_low, std::int64_t stored_high) const;
};
/// `now` is what `ap` measures its tolerance from. Fails `invalid` at the parameter.
[[nodiscard]] Result<DateCondition> read_date(std::string_view value, Instant now,
                                              std::string_view parameter);

/// An instant: a date with a time of at least seconds; of a whole second its beginning. A blank in
/// front of the zone counts as the `+` that it was in the URL. Fails `invalid` at the parameter.
[[nodiscard]] Result<Instant> read_instant(std::string_view value, std::string_view parameter);

/// The parameter that asks for the state of another moment; an extension of ours.
inline constexpr std::string_view kAsOfParameter = "_asOf";

/// A search for numbers. `low` and `high` bound what equals the number at its precision.
struct NumberCondition {
  Prefix prefix = Prefix::eq;
  double value = 0, low = 0, high = 0;

  [[nodiscard]] bool holds(double stored) const;
  /// The same for what lies between two limits; with equal limits, for a number.
  /// Source: FHIR R4 search.html#prefix, "when the parameter is compared with a range".
  [[nodiscard]] bool holds(double stored_low, double stored_high) const;
};
[[nodiscard]] Result<NumberCondition> read_number(std::string_view value,
                                                  std::string_view parameter);

/// `number`, `number|system|code` or `number||code`.
struct QuantityCondition {
  NumberCondition number;
  std::optional<std::string> system;
  std::optional<std::string> code;  ///< without a system: the code or the unit as shown

  /// What is asked of numbers in a stored unit; nothing where the unit is not the one asked for and
  /// no UCUM unit that measures the same. `unit`: as shown.
  [[nodiscard]] std::optional<NumberCondition> in_unit(std::string_view stored_system,
                                                       std::string_view stored_code,
                                                       std::string_view unit) const;
};
inline constexpr std::string_view kUcum = "http://unitsofmeasure.org";
[[nodiscard]] Result<QuantityCondition> read_quantity(std::string_view value,
                                                      std::string_view parameter);

/// `code`, `system|code`, `|code` (no system), `system|`.
struct TokenCondition {
  std::optional<std::string> system;
  std::optional<std::string> code;

  [[nodiscard]] bool holds(std::string_view stored_system, std::string_view stored_code) const {
    return (!system || *system == stored_system) && (!code || *code == stored_code);
  }
};
[[nodiscard]] TokenCondition read_token(std::string_view value);

/// The parts of a value between separators that no backslash escapes; escapes stay.
[[nodiscard]] std::vector<std::string> split_escaped(std::string_view value, char separator);
/// Without the backslashes of `\,`, `\|`, `\$` and `\\`. Source: FHIR R4 search.html#escaping.
[[nodiscard]] std::string unescape(std::string_view value);

}  // namespace sinew::store
