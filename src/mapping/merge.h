#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"

namespace sinew::mapping {

/// A range of one of the two texts that a merge copied, or left out.
struct MergeRange {
  std::uint32_t begin, end;  ///< in the text it comes from
  std::uint32_t out;         ///< where it went
};

/// Where everything went when two resources became one.
struct MergeTrace {
  std::vector<MergeRange> first, second;     ///< copied
  std::vector<MergeRange> equal, different;  ///< of the second: there already, or not kept
};

/// Merges two mentions of one resource, in the compact JSON that the mapper writes: the first keeps
/// its values, the second adds the elements and list entries that the first has not.
void merge_resources(std::string_view first, std::string_view second, fhir::TypeId type,
                     std::string& out, MergeTrace& trace);

/// True when every member of one JSON object stands in the other with the same value.
[[nodiscard]] bool is_part_of(std::string_view object, std::string_view other);

}  // namespace sinew::mapping
