#pragma once

#include <string_view>
#include <vector>

#include "fhirpath/ucum.h"

namespace sinew::fhirpath::ucum {

/// A row of data/ucum/units.tsv with its meaning worked out.
struct Atom {
  std::string_view code;
  bool is_metric = false;  ///< takes prefixes
  Unit unit;
};

struct Prefix {
  std::string_view code;
  Factor factor;
};

struct UnitTable {
  std::vector<Atom> atoms;
  bool is_sorted = false;  ///< by code, once the table is complete
  std::vector<Prefix> prefixes;

  [[nodiscard]] Atom const* find(std::string_view code) const;
  [[nodiscard]] Prefix const* find_prefix(std::string_view code) const;
};
[[nodiscard]] UnitTable const& unit_table();

[[nodiscard]] Factor multiply(Factor const& a, Factor const& b);
[[nodiscard]] Factor invert(Factor const& factor);
/// From `6.02214076`, `1e-24`; digits beyond what fits are dropped.
[[nodiscard]] Factor factor_of(std::string_view number);

/// Reads a code by a table, which may still be growing.
[[nodiscard]] std::optional<Unit> parse_unit(std::string_view code, UnitTable const& table);

}  // namespace sinew::fhirpath::ucum
