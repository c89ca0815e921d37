#pragma once

#include <optional>

#include "fhirpath/item.h"
#include "fhirpath/ucum.h"

namespace sinew::fhirpath {

/// What two quantities are compared or computed in.
struct CommonUnit {
  ucum::Unit a, b;
};

/// The units of two quantities where they can be compared. Years and months of the calendar compare
/// to each other alone; weeks and shorter ones to UCUM's as well.
/// Source: FHIRPath N1 #time-valued-quantities.
[[nodiscard]] std::optional<CommonUnit> common_unit(Item const& a, Item const& b);

/// The UCUM code of a quantity's unit; that of the nearest length for a calendar word.
[[nodiscard]] std::string_view unit_code(Item const& quantity);

/// `equivalent`: compared in the precision of the less precise, calendar and UCUM alike.
[[nodiscard]] bool are_equivalent_quantities(Item const& a, Item const& b);

}  // namespace sinew::fhirpath
