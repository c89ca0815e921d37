#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinew::engine {

inline constexpr std::size_t kDifferencesMax = 100;

/// One place in which two texts are not the same.
struct Difference {
  std::string place;  ///< "PID-8", "OBX[2]-5", "line 3"
  std::string before, after;
};

/// Field by field where both are HL7 v2 messages, else line by line. None: the bytes are the same.
/// Segments are held against those of the same id in the same order, so one that was put in shows
/// as one difference and not as many.
[[nodiscard]] std::vector<Difference> find_differences(std::string_view before,
                                                       std::string_view after);

}  // namespace sinew::engine
