#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "engine/alerts/book.h"
#include "engine/delivery/deliveries.h"
#include "store/deliveries/delivery_log.h"
#include "store/store.h"

namespace sinew::engine {

/// What a feed's contract says, for rules about it.
struct FeedDrift {
  std::string feed;
  std::size_t warnings = 0, all = 0;
  std::string detail;  ///< kinds and places, never values
};

/// What alerts are about.
struct AlertSurroundings {
  store::Store& store;
  Metrics& metrics;
  Clock& clock;
  std::string store_path;                              ///< whose disk is watched
  std::function<std::vector<std::string>()> feeds;     ///< names
  Deliveries* deliveries = nullptr;                    ///< null: nothing is passed on
  store::DeliveryLog* delivery_log = nullptr;          ///< null: nothing is passed on
  std::vector<std::string> certificates = {};          ///< files in use
  std::function<std::vector<FeedDrift>()> drift = {};  ///< empty: no contracts
  /// How long a feed may be silent at this time, in seconds; nothing: not known.
  std::function<std::optional<double>(std::string_view, Instant)> usual_silence = {};
};

/// Reads the figures that rules look at.
class AlertProbe {
 public:
  explicit AlertProbe(AlertSurroundings around) : around_(std::move(around)) {}

  /// Looks at the counters. Before the readings of one instant.
  /// `marks`  when each feed last had a message, and since when a destination is down; kept up to
  ///          date.
  void sample(std::map<std::string, Instant, std::less<>>& marks,
              std::chrono::milliseconds window_max, Instant now);
  /// Nothing when it cannot be read now: then nothing is known.
  [[nodiscard]] std::optional<std::vector<AlertReading>> readings(AlertRule const& rule,
                                                                  Instant now);

 private:
  /// The counters of a feed or a destination at one time.
  struct Sample {
    Instant at{};
    std::uint64_t all = 0, bad = 0;
    std::vector<std::uint64_t> latencies;
  };
  struct Series {
    std::deque<Sample> samples;
  };
  void sample_feed(std::string const& feed, std::map<std::string, Instant, std::less<>>& marks,
                   std::chrono::milliseconds window_max, Instant now);
  void sample_destinations(std::map<std::string, Instant, std::less<>>& marks,
                           std::chrono::milliseconds window_max, Instant now);
  void feed_reading(AlertRule const& rule, std::string const& feed, Instant now,
                    std::vector<AlertReading>& out);
  [[nodiscard]] std::optional<std::vector<AlertReading>> destination_readings(AlertRule const& rule,
                                                                              Instant now);
  void disk_reading(AlertRule const& rule, std::vector<AlertReading>& out) const;
  void certificate_readings(AlertRule const& rule, Instant now,
                            std::vector<AlertReading>& out) const;
  [[nodiscard]] double oldest_seconds(std::string const& destination, Instant now);

  AlertSurroundings around_;
  std::vector<std::string> feeds_;
  std::optional<std::vector<DestinationState>> destinations_;
  std::map<std::string, Series, std::less<>> series_;
  std::map<std::string, Instant, std::less<>> last_traffic_;
  std::map<std::string, Instant, std::less<>> down_since_;
};

}  // namespace sinew::engine
