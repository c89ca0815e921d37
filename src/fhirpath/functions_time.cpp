#include <algorithm>

#include "fhirpath/functions.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath::functions {
namespace {

bool push_now(Machine& m, MomentKind kind) {
  auto const& now = m.environment().now;
  if (!now) return m.fail(ErrorCode::unavailable, "the evaluation was given no clock");
  auto moment = *now;
  if (kind == MomentKind::date) moment.precision = Precision::day;
  if (kind != MomentKind::date_time) moment.has_offset = false;
  return m.push(Item::of_moment(moment, kind)), true;
}

constexpr int kDecimalDigits = 8;  ///< of a boundary when none are asked for
constexpr int kBoundaryScaleMax = 31;
constexpr std::uint32_t kNanosecondsPerMillisecond = 1'000'000;

int default_digits(Item const& item) {
  switch (item.kind) {
    case ItemKind::date:
      return 8;
    case ItemKind::date_time:
      return 17;
    case ItemKind::time:
      return 9;
    default:
      return kDecimalDigits;
  }
}

/// Half a unit of the last digit to either side. The lower end of a positive number is cut to the
/// digits asked for, the upper rounded: so the official suite has it (LowBoundaryDecimal15).
std::optional<Decimal> decimal_boundary(Decimal value, int scale, Boundary which) {
  if (scale < 0 || scale > kBoundaryScaleMax) return std::nullopt;
  auto const wide = with_scale(value, value.scale + 1, Rounding::toward_zero);
  if (!wide) return std::nullopt;
  auto const end = Decimal{wide->coefficient + (which == Boundary::high ? 5 : -5), wide->scale};
  bool const is_away_from_zero = (which == Boundary::high) == (value.coefficient >= 0);
  return with_scale(end, scale, is_away_from_zero ? Rounding::half_away : Rounding::toward_zero);
}

bool push_boundary(Machine& m, Call const& c, Boundary which) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  std::int64_t digits = default_digits(item);
  if (c.count > 0 && m.integer(c.arguments[0], digits) == Got::failure) return false;
  if (digits < 0 || digits > kBoundaryScaleMax) return true;
  if (is_moment(item)) {
    auto const kind = item.moment_kind();
    auto const moment = boundary(item.moment, kind, static_cast<int>(digits), which);
    if (moment) m.push(Item::of_moment(*moment, kind));
    return true;
  }
  if (!is_number(item) && item.kind != ItemKind::quantity) {
    return m.fail(ErrorCode::invalid, "only numbers, quantities, dates and times have boundaries");
  }
  auto const value = decimal_boundary(item.decimal(), static_cast<int>(digits), which);
  if (!value) return true;
  m.push(item.kind == ItemKind::quantity
             ? Item::of_quantity(*value, item.number.unit, item.is_calendar)
             : Item::of_decimal(*value));
  return true;
}

/// A part of a date or time; nothing where it is not that precise.
template <class Part>
bool push_part(Machine& m, Call const& c, Precision needed, bool of_date, Part part) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  if (!is_moment(item) || (of_date && item.kind == ItemKind::time) ||
      (!of_date && item.kind == ItemKind::date)) {
    return m.fail(ErrorCode::invalid, "the value has no such part");
  }
  if (item.moment.precision >= needed) m.push(part(item.moment));
  return true;
}

}  // namespace

bool now(Machine& m, Call const&) { return push_now(m, MomentKind::date_time); }
bool today(Machine& m, Call const&) { return push_now(m, MomentKind::date); }
bool time_of_day(Machine& m, Call const&) { return push_now(m, MomentKind::time); }

bool low_boundary(Machine& m, Call const& c) { return push_boundary(m, c, Boundary::low); }
bool high_boundary(Machine& m, Call const& c) { return push_boundary(m, c, Boundary::high); }

bool precision(Machine& m, Call const& c) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  if (is_moment(item)) {
    return m.push(Item::of_integer(digits_of(item.moment, item.moment_kind()))), true;
  }
  if (!is_number(item)) return m.fail(ErrorCode::invalid, "the value has no precision");
  return m.push(Item::of_integer(item.decimal().scale)), true;
}

bool comparable(Machine& m, Call const& c) {
  Item a, b;
  auto const got_a = m.single(c.input, a);
  auto const got_b = m.single(c.arguments[0], b);
  if (got_a == Got::failure || got_b == Got::failure) return false;
  if (got_a == Got::nothing || got_b == Got::nothing) return true;
  if (a.kind != ItemKind::quantity || b.kind != ItemKind::quantity) {
    return m.fail(ErrorCode::invalid, "comparable() takes quantities");
  }
  return m.push_boolean((m.units().find(a, b) != nullptr)), true;
}

// Source: FHIRPath 3.0 ballot #extract-date-components
bool year_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::year, true, [](auto& t) { return Item::of_integer(t.year); });
}
bool month_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::month, true, [](auto& t) { return Item::of_integer(t.month); });
}
bool day_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::day, true, [](auto& t) { return Item::of_integer(t.day); });
}
bool hour_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::hour, false, [](auto& t) { return Item::of_integer(t.hour); });
}
bool minute_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::minute, false,
                   [](auto& t) { return Item::of_integer(t.minute); });
}
bool second_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::second, false,
                   [](auto& t) { return Item::of_integer(t.second); });
}
bool millisecond_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::second, false, [](auto& t) {
    return Item::of_integer(t.nanosecond / kNanosecondsPerMillisecond);
  });
}
bool timezone_offset_of(Machine& m, Call const& c) {
  auto const begin = m.size();
  bool has_offset = false;
  auto const is_good = push_part(m, c, Precision::hour, true, [&](auto& t) {
    has_offset = t.has_offset;
    return Item::of_decimal(divide(Decimal::of(t.offset), Decimal::of(60)).value_or(Decimal{}));
  });
  if (!has_offset) m.cut(begin);
  return is_good;
}
bool date_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::year, true, [](auto moment) {
    moment.precision = std::min(moment.precision, Precision::day);
    moment.has_offset = false;
    return Item::of_moment(moment, MomentKind::date);
  });
}
bool time_of(Machine& m, Call const& c) {
  return push_part(m, c, Precision::hour, false, [](auto moment) {
    moment.has_offset = false;
    return Item::of_moment(moment, MomentKind::time);
  });
}

}  // namespace sinew::fhirpath::functions
