#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sinew::rest {

/// A stretch of two lists between what they have in common: items [from, from_end) of the one stand
/// where items [to, to_end) of the other do.
struct Stretch {
  std::size_t from, from_end, to, to_end;
};

/// The stretches in which two lists differ, in order: items that are alike in both stay out, as
/// many as can be in one order (up to 400 items where ends differ; longer ones place by place).
[[nodiscard]] std::vector<Stretch> align(std::vector<std::string> const& from,
                                         std::vector<std::string> const& to);

}  // namespace sinew::rest
