#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "wire/hl7v2/tree.h"

namespace sinew::hl7v2 {
namespace {

bool all_digits(std::string_view text) { return std::ranges::all_of(text, is_ascii_digit); }

/// A number of two digits within limits.
bool is_pair(std::string_view text, int low, int high) {
  auto const value = parse_integer<int>(text);
  return text.size() == 2 && all_digits(text) && value && *value >= low && *value <= high;
}

/// `HH[MM[SS[.S…]]][+/-ZZZZ]`
bool is_time(std::string_view text) {
  if (auto const sign = text.find_first_of("+-"); sign != std::string_view::npos) {
    auto const offset = text.substr(sign + 1);
    if (offset.size() != 4 || !is_pair(offset.substr(0, 2), 0, 14) ||
        !is_pair(offset.substr(2), 0, 59)) {
      return false;
    }
    text = text.substr(0, sign);
  }
  if (auto const point = text.find('.'); point != std::string_view::npos) {
    auto const fraction = text.substr(point + 1);
    if (point != 6 || fraction.empty() || fraction.size() > 4 || !all_digits(fraction))
      return false;
    text = text.substr(0, point);
  }
  if (text.size() != 2 && text.size() != 4 && text.size() != 6) return false;
  return is_pair(text.substr(0, 2), 0, 23) &&
         (text.size() < 4 || is_pair(text.substr(2, 2), 0, 59)) &&
         (text.size() < 6 || is_pair(text.substr(4, 2), 0, 60));
}

int days_in(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// `YYYY[MM[DD]]`
bool is_date(std::string_view text) {
  if ((text.size() != 4 && text.size() != 6 && text.size() != 8) || !all_digits(text)) return false;
  if (text.size() == 4) return true;
  if (!is_pair(text.substr(4, 2), 1, 12)) return false;
  auto const year = *parse_integer<int>(text.substr(0, 4));
  auto const month = *parse_integer<int>(text.substr(4, 2));
  return text.size() == 6 || is_pair(text.substr(6), 1, days_in(year, month));
}

bool is_date_time(std::string_view text) {
  // "YYYY-ZZZZ" is allowed: a zone without a time.
  auto const sign = std::min(text.find_first_of("+-"), text.size());
  if (sign < text.size() && !is_time("00" + std::string(text.substr(sign)))) return false;
  text = text.substr(0, sign);
  return text.size() <= 8 ? is_date(text) : is_date(text.substr(0, 8)) && is_time(text.substr(8));
}

bool is_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  auto const point = text.find('.');
  auto const whole = text.substr(0, point);
  auto const fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  return all_digits(whole) && all_digits(fraction) && whole.size() + fraction.size() > 0;
}

bool is_sequence(std::string_view text) {
  return !text.empty() && text.size() <= 9 && all_digits(text);
}

struct TypeRow {
  std::string_view type;
  bool (*is_valid)(std::string_view);
  std::string_view fault;
};

/// Sorted by type.
constexpr auto kTypes = std::to_array<TypeRow>({
    {"DT", is_date, "not a date"},
    {"DTM", is_date_time, "not a date or time"},
    {"NM", is_number, "not a number"},
    {"SI", is_sequence, "not a sequence number"},
    {"TM", is_time, "not a time"},
    {"TS", is_date_time, "not a date or time"},
});

}  // namespace

std::string_view value_fault(std::string_view type, std::string_view text) {
  if (text.empty() || text == "\"\"") return {};
  auto const row = std::ranges::find(kTypes, type, &TypeRow::type);
  if (row == kTypes.end() || row->is_valid(trim(text))) return {};
  return row->fault;
}

}  // namespace sinew::hl7v2
