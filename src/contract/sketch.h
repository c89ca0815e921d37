#pragma once

#include <array>
#include <cstdint>

namespace sinew::contract {

/// Estimates how many different values there were, in 64 bytes, within about 13 %.
/// Source: P. Flajolet et al., "HyperLogLog" (2007).
class DistinctSketch {
 public:
  /// `digest`  of a value, all its bits well mixed.
  void add(std::uint64_t digest);
  [[nodiscard]] std::uint64_t estimate() const;

 private:
  static constexpr int kIndexBits = 6;
  static constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
  std::array<std::uint8_t, kRegisters> registers_{};
};

}  // namespace sinew::contract
