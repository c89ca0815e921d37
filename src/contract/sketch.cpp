#include "contract/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sinew::contract {

void DistinctSketch::add(std::uint64_t digest) {
  auto const index = digest >> (64 - kIndexBits);
  auto const rest = digest << kIndexBits | std::uint64_t{1} << (kIndexBits - 1);
  auto const rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
  registers_[index] = std::max(registers_[index], rank);
}

std::uint64_t DistinctSketch::estimate() const {
  constexpr double kAlpha = 0.709;  // for 64 registers
  constexpr auto kCount = static_cast<double>(kRegisters);
  double sum = 0;
  int zeros = 0;
  for (auto const rank : registers_) {
    sum += std::ldexp(1.0, -rank);
    zeros += rank == 0;
  }
  auto const raw = kAlpha * kCount * kCount / sum;
  // Few values: the share of registers that nothing fell into says more.
  if (raw <= 2.5 * kCount && zeros > 0) {
    return static_cast<std::uint64_t>(std::lround(kCount * std::log(kCount / zeros)));
  }
  return static_cast<std::uint64_t>(std::llround(raw));
}

}  // namespace sinew::contract
