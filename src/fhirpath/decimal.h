#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sinew::fhirpath {

__extension__ using Int128 = __int128;

inline constexpr int kDecimalDigitsMax = 38;  ///< digits of a coefficient
inline constexpr int kDecimalScaleMax = 38;   ///< digits after the point
inline constexpr int kQuotientScale = 16;     ///< digits after the point that a division yields
inline constexpr Int128 kIntegerMax = 2147483647;  ///< Source: FHIRPath N1, Integer literals

/// A decimal number without rounding: `coefficient` × 10^-`scale`. `113.50` keeps its scale of 2.
struct Decimal {
  Int128 coefficient = 0;
  int scale = 0;  ///< 0 to kDecimalScaleMax

  [[nodiscard]] static Decimal of(std::int64_t value) { return {value, 0}; }
};

/// `-12.50`, `1e-7`, `6.02E23`. Nothing for other texts, and for numbers of more than
/// kDecimalDigitsMax digits.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);

/// Plain notation, with as many digits after the point as the scale says.
[[nodiscard]] std::string to_string(Decimal value);

/// By value: 1.0 and 1.00 are equal.
[[nodiscard]] std::strong_ordering compare(Decimal a, Decimal b);

// Arithmetic is exact; nothing when the result does not fit, and for a zero divisor.
// Source: FHIRPath N1 #math ("if an operation would overflow, the result is empty").
[[nodiscard]] std::optional<Decimal> add(Decimal a, Decimal b);
[[nodiscard]] std::optional<Decimal> subtract(Decimal a, Decimal b);
[[nodiscard]] std::optional<Decimal> multiply(Decimal a, Decimal b);
/// Rounded to kQuotientScale digits, half away from zero; zeros at the end are dropped.
[[nodiscard]] std::optional<Decimal> divide(Decimal a, Decimal b);
/// The whole number nearest to zero, and what remains: `a - b * (a div b)`.
[[nodiscard]] std::optional<Decimal> divide_whole(Decimal a, Decimal b);
[[nodiscard]] std::optional<Decimal> remainder(Decimal a, Decimal b);

enum class Rounding : std::uint8_t { toward_zero, half_away, down, up };
/// The value with at most `scale` digits after the point; never more than it has.
[[nodiscard]] Decimal round(Decimal value, int scale, Rounding rounding);
/// The value with exactly `scale` digits after the point, zeros added. Nothing on overflow.
[[nodiscard]] std::optional<Decimal> with_scale(Decimal value, int scale, Rounding rounding);
/// Without zeros at the end of the fraction.
[[nodiscard]] Decimal normalized(Decimal value);
[[nodiscard]] bool is_whole(Decimal value);

/// Functions that are not exact: 15 significant digits. Nothing where the result is no number.
[[nodiscard]] std::optional<Decimal> square_root(Decimal value);
[[nodiscard]] std::optional<Decimal> exponential(Decimal value);
[[nodiscard]] std::optional<Decimal> natural_logarithm(Decimal value);
[[nodiscard]] std::optional<Decimal> logarithm(Decimal value, Decimal base);
/// Exact for whole exponents as long as it fits.
[[nodiscard]] std::optional<Decimal> power(Decimal base, Decimal exponent);

[[nodiscard]] long double to_floating(Decimal value);
[[nodiscard]] std::optional<Decimal> from_floating(long double value);

}  // namespace sinew::fhirpath
