#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinew::rest {

/// A measurement: its value in the unit of its group, and when it was taken.
struct Sample {
  double value = 0;
  double hours = 0;  ///< since the first of the group
};

/// What is computed on: measurements of one code in one unit, by value.
class Samples {
 public:
  explicit Samples(std::vector<Sample> samples, std::size_t total);

  [[nodiscard]] std::size_t count() const { return samples_.size(); }
  [[nodiscard]] std::size_t total() const { return total_; }  ///< with those without a valid value
  [[nodiscard]] std::vector<Sample> const& by_value() const { return samples_; }
  [[nodiscard]] double sum() const;
  [[nodiscard]] double mean() const;
  /// The mean of (value - mean) to a power.
  [[nodiscard]] double moment(int power) const;
  /// The value below which that part lies, interpolated between the two nearest.
  [[nodiscard]] double quantile(double part) const;

 private:
  std::vector<Sample> samples_;
  std::size_t total_;
};

/// In what the result is: as the measurements, in their square, or in nothing.
enum class ResultUnit : std::uint8_t { same, square, per_hour, none };

/// A statistic. Source: FHIR R4 valueset-observation-statistics.html.
struct Statistic {
  std::string_view code, display;
  ResultUnit unit;
  std::size_t count_min;  ///< below so many measurements there is no result
  double (*compute)(Samples const&);
};
[[nodiscard]] std::span<Statistic const> statistics();
/// By its code, or by one of the short names that the parameter `statistic` gives as examples
/// (`max`, `min`); null: unknown.
[[nodiscard]] Statistic const* find_statistic(std::string_view code);

/// The second of the two results of `regression`: the value at the first measurement's time. The
/// statistic itself is the gradient, by hour.
[[nodiscard]] double intercept(Samples const& samples);
inline constexpr std::string_view kRegression = "regression";

}  // namespace sinew::rest
