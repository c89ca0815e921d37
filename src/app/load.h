#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace sinew::app {

/// Paces work to a rate: `wait` returns when the next piece is due, at once without a rate.
class Pace {
 public:
  explicit Pace(double per_second);
  void wait();

 private:
  std::chrono::steady_clock::time_point began_;
  double per_second_;
  std::uint64_t count_ = 0;
};

/// Latencies in microseconds, and their percentiles by rank.
class Latencies {
 public:
  void add(std::chrono::steady_clock::duration duration);
  void add(Latencies const& other);
  /// 0 <= quantile <= 1. Zero when nothing was measured.
  [[nodiscard]] double milliseconds(double quantile);

 private:
  std::vector<std::uint32_t> microseconds_;
};

}  // namespace sinew::app
