#include "engine/alerts/probe.h"

#include <algorithm>
#include <filesystem>

#include "engine/feed.h"
#include "net/certificate.h"

namespace sinew::engine {
namespace {

constexpr double kMillisecond = 0.001;

double seconds_between(Instant from, Instant to) {
  return static_cast<double>(to.ms - from.ms) * kMillisecond;
}

/// `queue:` and `feed:` keep feeds and destinations of one name apart.
std::string feed_key(std::string_view feed) { return "feed:" + std::string(feed); }
std::string queue_key(std::string_view destination) { return "queue:" + std::string(destination); }

std::uint64_t count_of(DestinationState const& state,
                       std::initializer_list<store::DeliveryStatus> statuses) {
  std::uint64_t sum = 0;
  for (auto const& count : state.counts) {
    if (std::ranges::count(statuses, count.status) > 0) sum += count.count;
  }
  return sum;
}

std::uint64_t waiting_of(DestinationState const& state) {
  using enum store::DeliveryStatus;
  return count_of(state, {waiting, sending, held});
}

}  // namespace

void AlertProbe::sample(std::map<std::string, Instant, std::less<>>& marks,
                        std::chrono::milliseconds window_max, Instant now) {
  feeds_ = around_.feeds();
  for (auto const& feed : feeds_) sample_feed(feed, marks, window_max, now);
  destinations_.reset();
  if (around_.deliveries == nullptr) return;
  if (auto states = around_.deliveries->states()) destinations_ = *std::move(states);
  sample_destinations(marks, window_max, now);
}

void AlertProbe::sample_feed(std::string const& feed,
                             std::map<std::string, Instant, std::less<>>& marks,
                             std::chrono::milliseconds window_max, Instant now) {
  FeedMetrics const metrics(around_.metrics, feed);
  Sample sample{now, metrics.received.value(), metrics.failed.value(), {}};
  for (std::size_t i = 0; i <= metrics.apply_seconds.bounds().size(); ++i)
    sample.latencies.push_back(metrics.apply_seconds.count_in(i));
  auto const key = feed_key(feed);
  auto& samples = series_[key].samples;
  auto const before = samples.empty() ? std::uint64_t{0} : samples.back().all;
  if (sample.all > before || !marks.contains(key)) marks.insert_or_assign(key, now);
  last_traffic_.insert_or_assign(feed, marks.find(key)->second);
  samples.push_back(std::move(sample));
  while (samples.size() > 2 && now.ms - samples[1].at.ms >= window_max.count()) samples.pop_front();
}

void AlertProbe::sample_destinations(std::map<std::string, Instant, std::less<>>& marks,
                                     std::chrono::milliseconds window_max, Instant now) {
  if (!destinations_) return;
  for (auto const& state : *destinations_) {
    Labels const labels = {{"destination", state.name}};
    auto const good =
        around_.metrics.counter("sinew_deliveries_total", "Messages a destination accepted", labels)
            .value();
    auto const bad = around_.metrics
                         .counter("sinew_delivery_failures_total",
                                  "Attempts that a destination did not accept", labels)
                         .value();
    auto& samples = series_[queue_key(state.name)].samples;
    auto const good_before = samples.empty() ? 0 : samples.back().all - samples.back().bad;
    auto const key = "down:" + state.name;
    // A delivery ends it, and so does an empty queue. That nothing was tried yet, after a restart,
    // says nothing.
    if (good > good_before || waiting_of(state) == 0) {
      marks.erase(key);
    } else if (!state.last_reply.empty()) {
      marks.try_emplace(key, now);
    }
    if (auto const since = marks.find(key); since != marks.end()) {
      down_since_.insert_or_assign(state.name, since->second);
    } else {
      down_since_.erase(state.name);
    }
    samples.push_back({now, good + bad, bad, {}});
    while (samples.size() > 2 && now.ms - samples[1].at.ms >= window_max.count())
      samples.pop_front();
  }
}

std::optional<std::vector<AlertReading>> AlertProbe::readings(AlertRule const& rule, Instant now) {
  std::vector<AlertReading> out;
  auto const about = row_of(rule.kind).about;
  if (about == "destinations") return destination_readings(rule, now);
  if (rule.kind == AlertKind::disk_free) {
    disk_reading(rule, out);
    return out.empty() ? std::nullopt : std::optional(std::move(out));
  }
  if (rule.kind == AlertKind::certificate) {
    certificate_readings(rule, now, out);
    return out;
  }
  if (rule.kind == AlertKind::drift) {
    if (!around_.drift) return out;
    for (auto& drift : around_.drift()) {
      if (!rule.is_about(drift.feed)) continue;
      auto const count = rule.drift_severity == Severity::information ? drift.all : drift.warnings;
      out.push_back({drift.feed, static_cast<double>(count), {}, std::move(drift.detail)});
    }
    return out;
  }
  for (auto const& feed : feeds_) {
    if (rule.is_about(feed)) feed_reading(rule, feed, now, out);
  }
  return out;
}

/// The newest sample that is as old as the window, or the oldest there is.
template <class Samples>
static auto const& begin_of_window(Samples const& samples, std::chrono::milliseconds window,
                                   Instant now) {
  auto begin = samples.begin();
  while (begin + 1 != samples.end() && now.ms - (begin + 1)->at.ms >= window.count()) ++begin;
  return *begin;
}

void AlertProbe::feed_reading(AlertRule const& rule, std::string const& feed, Instant now,
                              std::vector<AlertReading>& out) {
  auto const& samples = series_[feed_key(feed)].samples;
  auto const& last = samples.back();
  auto const& first = begin_of_window(samples, rule.window, now);
  auto const all = last.all - first.all;
  AlertReading reading;
  reading.subject = feed;
  switch (rule.kind) {
    case AlertKind::no_traffic: {
      auto since = last_traffic_[feed];
      // The clock starts anew with each window of the schedule.
      if (rule.schedule) since = std::max(since, rule.schedule->open_since(now).value_or(now));
      reading.value = seconds_between(since, now);
      if (rule.is_learned) {
        constexpr double kNever = 1e18;
        auto const usual =
            around_.usual_silence ? around_.usual_silence(feed, now) : std::optional<double>();
        reading.limit = usual.value_or(kNever);
      }
      break;
    }
    case AlertKind::error_rate:
      if (all >= rule.least)
        reading.value = static_cast<double>(last.bad - first.bad) / static_cast<double>(all);
      break;
    default: {
      std::uint64_t count = 0;
      for (std::size_t i = 0; i < last.latencies.size(); ++i)
        count += last.latencies[i] - first.latencies[i];
      if (count < rule.least) break;
      auto const& bounds = FeedMetrics(around_.metrics, feed).apply_seconds.bounds();
      auto const wanted = rule.quantile * static_cast<double>(count);
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < last.latencies.size(); ++i) {
        below += last.latencies[i] - first.latencies[i];
        if (static_cast<double>(below) < wanted) continue;
        // Above every bound: all that is known is that it is longer than the last.
        reading.value = i < bounds.size() ? bounds[i] : bounds.back() * 2;
        break;
      }
    }
  }
  out.push_back(std::move(reading));
}

