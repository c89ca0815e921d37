#include "fhirpath/decimal.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::fhirpath {
namespace {

constexpr std::array<Int128, kDecimalDigitsMax + 1> make_powers() {
  std::array<Int128, kDecimalDigitsMax + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr auto kPowers = make_powers();
constexpr Int128 kCoefficientEnd = kPowers[kDecimalDigitsMax];  // 10^38 < 2^127

Int128 magnitude(Int128 value) { return value < 0 ? -value : value; }

bool fits(Int128 value) { return magnitude(value) < kCoefficientEnd; }

/// `value` × 10^digits, or nothing.
std::optional<Int128> shifted(Int128 value, int digits) {
  if (value == 0) return Int128{0};
  if (digits > kDecimalDigitsMax) return std::nullopt;
  Int128 result;
  if (__builtin_mul_overflow(value, kPowers[static_cast<std::size_t>(digits)], &result) ||
      !fits(result)) {
    return std::nullopt;
  }
  return result;
}

/// Both with the larger of the two scales.
struct Aligned {
  Int128 a, b;
  int scale;
};
std::optional<Aligned> align(Decimal a, Decimal b) {
  auto const scale = std::max(a.scale, b.scale);
  auto const left = shifted(a.coefficient, scale - a.scale);
  auto const right = shifted(b.coefficient, scale - b.scale);
  if (!left || !right) return std::nullopt;
  return Aligned{*left, *right, scale};
}

Int128 round_quotient(Int128 value, Int128 divisor, Rounding rounding) {
  auto const quotient = value / divisor;
  auto const rest = value % divisor;
  if (rest == 0) return quotient;
  bool const negative = (value < 0) != (divisor < 0);
  switch (rounding) {
    case Rounding::toward_zero:
      return quotient;
    case Rounding::down:
      return negative ? quotient - 1 : quotient;
    case Rounding::up:
      return negative ? quotient : quotient + 1;
    case Rounding::half_away:
      break;
  }
  // rest >= divisor - rest, without the doubling that could overflow
  if (magnitude(rest) < magnitude(divisor) - magnitude(rest)) return quotient;
  return negative ? quotient - 1 : quotient + 1;
}

/// The digits of a number text, with the place of the point.
struct Digits {
  Int128 coefficient = 0;
  int scale = 0;
  int count = 0;  ///< digits read, leading zeros included
};
std::optional<Digits> read_digits(std::string_view& text) {
  Digits found;
  bool after_point = false;
  while (!text.empty() && (is_ascii_digit(text[0]) || (text[0] == '.' && !after_point))) {
    auto const c = text[0];
    text.remove_prefix(1);
    if (c == '.') {
      if (found.count == 0 || text.empty() || !is_ascii_digit(text[0])) return std::nullopt;
      after_point = true;
      continue;
    }
    if (found.coefficient >= kCoefficientEnd / 10) return std::nullopt;
    found.coefficient = found.coefficient * 10 + (c - '0');
    found.scale += after_point ? 1 : 0;
    ++found.count;
  }
  if (found.count == 0) return std::nullopt;
  return found;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  bool const negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  auto const digits = read_digits(text);
  if (!digits) return std::nullopt;
  Decimal value{negative ? -digits->coefficient : digits->coefficient, digits->scale};
  if (!text.empty()) {
    if (to_ascii_lower(text[0]) != 'e') return std::nullopt;
    text.remove_prefix(1);
    if (text.starts_with('+')) text.remove_prefix(1);
    auto const exponent = parse_integer<int>(text);
    constexpr int kExponentMax = 1000;
    if (!exponent || *exponent > kExponentMax || *exponent < -kExponentMax) return std::nullopt;
    value.scale -= *exponent;
  }
  if (value.scale < 0) {
    auto const whole = shifted(value.coefficient, -value.scale);
    if (!whole) return std::nullopt;
    return Decimal{*whole, 0};
  }
  while (value.scale > kDecimalScaleMax && value.coefficient % 10 == 0 && value.scale > 0) {
    value.coefficient /= 10;
    --value.scale;
  }
  if (value.scale > kDecimalScaleMax) return std::nullopt;
  return value;
}

std::string to_string(Decimal value) {
  std::string digits;
  for (auto rest = magnitude(value.coefficient); rest != 0; rest /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  auto const scale = static_cast<std::size_t>(value.scale);
  while (digits.size() <= scale) digits.push_back('0');
  if (scale > 0) digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(scale), '.');
  if (value.coefficient < 0) digits.push_back('-');
  std::ranges::reverse(digits);
  return digits;
}

std::strong_ordering compare(Decimal a, Decimal b) {
  if (a.scale == b.scale) return a.coefficient <=> b.coefficient;
  if (auto const both = align(a, b)) return both->a <=> both->b;
  // One of them is too large to be written with the other's digits after the point.
  a = normalized(a);
  b = normalized(b);
  if (auto const both = align(a, b)) return both->a <=> both->b;
  return a.scale < b.scale ? a.coefficient <=> 0 : 0 <=> b.coefficient;
}

std::optional<Decimal> add(Decimal a, Decimal b) {
  auto both = align(a, b);
  if (!both) both = align(normalized(a), normalized(b));
  if (!both) return std::nullopt;
  Int128 sum;
  if (__builtin_add_overflow(both->a, both->b, &sum) || !fits(sum)) return std::nullopt;
  return Decimal{sum, both->scale};
}

std::optional<Decimal> subtract(Decimal a, Decimal b) { return add(a, {-b.coefficient, b.scale}); }

std::optional<Decimal> multiply(Decimal a, Decimal b) {
  Int128 product;
  if (__builtin_mul_overflow(a.coefficient, b.coefficient, &product) || !fits(product) ||
      a.scale + b.scale > kDecimalScaleMax) {
    a = normalized(a);
    b = normalized(b);
    if (__builtin_mul_overflow(a.coefficient, b.coefficient, &product) || !fits(product)) {
      return std::nullopt;
    }
    auto const result = normalized({product, a.scale + b.scale});
    if (result.scale > kDecimalScaleMax) return std::nullopt;
    return result;
  }
  return Decimal{product, a.scale + b.scale};
}

std::optional<Decimal> divide(Decimal a, Decimal b) {
  if (b.coefficient == 0) return std::nullopt;
  a = normalized(a);
  b = normalized(b);
  // a/b with `scale` digits is a.coefficient × 10^(scale - a.scale + b.scale) / b.coefficient.
  for (int scale = kQuotientScale; scale >= 0; --scale) {
    auto const digits = scale - a.scale + b.scale;
    auto numerator = a.coefficient;
    auto denominator = b.coefficient;
    auto const grown = digits >= 0 ? shifted(numerator, digits) : shifted(denominator, -digits);
    if (!grown) continue;
    (digits >= 0 ? numerator : denominator) = *grown;
    if (denominator == 0) return std::nullopt;
    return normalized({round_quotient(numerator, denominator, Rounding::half_away), scale});
  }
  return std::nullopt;
}

std::optional<Decimal> divide_whole(Decimal a, Decimal b) {
  if (b.coefficient == 0) return std::nullopt;
  auto const both = align(normalized(a), normalized(b));
  if (!both) return std::nullopt;
  return Decimal{both->a / both->b, 0};
}

std::optional<Decimal> remainder(Decimal a, Decimal b) {
  if (b.coefficient == 0) return std::nullopt;
  auto const both = align(normalized(a), normalized(b));
  if (!both) return std::nullopt;
  return Decimal{both->a % both->b, both->scale};
}

Decimal round(Decimal value, int scale, Rounding rounding) {
  if (scale >= value.scale) return value;
  auto const dropped = static_cast<std::size_t>(value.scale - scale);
  if (dropped > kDecimalDigitsMax) return {0, scale};
  return {round_quotient(value.coefficient, kPowers[dropped], rounding), scale};
}

std::optional<Decimal> with_scale(Decimal value, int scale, Rounding rounding) {
  if (scale <= value.scale) return round(value, scale, rounding);
  auto const grown = shifted(value.coefficient, scale - value.scale);
  if (!grown) return std::nullopt;
  return Decimal{*grown, scale};
}

Decimal normalized(Decimal value) {
  while (value.scale > 0 && value.coefficient % 10 == 0) {
    value.coefficient /= 10;
    --value.scale;
  }
  return value;
}

bool is_whole(Decimal value) { return normalized(value).scale == 0; }

}  // namespace sinew::fhirpath
