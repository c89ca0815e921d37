#include "fhir/date_time.h"

#include "base/text.h"

namespace sinew::fhir {
namespace {

/// Takes texts off the front of a view.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Exactly `count` digits whose value lies between the bounds.
  bool number(std::size_t count, int low, int high, int& out) {
    if (text_.size() < count) return false;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_ascii_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    if (value < low || value > high) return false;
    out = value;
    text_.remove_prefix(count);
    return true;
  }
  /// One or more digits of a fraction; the first three become milliseconds.
  bool fraction(int& digits, int& millisecond) {
    int scale = 100;
    for (digits = 0; !text_.empty() && is_ascii_digit(text_[0]); ++digits, scale /= 10) {
      millisecond += (text_[0] - '0') * scale;
      text_.remove_prefix(1);
    }
    return digits > 0;
  }

 private:
  std::string_view text_;
};

bool read_zone(Reader& in, DateTime& out) {
  if (in.at_end()) return true;
  out.has_zone = true;
  if (in.take('Z')) return true;
  bool const west = in.take('-');
  if (!west && !in.take('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!in.number(2, 0, 14, hours) || !in.take(':') || !in.number(2, 0, 59, minutes)) return false;
  if (hours == 14 && minutes != 0) return false;
  out.offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

bool read_clock(Reader& in, DateTime& out) {
  // "The time "24:00" SHALL NOT be used"; 60 is a leap second.
  if (!in.number(2, 0, 23, out.hour) || !in.take(':') || !in.number(2, 0, 59, out.minute)) {
    return false;
  }
  out.precision = Precision::minute;
  if (!in.take(':')) return true;
  out.precision = Precision::second;
  if (!in.number(2, 0, 60, out.second)) return false;
  return !in.take('.') || in.fraction(out.fraction_digits, out.millisecond);
}

}  // namespace

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  Reader in(text);
  DateTime out;
  if (!in.number(4, 1, 9999, out.year)) return std::nullopt;
  if (in.at_end()) return out;
  out.precision = Precision::month;
  if (!in.take('-') || !in.number(2, 1, 12, out.month)) return std::nullopt;
  if (in.at_end()) return out;
  out.precision = Precision::day;
  if (!in.take('-') || !in.number(2, 1, days_in_month(out.year, out.month), out.day)) {
    return std::nullopt;
  }
  if (in.at_end()) return out;
  if (!in.take('T') || !read_clock(in, out) || !read_zone(in, out)) return std::nullopt;
  return in.at_end() ? std::optional(out) : std::nullopt;
}

bool is_time(std::string_view text) {
  Reader in(text);
  DateTime out;
  return read_clock(in, out) && out.precision == Precision::second && in.at_end();
}

}  // namespace sinew::fhir
