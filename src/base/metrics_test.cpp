#include "base/metrics.h"

#include <doctest/doctest.h>

#include <array>
#include <thread>

using namespace sinew;

TEST_CASE("the exposition is the Prometheus text format, sorted by name") {
  Metrics metrics;
  metrics.gauge("sinew_open", "Open now").set(-2);
  metrics.counter("sinew_messages_total", "Messages\nby feed", {{"feed", "a\"b\\c\nd"}}).add(3);
  metrics.counter("sinew_messages_total", "", {{"feed", "lab"}}).add();
  CHECK(metrics.exposition() ==
        "# HELP sinew_messages_total Messages\\nby feed\n"
        "# TYPE sinew_messages_total counter\n"
        "sinew_messages_total{feed=\"a\\\"b\\\\c\\nd\"} 3\n"
        "sinew_messages_total{feed=\"lab\"} 1\n"
        "# HELP sinew_open Open now\n"
        "# TYPE sinew_open gauge\n"
        "sinew_open -2\n");
}

TEST_CASE("histogram buckets are cumulative, bounds inclusive, and end at +Inf") {
  Metrics metrics;
  constexpr std::array bounds = {0.5, 1.0};
  auto& histogram = metrics.histogram("h", "x", {{"a", "b"}}, bounds);
  for (double const value : {0.25, 0.5, 0.75, 8.0}) histogram.observe(value);
  CHECK(metrics.exposition() ==
        "# HELP h x\n# TYPE h histogram\n"
        "h_bucket{a=\"b\",le=\"0.5\"} 2\n"
        "h_bucket{a=\"b\",le=\"1\"} 3\n"
        "h_bucket{a=\"b\",le=\"+Inf\"} 4\n"
        "h_sum{a=\"b\"} 9.5\n"
        "h_count{a=\"b\"} 4\n");
}

TEST_CASE("asking for a metric twice gives the same one") {
  Metrics metrics;
  CHECK(&metrics.counter("c", "x", {{"a", "1"}}) == &metrics.counter("c", "x", {{"a", "1"}}));
  CHECK(&metrics.counter("c", "x", {{"a", "1"}}) != &metrics.counter("c", "x", {{"a", "2"}}));
}

TEST_CASE("threads count without losing any") {
  Metrics metrics;
  auto& counter = metrics.counter("c", "x");
  auto& histogram = metrics.histogram("h", "x");
  constexpr int kEach = 20'000;
  auto const count = [&] {
    for (int i = 0; i < kEach; ++i) {
      counter.add();
      histogram.observe(1);
    }
  };
  std::thread other(count);
  count();
  other.join();
  CHECK(counter.value() == 2 * kEach);
  CHECK(histogram.sum() == 2 * kEach);
}

TEST_CASE("what is counted elsewhere is copied in before the exposition") {
  Metrics metrics;
  metrics.on_exposition([&] { metrics.counter("outside_total", "x").set(42); });
  CHECK(metrics.exposition().find("outside_total 42\n") != std::string::npos);
}
