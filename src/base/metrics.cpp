#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <mutex>
#include <variant>

#include "base/check.h"

namespace sinew {
namespace {

constexpr std::array kLatencyBounds = {0.000'05, 0.000'1, 0.000'25, 0.000'5, 0.001, 0.002'5,
                                       0.005,    0.01,    0.025,    0.05,    0.1,   0.25,
                                       0.5,      1.0,     2.5,      5.0,     10.0};

using Figure =
    std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;

/// All metrics of one name; they differ by their labels, which are the key as they are printed.
struct Family {
  std::string help;
  std::size_t kind = 0;  ///< the index of the Figure alternative
  std::map<std::string, Figure> members;
};

constexpr std::array<std::string_view, 3> kKindNames = {"counter", "gauge", "histogram"};

void append_escaped(std::string& out, std::string_view text, bool with_quotes) {
  for (char const c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && with_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// `a="1",b="2"`: what stands between the braces.
std::string label_text(Labels const& labels) {
  std::string out;
  for (auto const& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

template <class Number>
void append_sample(std::string& out, std::string_view name, std::string_view labels, Number value) {
  out += name;
  if (!labels.empty()) fmt::format_to(std::back_inserter(out), "{{{}}}", labels);
  fmt::format_to(std::back_inserter(out), " {}\n", value);
}

void append_histogram(std::string& out, std::string_view name, std::string const& labels,
                      Histogram const& histogram) {
  auto const bucket_name = std::string(name) + "_bucket";
  auto const prefix = labels.empty() ? std::string() : labels + ',';
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    total += histogram.count_in(i);
    auto const bound =
        i < histogram.bounds().size() ? fmt::format("{}", histogram.bounds()[i]) : "+Inf";
    append_sample(out, bucket_name, prefix + "le=\"" + bound + '"', total);
  }
  append_sample(out, std::string(name) + "_sum", labels, histogram.sum());
  append_sample(out, std::string(name) + "_count", labels, total);
}

}  // namespace

std::span<double const> latency_bounds() { return kLatencyBounds; }

Histogram::Histogram(std::span<double const> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {
  SINEW_CHECK(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  auto const bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count_in(std::size_t bucket) const {
  SINEW_CHECK(bucket <= bounds_.size());
  return counts_[bucket].load(std::memory_order_relaxed);
}

struct Metrics::Registry {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::vector<std::function<void()>> refreshers;

  template <class T, class Make>
  T& member(std::string_view name, std::string_view help, Labels const& labels, Make make) {
    std::scoped_lock const lock(mutex);
    auto& family = families[std::string(name)];
    if (family.members.empty()) {
      family.help = help;
      family.kind = Figure(std::unique_ptr<T>()).index();
    }
    SINEW_CHECK(family.kind == Figure(std::unique_ptr<T>()).index());
    auto& figure = family.members[label_text(labels)];
    auto* held = std::get_if<std::unique_ptr<T>>(&figure);
    if (held == nullptr || *held == nullptr) {
      figure = make();
      held = std::get_if<std::unique_ptr<T>>(&figure);
    }
    return **held;
  }
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels const& labels) {
  return registry_->member<Counter>(name, help, labels, [] { return std::make_unique<Counter>(); });
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels const& labels) {
  return registry_->member<Gauge>(name, help, labels, [] { return std::make_unique<Gauge>(); });
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels const& labels,
                              std::span<double const> bounds) {
  return registry_->member<Histogram>(name, help, labels,
                                      [&] { return std::make_unique<Histogram>(bounds); });
}

void Metrics::on_exposition(std::function<void()> refresh) {
  std::scoped_lock const lock(registry_->mutex);
  registry_->refreshers.push_back(std::move(refresh));
}

std::string Metrics::exposition() const {
  std::vector<std::function<void()>> refreshers;
  {
    std::scoped_lock const lock(registry_->mutex);
    refreshers = registry_->refreshers;
  }
  for (auto const& refresh : refreshers) refresh();  // unlocked: they may ask for metrics

  std::scoped_lock const lock(registry_->mutex);
  std::string out;
  for (auto const& [name, family] : registry_->families) {
    out += "# HELP " + name + ' ';
    append_escaped(out, family.help, false);
    fmt::format_to(std::back_inserter(out), "\n# TYPE {} {}\n", name, kKindNames[family.kind]);
    for (auto const& [labels, figure] : family.members) {
      if (auto const* counter = std::get_if<std::unique_ptr<Counter>>(&figure)) {
        append_sample(out, name, labels, (*counter)->value());
      } else if (auto const* gauge = std::get_if<std::unique_ptr<Gauge>>(&figure)) {
        append_sample(out, name, labels, (*gauge)->value());
      } else {
        append_histogram(out, name, labels, *std::get<std::unique_ptr<Histogram>>(figure));
      }
    }
  }
  return out;
}

}  // namespace sinew
