#include "engine/delivery/date_format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/time.h"

namespace sinew::engine {
namespace {

struct Date {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0;
  std::string zone;
};

struct FieldRow {
  std::string_view name;
  int Date::* field;
  int least, most;
};
/// Longer names first, so that `yyyy` is not twice `yy`.
constexpr auto kFields = std::to_array<FieldRow>({
    {"yyyy", &Date::year, 1, 9999},
    {"SSS", &Date::millisecond, 0, 999},
    {"yy", &Date::year, 0, 99},
    {"MM", &Date::month, 1, 12},
    {"dd", &Date::day, 1, 31},
    {"HH", &Date::hour, 0, 23},
    {"mm", &Date::minute, 0, 59},
    {"ss", &Date::second, 0, 59},
});
constexpr std::size_t kZoneBytes = 5;  // +0100

Failure wrong() { return fail(ErrorCode::invalid, "the value is no date of the form expected"); }

bool is_zone(std::string_view text) {
  return text.size() == kZoneBytes && (text[0] == '+' || text[0] == '-') &&
         std::ranges::all_of(text.substr(1), is_ascii_digit);
}

/// One piece of a pattern: a field, a zone, or characters that stand for themselves.
struct Piece {
  FieldRow const* field = nullptr;
  bool is_zone = false;
  std::string_view literal;
};

std::optional<Piece> next_piece(std::string_view& pattern) {
  if (pattern.empty()) return std::nullopt;
  for (auto const& row : kFields) {
    if (!pattern.starts_with(row.name)) continue;
    pattern.remove_prefix(row.name.size());
    return Piece{&row, false, {}};
  }
  if (pattern.front() == 'Z') {
    pattern.remove_prefix(1);
    return Piece{nullptr, true, {}};
  }
  auto literal = pattern.substr(0, 1);
  auto taken = literal.size();
  if (auto const close = pattern.find('\'', 1);
      pattern.front() == '\'' && close != std::string_view::npos) {
    literal = close == 1 ? pattern.substr(0, 1) : pattern.substr(1, close - 1);
    taken = close + 1;
  }
  pattern.remove_prefix(taken);
  return Piece{nullptr, false, literal};
}

Result<> take_field(std::string_view& text, FieldRow const& row, std::size_t digits, Date& date) {
  auto const value = parse_integer<int>(text.substr(0, digits));
  if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), is_ascii_digit) ||
      !value || *value < row.least || *value > row.most)
    return wrong();
  date.*row.field = *value;
  text.remove_prefix(digits);
  return {};
}

Result<Date> read_pattern(std::string_view text, std::string_view pattern) {
  constexpr int kCentury = 2000;
  Date date;
  while (auto const piece = next_piece(pattern)) {
    if (piece->field != nullptr) {
      TRY(take_field(text, *piece->field, piece->field->name.size(), date));
      if (piece->field->name == "yy") date.year += kCentury;
    } else if (piece->is_zone) {
      if (!is_zone(text.substr(0, kZoneBytes))) return wrong();
      date.zone = text.substr(0, kZoneBytes);
      text.remove_prefix(kZoneBytes);
    } else {
      if (!text.starts_with(piece->literal)) return wrong();
      text.remove_prefix(piece->literal.size());
    }
  }
  if (!text.empty()) return wrong();
  return date;
}

/// YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]
Result<Date> read_hl7(std::string_view text) {
  Date date;
  if (text.size() > kZoneBytes && is_zone(text.substr(text.size() - kZoneBytes))) {
    date.zone = text.substr(text.size() - kZoneBytes);
    text.remove_suffix(kZoneBytes);
  }
  std::string_view fraction;
  if (auto const point = text.find('.'); point != std::string_view::npos) {
    constexpr std::size_t kSecondsLength = 14;
    fraction = text.substr(point + 1);
    text = text.substr(0, point);
    if (text.size() != kSecondsLength || fraction.empty() || fraction.size() > 4 ||
        !std::ranges::all_of(fraction, is_ascii_digit))
      return wrong();
  }
  constexpr std::string_view kOrder[] = {"yyyy", "MM", "dd", "HH", "mm", "ss"};
  if (text.empty()) return wrong();
  for (auto const name : kOrder) {
    if (text.empty()) break;
    auto const row = std::ranges::find(kFields, name, &FieldRow::name);
    TRY(take_field(text, *row, name.size(), date));
  }
  if (!text.empty()) return wrong();
  std::string digits(fraction.substr(0, 3));
  digits.resize(3, '0');
  date.millisecond = parse_integer<int>(digits).value_or(0);
  return date;
}

std::string padded(int value, std::size_t digits) {
  auto text = std::to_string(value);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

}  // namespace

Result<> check_date_pattern(std::string_view pattern) {
  while (auto const piece = next_piece(pattern)) {
    bool const is_single = piece->literal.size() == 1 && is_ascii_alpha(piece->literal[0]);
    // 'T' of an ISO date is what people write without quotes.
    if (is_single && piece->literal != "T")
      return fail(ErrorCode::invalid, "has the letter " + std::string(piece->literal) +
                                          "; there are yyyy yy MM dd HH mm ss SSS Z, and 'text'");
  }
  return {};
}

Result<std::string> rewrite_date(std::string_view text, std::string_view from,
                                 std::string_view to) {
  auto const date = TRY(from.empty() ? read_hl7(trim(text)) : read_pattern(trim(text), from));
  auto const days = days_from_civil(date.year, date.month, date.day);
  auto const back = civil_from_days(days);
  if (back.month != date.month || back.day != date.day) return wrong();
  std::string out;
  while (auto const piece = next_piece(to)) {
    if (piece->is_zone) {
      out += date.zone;
    } else if (piece->field == nullptr) {
      out += piece->literal;
    } else {
      constexpr int kHundred = 100;
      auto value = date.*piece->field->field;
      if (piece->field->name == "yy") value %= kHundred;
      out += padded(value, piece->field->name.size());
    }
  }
  return out;
}

}  // namespace sinew::engine
