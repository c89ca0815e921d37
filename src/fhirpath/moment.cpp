#include "fhirpath/moment.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/date_time.h"

namespace sinew::fhirpath {
namespace {

constexpr int kOffsetEast = 14 * 60;  ///< the widest offsets in use
constexpr int kOffsetWest = -12 * 60;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr int kNanosecondDigits = 9;

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
  template <class Number>
  bool number(std::size_t count, int low, int high, Number& out) {
    if (text_.size() < count) return false;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_ascii_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    if (value < low || value > high) return false;
    out = static_cast<Number>(value);
    text_.remove_prefix(count);
    return true;
  }
  bool fraction(Moment& out) {
    int digits = 0;
    for (; !text_.empty() && is_ascii_digit(text_[0]); ++digits) {
      if (digits < kNanosecondDigits) {
        out.nanosecond = out.nanosecond * 10 + static_cast<std::uint32_t>(text_[0] - '0');
      }
      text_.remove_prefix(1);
    }
    out.fraction_digits = static_cast<std::uint8_t>(std::min(digits, kNanosecondDigits));
    for (int i = digits; i < kNanosecondDigits; ++i) out.nanosecond *= 10;
    return digits > 0;
  }

 private:
  std::string_view text_;
};

bool read_date(Reader& in, Moment& out) {
  out.precision = Precision::year;
  if (!in.number(4, 1, 9999, out.year)) return false;
  if (!in.take('-')) return true;
  out.precision = Precision::month;
  if (!in.number(2, 1, 12, out.month)) return false;
  if (!in.take('-')) return true;
  out.precision = Precision::day;
  return in.number(2, 1, fhir::days_in_month(out.year, out.month), out.day);
}

bool read_clock(Reader& in, Moment& out) {
  constexpr int kLeapSecond = 60;
  out.precision = Precision::hour;
  if (!in.number(2, 0, 23, out.hour)) return false;
  if (!in.take(':')) return true;
  out.precision = Precision::minute;
  if (!in.number(2, 0, 59, out.minute)) return false;
  if (!in.take(':')) return true;
  out.precision = Precision::second;
  if (!in.number(2, 0, kLeapSecond, out.second)) return false;
  return !in.take('.') || in.fraction(out);
}

bool read_offset(Reader& in, Moment& out) {
  if (in.at_end()) return true;
  out.has_offset = true;
  if (in.take('Z')) return true;
  bool const west = in.take('-');
  if (!west && !in.take('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!in.number(2, 0, 14, hours) || !in.take(':') || !in.number(2, 0, 59, minutes)) return false;
  out.offset = static_cast<std::int16_t>((hours * 60 + minutes) * (west ? -1 : 1));
  return true;
}

void append_number(std::string& out, unsigned value, int digits) {
  std::array<char, 10> text{};
  for (auto i = digits; i > 0; --i, value /= 10) {
    text[static_cast<std::size_t>(i - 1)] = static_cast<char>('0' + value % 10);
  }
  out.append(text.data(), static_cast<std::size_t>(digits));
}

void append_clock(std::string& out, Moment const& m) {
  append_number(out, m.hour, 2);
  if (m.precision < Precision::minute) return;
  out += ':';
  append_number(out, m.minute, 2);
  if (m.precision < Precision::second) return;
  out += ':';
  append_number(out, m.second, 2);
  if (m.fraction_digits == 0) return;
  out += '.';
  auto nanosecond = m.nanosecond;
  for (int i = m.fraction_digits; i < kNanosecondDigits; ++i) nanosecond /= 10;
  append_number(out, nanosecond, m.fraction_digits);
}

/// Seconds since 1970 by the moment's own clock, offset not applied.
std::int64_t clock_seconds(Moment const& m) {
  return days_from_civil(m.year, m.month, m.day) * kSecondsPerDay + m.hour * 3600 + m.minute * 60 +
         m.second;
}

/// Puts a number of seconds since 1970 back into parts. False outside the years 1 to 9999.
bool set_clock_seconds(Moment& m, std::int64_t seconds) {
  auto days = seconds / kSecondsPerDay;
  auto rest = seconds % kSecondsPerDay;
  if (rest < 0) rest += kSecondsPerDay, --days;
  auto const date = civil_from_days(days);
  if (date.year < 1 || date.year > 9999) return false;
  m.year = static_cast<std::int16_t>(date.year);
  m.month = static_cast<std::uint8_t>(date.month);
  m.day = static_cast<std::uint8_t>(date.day);
  m.hour = static_cast<std::uint8_t>(rest / 3600);
  m.minute = static_cast<std::uint8_t>(rest / 60 % 60);
  m.second = static_cast<std::uint8_t>(rest % 60);
  return true;
}

std::optional<std::strong_ordering> compare_parts(Moment const& a, Moment const& b) {
  auto const shared = std::min(a.precision, b.precision);
  auto const parts = [](Moment const& m) {
    return std::array<std::uint32_t, 6>{
        static_cast<std::uint32_t>(m.year), m.month, m.day, m.hour, m.minute, m.second};
  };
  auto const left = parts(a);
  auto const right = parts(b);
  for (std::size_t i = 0; i <= static_cast<std::size_t>(shared); ++i) {
    if (auto const order = left[i] <=> right[i]; order != 0) return order;
  }
  if (shared == Precision::second) return a.nanosecond <=> b.nanosecond;
  if (a.precision != b.precision) return std::nullopt;
  return std::strong_ordering::equal;
}

/// Only one has an offset: an answer where every offset in use gives the same one.
std::optional<std::strong_ordering> compare_one_offset(Moment const& fixed, Moment const& open) {
  auto const at = clock_seconds(fixed) - fixed.offset * 60;
  auto const earliest = clock_seconds(open) - kOffsetEast * 60;
  auto const latest = clock_seconds(open) - kOffsetWest * 60;
  if (at < earliest) return std::strong_ordering::less;
  if (at > latest) return std::strong_ordering::greater;
  return std::nullopt;
}

}  // namespace

std::optional<Moment> parse_moment(std::string_view text, MomentKind kind) {
  Reader in(text);
  Moment moment;
  if (kind == MomentKind::time) {
    return read_clock(in, moment) && in.at_end() ? std::optional(moment) : std::nullopt;
  }
  if (!read_date(in, moment)) return std::nullopt;
  if (kind == MomentKind::date_time && in.take('T') && !in.at_end()) {
    if (moment.precision < Precision::day || !read_clock(in, moment) || !read_offset(in, moment)) {
      return std::nullopt;
    }
  }
  return in.at_end() ? std::optional(moment) : std::nullopt;
}

std::string to_string(Moment const& m, MomentKind kind) {
  std::string out;
  if (kind == MomentKind::time) {
    append_clock(out, m);
    return out;
  }
  append_number(out, static_cast<unsigned>(m.year), 4);
  if (m.precision >= Precision::month) out += '-', append_number(out, m.month, 2);
  if (m.precision >= Precision::day) out += '-', append_number(out, m.day, 2);
  if (m.precision < Precision::hour) return out;
  out += 'T';
  append_clock(out, m);
  if (!m.has_offset) return out;
  if (m.offset == 0) return out += 'Z';
  auto const minutes = static_cast<unsigned>(m.offset < 0 ? -m.offset : m.offset);
  out += m.offset < 0 ? '-' : '+';
  append_number(out, minutes / 60, 2);
  out += ':';
  append_number(out, minutes % 60, 2);
  return out;
}

Moment moment_of(Instant instant) {
  Moment moment;
  auto seconds = instant.ms / 1000;
  auto rest = instant.ms % 1000;
  if (rest < 0) rest += 1000, --seconds;
  moment.has_offset = true;
  moment.fraction_digits = 3;
  moment.nanosecond = static_cast<std::uint32_t>(rest) * 1'000'000;
  if (!set_clock_seconds(moment, seconds)) return {};
  return moment;
}

std::optional<std::strong_ordering> compare(Moment const& a, Moment const& b) {
  if (a.has_offset == b.has_offset) {
    if (!a.has_offset || a.offset == b.offset) return compare_parts(a, b);
    auto left = a;
    auto right = b;
    if (!set_clock_seconds(left, clock_seconds(a) - a.offset * 60) ||
        !set_clock_seconds(right, clock_seconds(b) - b.offset * 60)) {
      return std::nullopt;
    }
    return compare_parts(left, right);
  }
  if (a.precision < Precision::hour || b.precision < Precision::hour) return compare_parts(a, b);
  if (a.has_offset) return compare_one_offset(a, b);
  auto const reversed = compare_one_offset(b, a);
  if (!reversed) return std::nullopt;
  return 0 <=> *reversed;
}

bool equivalent(Moment const& a, Moment const& b) {
  auto const order = compare(a, b);
  return order && *order == 0;
}

}  // namespace sinew::fhirpath
