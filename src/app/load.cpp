#include "app/load.h"

#include <algorithm>
#include <thread>

namespace sinew::app {

Pace::Pace(double per_second) : began_(std::chrono::steady_clock::now()), per_second_(per_second) {}

void Pace::wait() {
  if (per_second_ <= 0) return;
  std::chrono::duration<double> const due(static_cast<double>(count_++) / per_second_);
  std::this_thread::sleep_until(
      began_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
}

void Latencies::add(std::chrono::steady_clock::duration duration) {
  auto const us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  microseconds_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(us, UINT32_MAX)));
}

void Latencies::add(Latencies const& other) {
  microseconds_.insert(microseconds_.end(), other.microseconds_.begin(), other.microseconds_.end());
}

double Latencies::milliseconds(double quantile) {
  if (microseconds_.empty()) return 0;
  auto const rank =
      static_cast<std::size_t>(quantile * static_cast<double>(microseconds_.size() - 1));
  auto const at = microseconds_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(microseconds_, at);
  return *at / 1000.0;
}

}  // namespace sinew::app
