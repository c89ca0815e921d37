#include <algorithm>

#include "fhirpath/functions.h"

namespace sinew::fhirpath::functions {
namespace {

/// Applies `function` to a single number; nothing to nothing.
template <class Function>
bool on_number(Machine& m, Call const& c, Function function) {
  Decimal value;
  auto const got = m.decimal(c.input, value);
  if (got != Got::value) return got == Got::nothing;
  if (auto const result = function(value)) m.push(Item::of_decimal(*result));
  return true;
}

bool to_whole(Machine& m, Call const& c, Rounding rounding) {
  Decimal value;
  auto const got = m.decimal(c.input, value);
  if (got != Got::value) return got == Got::nothing;
  auto const whole = fhirpath::round(value, 0, rounding).coefficient;
  if (whole > kIntegerMax || whole < -kIntegerMax - 1) return true;
  m.push(Item::of_integer(static_cast<std::int64_t>(whole)));
  return true;
}

/// Folds the input with an operator.
bool fold(Machine& m, Call const& c, OpCode code) {
  if (c.input.empty()) return true;
  auto const begin = m.size();
  m.push(m.plain(Item(m.at(c.input.begin))));
  for (auto i = c.input.begin + 1; i < c.input.end && m.size() > begin; ++i) {
    Item const total = m.at(begin);
    m.cut(begin);
    if (!arithmetic(m, code, total, m.plain(Item(m.at(i))))) return false;
  }
  return true;
}

bool extreme(Machine& m, Call const& c, bool wants_least) {
  if (c.input.empty()) return true;
  auto best = m.plain(Item(m.at(c.input.begin)));
  for (auto i = c.input.begin + 1; i < c.input.end; ++i) {
    auto const item = m.plain(Item(m.at(i)));
    auto order = std::strong_ordering::equal;
    auto const got = compare(m, item, best, order);
    if (got != Got::value) return got == Got::nothing;
    if (wants_least ? order < 0 : order > 0) best = item;
  }
  return m.push(best), true;
}

}  // namespace

bool abs(Machine& m, Call const& c) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  if (is_integer(item)) {
    if (item.integer == INT64_MIN) return true;
    if (item.integer < 0) item.integer = -item.integer;
  } else if (item.kind == ItemKind::decimal || item.kind == ItemKind::quantity) {
    if (item.number.coefficient < 0) item.number.coefficient = -item.number.coefficient;
  } else {
    return m.fail(ErrorCode::invalid, "abs() takes a number or a quantity");
  }
  return m.push(item), true;
}

bool ceiling(Machine& m, Call const& c) { return to_whole(m, c, Rounding::up); }
bool floor(Machine& m, Call const& c) { return to_whole(m, c, Rounding::down); }
bool truncate(Machine& m, Call const& c) { return to_whole(m, c, Rounding::toward_zero); }
bool exp(Machine& m, Call const& c) { return on_number(m, c, exponential); }
bool ln(Machine& m, Call const& c) { return on_number(m, c, natural_logarithm); }
bool sqrt(Machine& m, Call const& c) { return on_number(m, c, square_root); }

bool log(Machine& m, Call const& c) {
  Decimal base;
  auto const got = m.decimal(c.arguments[0], base);
  if (got != Got::value) return got == Got::nothing;
  return on_number(m, c, [&](Decimal value) { return logarithm(value, base); });
}

bool power(Machine& m, Call const& c) {
  Item base, exponent;
  auto const got_base = m.single(c.input, base);
  auto const got_exponent = m.single(c.arguments[0], exponent);
  if (got_base == Got::failure || got_exponent == Got::failure) return false;
  if (got_base == Got::nothing || got_exponent == Got::nothing) return true;
  if (!is_number(base) || !is_number(exponent)) {
    return m.fail(ErrorCode::invalid, "power() takes numbers");
  }
  auto const result = fhirpath::power(base.decimal(), exponent.decimal());
  if (!result) return true;
  bool const is_whole_result = is_integer(base) && is_integer(exponent) && is_whole(*result) &&
                               normalized(*result).coefficient <= kIntegerMax &&
                               normalized(*result).coefficient >= -kIntegerMax - 1;
  m.push(is_whole_result
             ? Item::of_integer(static_cast<std::int64_t>(normalized(*result).coefficient))
             : Item::of_decimal(*result));
  return true;
}

bool round(Machine& m, Call const& c) {
  std::int64_t digits = 0;
  if (c.count > 0 && m.integer(c.arguments[0], digits) == Got::failure) return false;
  if (digits < 0) return m.fail(ErrorCode::invalid, "round() takes no negative precision");
  auto const scale = static_cast<int>(std::min<std::int64_t>(digits, kDecimalScaleMax));
  return on_number(m, c, [&](Decimal value) {
    return std::optional(fhirpath::round(value, scale, Rounding::half_away));
  });
}

bool sum(Machine& m, Call const& c) { return fold(m, c, OpCode::add); }
bool min(Machine& m, Call const& c) { return extreme(m, c, true); }
bool max(Machine& m, Call const& c) { return extreme(m, c, false); }

bool avg(Machine& m, Call const& c) {
  auto const begin = m.size();
  if (!fold(m, c, OpCode::add)) return false;
  if (m.size() == begin) return true;
  Item const total = m.at(begin);
  m.cut(begin);
  return arithmetic(m, OpCode::divide, total, Item::of_integer(c.input.size()));
}

}  // namespace sinew::fhirpath::functions
