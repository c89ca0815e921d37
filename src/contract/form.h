#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sinew::contract {

/// What a value looks like.
enum class Form : std::uint8_t {
  integer,
  decimal,
  year,      ///< YYYY, where the dictionary says it is a date or time
  month,     ///< YYYYMM
  day,       ///< YYYYMMDD
  minute,    ///< ... HHMM (and HH)
  second,    ///< ... HHMMSS
  fraction,  ///< ... with parts of a second
  zoned,     ///< minute or finer, with an offset
  word,      ///< no blank in it
  text,
  count
};
inline constexpr std::size_t kFormCount = static_cast<std::size_t>(Form::count);

[[nodiscard]] std::string_view to_string(Form form);
[[nodiscard]] std::optional<Form> parse_form(std::string_view name);

/// How a type is looked at.
enum class Reading : std::uint8_t { plain, date, time };
[[nodiscard]] Reading reading_of(std::string_view type);

/// The form of a value, by its characters alone. Digits that make a date of this or the last
/// century count as one where the type is not known (`is_known` false).
[[nodiscard]] Form form_of(std::string_view value, Reading reading, bool is_known);

}  // namespace sinew::contract
