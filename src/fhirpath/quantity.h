#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fhirpath/item.h"
#include "fhirpath/ucum.h"

namespace sinew::fhirpath {

/// What two quantities are compared or computed in.
struct CommonUnit {
  ucum::Unit a, b;
  ucum::Factor ratio;  ///< of `a` to `b`
};

/// The units of two quantities where they can be compared. Years and months of the calendar compare
/// to each other alone; weeks and shorter ones to UCUM's as well.
/// Source: FHIRPath N1 #time-valued-quantities.
[[nodiscard]] std::optional<CommonUnit> common_unit(Item const& a, Item const& b);

/// The pairs of units met last: an expression compares the same two again and again.
/// OPTIMIZATION: reading two units costs a microsecond; `Observation.value < 150 'g/L'` 4x.
class UnitPairs {
 public:
  /// The same as `common_unit`; nullptr where the two cannot be compared.
  [[nodiscard]] CommonUnit const* find(Item const& a, Item const& b);

 private:
  static constexpr std::size_t kPairsKept = 16;
  struct Pair {
    std::string a, b;
    bool is_calendar_a, is_calendar_b;
    std::optional<CommonUnit> common;
  };
  std::vector<Pair> pairs_;
  std::size_t next_ = 0;
};

/// The UCUM code of a quantity's unit; that of the nearest length for a calendar word.
[[nodiscard]] std::string_view unit_code(Item const& quantity);

/// The calendar word that FHIR reads a UCUM code of a Quantity as: `a` is a year; empty for others.
/// Source: FHIR R4 fhirpath.html#types, "Quantity ... if the code is for a time-valued unit"
[[nodiscard]] std::string_view calendar_word(std::string_view code);

/// `equivalent`: compared in the precision of the less precise, calendar and UCUM alike.
[[nodiscard]] bool are_equivalent_quantities(UnitPairs& pairs, Item const& a, Item const& b);

}  // namespace sinew::fhirpath
