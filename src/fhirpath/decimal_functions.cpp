#include <array>
#include <charconv>
#include <cmath>

#include "fhirpath/decimal.h"

namespace sinew::fhirpath {

long double to_floating(Decimal value) {
  return static_cast<long double>(value.coefficient) * std::pow(10.0L, -value.scale);
}

std::optional<Decimal> from_floating(long double value) {
  constexpr int kSignificantDigits = 15;
  if (!std::isfinite(value)) return std::nullopt;
  std::array<char, 64> text;
  auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value,
                                          std::chars_format::scientific, kSignificantDigits - 1);
  if (error != std::errc{}) return std::nullopt;
  auto const parsed = parse_decimal({text.data(), end});
  if (parsed) return normalized(*parsed);
  // Too small for the scale is zero; too large is no value.
  return std::fabs(value) < 1 ? std::optional(Decimal{}) : std::nullopt;
}

std::optional<Decimal> square_root(Decimal value) {
  if (value.coefficient < 0) return std::nullopt;
  return from_floating(std::sqrt(to_floating(value)));
}

std::optional<Decimal> exponential(Decimal value) {
  return from_floating(std::exp(to_floating(value)));
}

std::optional<Decimal> natural_logarithm(Decimal value) {
  if (value.coefficient <= 0) return std::nullopt;
  return from_floating(std::log(to_floating(value)));
}

std::optional<Decimal> logarithm(Decimal value, Decimal base) {
  if (value.coefficient <= 0 || base.coefficient <= 0) return std::nullopt;
  auto const denominator = std::log(to_floating(base));
  if (denominator == 0) return std::nullopt;
  return from_floating(std::log(to_floating(value)) / denominator);
}

std::optional<Decimal> power(Decimal base, Decimal exponent) {
  constexpr Int128 kExactExponentMax = 1024;
  auto const whole = normalized(exponent);
  if (whole.scale == 0 && whole.coefficient >= 0 && whole.coefficient <= kExactExponentMax) {
    auto result = std::optional(Decimal::of(1));
    for (auto left = static_cast<int>(whole.coefficient); result && left > 0; --left) {
      result = multiply(*result, base);
    }
    if (result) return result;
  }
  return from_floating(std::pow(to_floating(base), to_floating(exponent)));
}

}  // namespace sinew::fhirpath
