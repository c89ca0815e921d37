#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fhirpath/decimal.h"

/// Units of measure. Knows nothing of FHIR or FHIRPath.
/// Source: The Unified Code for Units of Measure 2.2; the table is data/ucum.
namespace sinew::fhirpath::ucum {

inline constexpr std::size_t kUnitBytesMax = 200;  ///< longest code read
inline constexpr int kUnitDepthMax = 8;            ///< parentheses inside each other
inline constexpr int kExponentMax = 30;            ///< of one component

/// A positive number `numerator / denominator × 10^exponent`. Where that no longer fits, `is_exact`
/// is false and `floating` alone counts.
struct Factor {
  Int128 numerator = 1;
  Int128 denominator = 1;
  int exponent = 0;
  long double floating = 1;
  bool is_exact = true;
};

/// What a code means: how many of which base units.
struct Unit {
  std::array<std::int8_t, 7> dimension{};  ///< exponents of m, s, g, rad, K, C, cd
  std::int8_t own_exponent = 0;
  std::uint16_t own = 0;  ///< an arbitrary unit or a logarithmic scale: comparable to itself alone
  Factor factor;
  Decimal offset;  ///< added before the factor applies: degrees Celsius, Fahrenheit, Réaumur
};

/// The meaning of a case-sensitive UCUM code (`mg/dL`, `10*3/uL`, `{cells}/[HPF]`), or nothing.
[[nodiscard]] std::optional<Unit> parse_unit(std::string_view code);

/// True when amounts of the two can be compared.
[[nodiscard]] bool are_comparable(Unit const& a, Unit const& b);

/// How many of `b` one `a` is, offsets aside.
[[nodiscard]] Factor ratio_of(Unit const& a, Unit const& b);

/// The order of two amounts in comparable units: exact wherever the factors are. `ratio`: that of
/// the two units.
[[nodiscard]] std::strong_ordering compare(Decimal a, Unit const& unit_a, Decimal b,
                                           Unit const& unit_b, Factor const& ratio);

/// An amount expressed in another, comparable unit. Nothing when it does not fit.
[[nodiscard]] std::optional<Decimal> convert(Decimal value, Unit const& from, Unit const& to);

}  // namespace sinew::fhirpath::ucum
