#include "contract/form.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::contract {
namespace {

// In the order of the enumeration.
constexpr auto kNames =
    std::to_array<std::string_view>({"integer", "decimal", "year", "month", "day", "minute",
                                     "second", "fraction", "zoned", "word", "text"});
static_assert(kNames.size() == kFormCount);

constexpr auto kDateTypes = std::to_array<std::string_view>({"DT", "DTM", "TS", "TSU"});

std::size_t leading_digits(std::string_view value) {
  std::size_t count = 0;
  while (count < value.size() && is_ascii_digit(value[count])) ++count;
  return count;
}

int two_digits(std::string_view value, std::size_t at) {
  return (value[at] - '0') * 10 + (value[at + 1] - '0');
}

/// Digits as a date sends them, the right number of them and each part in its range.
bool is_calendar(std::string_view digits) {
  if (digits.size() >= 6 && (two_digits(digits, 4) < 1 || two_digits(digits, 4) > 12)) return false;
  if (digits.size() >= 8 && (two_digits(digits, 6) < 1 || two_digits(digits, 6) > 31)) return false;
  if (digits.size() >= 10 && two_digits(digits, 8) > 24) return false;
  if (digits.size() >= 12 && two_digits(digits, 10) > 59) return false;
  return true;
}

/// Source: HL7 v2.5.1 §2.A.22 (DTM): YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ].
std::optional<Form> date_form(std::string_view value, std::size_t digits) {
  if (digits != 4 && digits != 6 && digits != 8 && digits != 10 && digits != 12 && digits != 14)
    return std::nullopt;
  if (!is_calendar(value.substr(0, digits))) return std::nullopt;
  auto rest = value.substr(digits);
  bool const has_fraction = digits == 14 && rest.starts_with('.');
  if (has_fraction) {
    auto const fraction = leading_digits(rest.substr(1));
    if (fraction == 0) return std::nullopt;
    rest.remove_prefix(1 + fraction);
  }
  if (!rest.empty()) {
    bool const is_offset = (rest.front() == '+' || rest.front() == '-') && rest.size() == 5 &&
                           leading_digits(rest.substr(1)) == 4;
    return is_offset ? std::optional(Form::zoned) : std::nullopt;
  }
  if (has_fraction) return Form::fraction;
  switch (digits) {
    case 4:
      return Form::year;
    case 6:
      return Form::month;
    case 8:
      return Form::day;
    case 14:
      return Form::second;
    default:
      return Form::minute;
  }
}

std::optional<Form> time_form(std::string_view value, std::size_t digits) {
  if (digits == value.size() && (digits == 2 || digits == 4)) return Form::minute;
  if (digits == value.size() && digits == 6) return Form::second;
  if (digits == 6 && value[6] == '.') return Form::fraction;
  return std::nullopt;
}

bool is_decimal(std::string_view value) {
  if (value.front() == '-' || value.front() == '+') value.remove_prefix(1);
  auto const whole = leading_digits(value);
  if (whole == value.size()) return false;
  if (value[whole] != '.') return false;
  auto const fraction = leading_digits(value.substr(whole + 1));
  return whole + fraction > 0 && whole + 1 + fraction == value.size();
}

bool has_blank(std::string_view value) {
  return std::ranges::any_of(value, [](char c) { return is_ascii_space(c); });
}

}  // namespace

std::string_view to_string(Form form) { return kNames[static_cast<std::size_t>(form)]; }

std::optional<Form> parse_form(std::string_view name) {
  auto const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Form>(found - kNames.begin());
}

Reading reading_of(std::string_view type) {
  if (std::ranges::find(kDateTypes, type) != kDateTypes.end()) return Reading::date;
  return type == "TM" ? Reading::time : Reading::plain;
}

Form form_of(std::string_view value, Reading reading, bool is_known) {
  if (value.empty()) return Form::text;
  auto const digits = leading_digits(value);
  if (reading == Reading::date && digits > 0) {
    if (auto const form = date_form(value, digits)) return *form;
  }
  if (reading == Reading::time && digits > 0) {
    if (auto const form = time_form(value, digits)) return *form;
  }
  bool const is_of_our_time = value.starts_with("19") || value.starts_with("20");
  if (!is_known && is_of_our_time && digits >= 8) {
    if (auto const form = date_form(value, digits)) return *form;
  }
  if (digits == value.size()) return Form::integer;
  bool const is_signed = value.front() == '-' || value.front() == '+';
  if (is_signed && value.size() > 1 && leading_digits(value.substr(1)) == value.size() - 1)
    return Form::integer;
  if (is_decimal(value)) return Form::decimal;
  return has_blank(value) ? Form::text : Form::word;
}

}  // namespace sinew::contract
