#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace sinew::simulate {

/// A small generator whose sequence is the same on every machine and library (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 <= result < bound; bound > 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  /// True about `percent` times in a hundred.
  bool chance(unsigned percent) { return below(100) < percent; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// About normal: the sum of twelve uniform values.
  double normal(double mean, double deviation) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += unit();
    return mean + deviation * sum;
  }
  template <class T>
  T const& pick(std::span<T const> items) {
    return items[below(items.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace sinew::simulate
