#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "engine/engine.h"

namespace sinew::engine {

/// The figures of one feed, in the registry.
struct FeedMetrics {
  FeedMetrics(Metrics& metrics, std::string const& feed);

  Counter& received;
  Counter& acknowledged;
  Counter& refused;
  Counter& applied;
  Counter& failed;
  Counter& duplicates;
  Counter& ignored;
  Counter& atoms_mapped;
  Counter& atoms_ignored;
  Counter& atoms_unmapped;
  Histogram& ack_seconds;
  Histogram& apply_seconds;
};

/// A feed as it runs. Settings are replaced whole: who took them keeps what it took.
class Feed {
 public:
  Feed(FeedSettings settings, Metrics& metrics);

  [[nodiscard]] std::string const& name() const { return name_; }
  [[nodiscard]] std::shared_ptr<FeedSettings const> settings() const;
  void set(FeedSettings settings);
  [[nodiscard]] FeedMetrics& metrics() { return metrics_; }

 private:
  std::string name_;
  FeedMetrics metrics_;
  mutable std::mutex mutex_;
  std::shared_ptr<FeedSettings const> settings_;
};

/// The feeds by name. Feeds are added and changed, never removed: messages may be on their way.
class Feeds {
 public:
  explicit Feeds(Metrics& metrics) : metrics_(metrics) {}
  void set(FeedSettings settings);
  /// Null when there is none of that name.
  [[nodiscard]] std::shared_ptr<Feed> find(std::string_view name) const;

 private:
  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Feed>, std::less<>> feeds_;
};

}  // namespace sinew::engine
