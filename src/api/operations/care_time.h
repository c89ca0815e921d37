#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "json/json.h"

namespace sinew::rest {

/// The time care was given, by which `start` and `end` of $everything choose.
struct CareTime {
  std::int64_t low = INT64_MIN, before = INT64_MAX;  ///< [low, before) in ms
};

/// A type and the elements that say when: the first that is there counts.
struct CareTimeRow {
  std::string_view type;
  std::string_view elements;  ///< separated by blanks; dateTime, date, instant or Period
};
[[nodiscard]] std::span<CareTimeRow const> care_time_table();

/// Nothing where the resource does not say, or is of a type that has no such time.
[[nodiscard]] std::optional<CareTime> care_time(json::Value resource);

}  // namespace sinew::rest