std::optional<std::vector<AlertReading>> AlertProbe::destination_readings(AlertRule const& rule,
                                                                          Instant now) {
  std::vector<AlertReading> out;
  if (around_.deliveries == nullptr) return out;
  if (!destinations_) return std::nullopt;
  for (auto const& state : *destinations_) {
    if (!rule.is_about(state.name)) continue;
    AlertReading reading;
    reading.subject = state.name;
    auto const& samples = series_[queue_key(state.name)].samples;
    switch (rule.kind) {
      case AlertKind::queue_depth:
        reading.value = static_cast<double>(waiting_of(state));
        break;
      case AlertKind::held:
        reading.value = static_cast<double>(count_of(state, {store::DeliveryStatus::held}));
        break;
      case AlertKind::queue_age:
        if (waiting_of(state) > 0) reading.value = oldest_seconds(state.name, now);
        break;
      case AlertKind::peer_down:
        if (auto const since = down_since_.find(state.name); since != down_since_.end())
          reading.value = std::max(seconds_between(since->second, now), kMillisecond);
        break;
      default: {
        auto const& first = begin_of_window(samples, rule.window, now);
        auto const all = samples.back().all - first.all;
        if (all >= rule.least)
          reading.value =
              static_cast<double>(samples.back().bad - first.bad) / static_cast<double>(all);
      }
    }
    out.push_back(std::move(reading));
  }
  return out;
}

/// Since the oldest message that is not done was received.
double AlertProbe::oldest_seconds(std::string const& destination, Instant now) {
  if (around_.delivery_log == nullptr) return 0;
  auto const oldest = around_.delivery_log->unfinished(destination, 0, 1);
  if (!oldest || oldest->empty()) return 0;
  auto const record = around_.store.journal_record(oldest->front().cause);
  if (!record) return seconds_between(oldest->front().changed, now);
  return seconds_between(record->received, now);
}

void AlertProbe::disk_reading(AlertRule const& rule, std::vector<AlertReading>& out) const {
  std::error_code error;
  auto folder = std::filesystem::path(around_.store_path).parent_path();
  if (folder.empty()) folder = ".";
  auto const space = std::filesystem::space(folder, error);
  if (error) return;
  AlertReading reading;
  reading.subject = "store";
  reading.value = static_cast<double>(space.available);
  if (rule.share_limit > 0) reading.limit = rule.share_limit * static_cast<double>(space.capacity);
  out.push_back(std::move(reading));
}

void AlertProbe::certificate_readings(AlertRule const& rule, Instant now,
                                      std::vector<AlertReading>& out) const {
  for (auto const& file : rule.about.empty() ? around_.certificates : rule.about) {
    auto const expiry = net::certificate_expiry(file);
    AlertReading reading;
    reading.subject = file;
    // A file that cannot be read is as bad as one that has expired.
    reading.value = expiry ? std::max(0.0, seconds_between(now, *expiry)) : 0;
    if (!expiry) reading.detail = expiry.error().what;
    out.push_back(std::move(reading));
  }
}

}  // namespace sinew::engine
