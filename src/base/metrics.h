#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sinew {

/// A figure that only grows.
class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  /// For a figure that somebody else counts; never lower than before.
  void set(std::uint64_t total) { value_.store(total, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// A figure that goes up and down.
class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

/// How often a figure fell below each bound.
class Histogram {
 public:
  /// `bounds`  upper bounds, inclusive, rising.
  explicit Histogram(std::span<double const> bounds);
  void observe(double value);

  [[nodiscard]] std::vector<double> const& bounds() const { return bounds_; }
  /// Observations in bucket `i` alone; `bounds().size()` is the bucket above every bound.
  [[nodiscard]] std::uint64_t count_in(std::size_t bucket) const;
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_ = 0;
};

/// Bounds for durations in seconds, 50 us to 10 s.
[[nodiscard]] std::span<double const> latency_bounds();

using Labels = std::vector<std::pair<std::string, std::string>>;

/// The metrics of one program: made by `app`, passed to whoever counts.
///
/// Asking for a metric twice gives the same one. Asking takes a lock: ask once, keep the
/// reference (valid as long as the registry), count without a lock. Names follow Prometheus
/// (`sinew_messages_received_total`, units last); one name has one kind and one help text.
class Metrics {
 public:
  Metrics();
  Metrics(Metrics const&) = delete;
  Metrics& operator=(Metrics const&) = delete;
  ~Metrics();

  Counter& counter(std::string_view name, std::string_view help, Labels const& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels const& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels const& labels = {},
                       std::span<double const> bounds = latency_bounds());

  /// Runs before every exposition, to copy in what is counted elsewhere.
  void on_exposition(std::function<void()> refresh);

  /// All metrics, sorted by name. Source: Prometheus text exposition format 0.0.4.
  [[nodiscard]] std::string exposition() const;

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace sinew
