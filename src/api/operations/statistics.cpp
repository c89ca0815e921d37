#include "api/operations/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sinew::rest {
namespace {

double count(Samples const& samples) { return static_cast<double>(samples.count()); }
double total_count(Samples const& samples) { return static_cast<double>(samples.total()); }
double average(Samples const& samples) { return samples.mean(); }
double maximum(Samples const& samples) { return samples.by_value().back().value; }
double minimum(Samples const& samples) { return samples.by_value().front().value; }
double sum(Samples const& samples) { return samples.sum(); }

template <int Percent>
double percentile(Samples const& samples) {
  return samples.quantile(Percent / 100.0);
}

/// Of a sample: divided by one less than the number of measurements.
double variance(Samples const& samples) {
  auto const n = count(samples);
  return samples.moment(2) * n / (n - 1);
}
double deviation(Samples const& samples) { return std::sqrt(variance(samples)); }

/// "Semi-interquartile range is one-half the difference between the first and the third quartiles."
double quartile_deviation(Samples const& samples) {
  return (samples.quantile(0.75) - samples.quantile(0.25)) / 2;
}

double skew(Samples const& samples) { return samples.moment(3) / std::pow(samples.moment(2), 1.5); }
/// That of a normal distribution is 3.
double kurtosis(Samples const& samples) {
  return samples.moment(4) / (samples.moment(2) * samples.moment(2));
}

struct Line {
  double gradient, intercept;
};

/// Least squares.
Line line_of(Samples const& samples) {
  auto const n = count(samples);
  double hours = 0;
  for (auto const& sample : samples.by_value()) hours += sample.hours / n;
  auto const mean = samples.mean();
  double both = 0;
  double squares = 0;
  for (auto const& sample : samples.by_value()) {
    both += (sample.hours - hours) * (sample.value - mean);
    squares += (sample.hours - hours) * (sample.hours - hours);
  }
  auto const gradient = both / squares;
  return {gradient, mean - gradient * hours};
}

double gradient(Samples const& samples) { return line_of(samples).gradient; }

// clang-format off
constexpr auto kStatistics = std::to_array<Statistic>({
    // code          display                unit                 at least  computed by
    {"average",      "Average",             ResultUnit::same,     1, average},
    {"maximum",      "Maximum",             ResultUnit::same,     1, maximum},
    {"minimum",      "Minimum",             ResultUnit::same,     1, minimum},
    {"count",        "Count",               ResultUnit::none,     0, count},
    {"total-count",  "Total Count",         ResultUnit::none,     0, total_count},
    {"median",       "Median",              ResultUnit::same,     1, percentile<50>},
    {"std-dev",      "Standard Deviation",  ResultUnit::same,     2, deviation},
    {"sum",          "Sum",                 ResultUnit::same,     1, sum},
    {"variance",     "Variance",            ResultUnit::square,   2, variance},
    {"20-percent",   "20th Percentile",     ResultUnit::same,     1, percentile<20>},
    {"80-percent",   "80th Percentile",     ResultUnit::same,     1, percentile<80>},
    {"4-lower",      "Lower Quartile",      ResultUnit::same,     1, percentile<25>},
    {"4-upper",      "Upper Quartile",      ResultUnit::same,     1, percentile<75>},
    {"4-dev",        "Quartile Deviation",  ResultUnit::same,     1, quartile_deviation},
    {"5-1",          "1st Quintile",        ResultUnit::same,     1, percentile<20>},
    {"5-2",          "2nd Quintile",        ResultUnit::same,     1, percentile<40>},
    {"5-3",          "3rd Quintile",        ResultUnit::same,     1, percentile<60>},
    {"5-4",          "4th Quintile",        ResultUnit::same,     1, percentile<80>},
    {"skew",         "Skew",                ResultUnit::none,     2, skew},
    {"kurtosis",     "Kurtosis",            ResultUnit::none,     2, kurtosis},
    {kRegression,    "Regression",          ResultUnit::per_hour, 2, gradient},
});
// clang-format on

}  // namespace

Samples::Samples(std::vector<Sample> samples, std::size_t total)
    : samples_(std::move(samples)), total_(total) {
  std::ranges::sort(samples_, {}, &Sample::value);
}

double Samples::sum() const {
  double sum = 0;
  for (auto const& sample : samples_) sum += sample.value;
  return sum;
}

double Samples::mean() const { return sum() / static_cast<double>(samples_.size()); }

double Samples::moment(int power) const {
  auto const center = mean();
  double sum = 0;
  for (auto const& sample : samples_) sum += std::pow(sample.value - center, power);
  return sum / static_cast<double>(samples_.size());
}

double Samples::quantile(double part) const {
  auto const place = part * static_cast<double>(samples_.size() - 1);
  auto const below = static_cast<std::size_t>(place);
  auto const above = std::min(below + 1, samples_.size() - 1);
  auto const low = samples_[below].value;
  return low + (samples_[above].value - low) * (place - static_cast<double>(below));
}

std::span<Statistic const> statistics() { return kStatistics; }

Statistic const* find_statistic(std::string_view code) {
  if (code == "max") code = "maximum";
  if (code == "min") code = "minimum";
  auto const* const row = std::ranges::find(kStatistics, code, &Statistic::code);
  return row == kStatistics.end() ? nullptr : row;
}

double intercept(Samples const& samples) { return line_of(samples).intercept; }

}  // namespace sinew::rest
