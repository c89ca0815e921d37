#include "base/time.h"

#include <chrono>

#include "base/text.h"

namespace sinew {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

void append_digits(std::string& out, std::int64_t value, int width) {
  auto const text = std::to_string(value);
  out.append(width > static_cast<int>(text.size()) ? width - text.size() : 0, '0');
  out += text;
}

/// Reads exactly `width` digits from the front of `text`.
bool take_digits(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  auto const number = parse_integer<int>(text.substr(0, width));
  if (!number || !is_ascii_digit(text.front())) return false;
  value = *number;
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

class SystemClock final : public Clock {
 public:
  Instant now() override {
    auto const since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
  }
};

}  // namespace

std::int64_t days_from_civil(int year, int month, int day) {
  std::chrono::year_month_day const date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

CivilDate civil_from_days(std::int64_t days) {
  std::chrono::year_month_day const date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

std::string to_string(Instant instant) {
  auto days = instant.ms / kDayMs;
  auto ms = instant.ms % kDayMs;
  if (ms < 0) {
    ms += kDayMs;
    --days;
  }
  auto const date = civil_from_days(days);
  std::string out;
  out.reserve(24);
  append_digits(out, date.year, 4);
  out += '-';
  append_digits(out, date.month, 2);
  out += '-';
  append_digits(out, date.day, 2);
  out += 'T';
  append_digits(out, ms / 3'600'000, 2);
  out += ':';
  append_digits(out, ms / 60'000 % 60, 2);
  out += ':';
  append_digits(out, ms / 1'000 % 60, 2);
  out += '.';
  append_digits(out, ms % 1'000, 3);
  out += 'Z';
  return out;
}

Result<Instant> parse_instant(std::string_view text) {
  auto const whole = text;
  auto const wrong = [&] {
    return fail(ErrorCode::malformed,
                "an instant reads YYYY-MM-DDThh:mm:ss[.fff](Z|+hh:mm), not this",
                std::string(whole.substr(0, 40)));
  };
  int year, month, day, hour, minute, second;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) ||
      !take(text, '-') || !take_digits(text, 2, day) || !take(text, 'T') ||
      !take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute) ||
      !take(text, ':') || !take_digits(text, 2, second)) {
    return wrong();
  }
  std::chrono::year_month_day const date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return wrong();
  std::int64_t fraction_ms = 0;
  if (take(text, '.')) {
    if (text.empty() || !is_ascii_digit(text.front())) return wrong();
    for (std::int64_t unit = 100; !text.empty() && is_ascii_digit(text.front()); unit /= 10) {
      fraction_ms += (text.front() - '0') * unit;
      text.remove_prefix(1);
    }
  }
  std::int64_t offset_minutes = 0;
  if (!take(text, 'Z')) {
    int hours, minutes;
    auto const negative = text.starts_with('-');
    if (!take(text, '+') && !take(text, '-')) return wrong();
    if (!take_digits(text, 2, hours) || !take(text, ':') || !take_digits(text, 2, minutes)) {
      return wrong();
    }
    offset_minutes = (hours * 60 + minutes) * (negative ? -1 : 1);
  }
  if (!text.empty()) return wrong();
  auto const day_ms = ((hour * 60 + minute - offset_minutes) * 60 + second) * 1000 + fraction_ms;
  return Instant{days_from_civil(year, month, day) * kDayMs + day_ms};
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace sinew
