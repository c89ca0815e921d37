#include "engine/feed.h"

#include "base/check.h"

namespace sinew::engine {
namespace {

Counter& atoms(Metrics& metrics, std::string const& feed, char const* fate) {
  return metrics.counter("sinew_ledger_atoms_total", "Values of messages, by what became of them",
                         {{"feed", feed}, {"fate", fate}});
}

}  // namespace

FeedMetrics::FeedMetrics(Metrics& m, std::string const& feed)
    : received(m.counter("sinew_messages_received_total", "Messages received", {{"feed", feed}})),
      acknowledged(m.counter("sinew_messages_acknowledged_total",
                             "Messages in the journal, on disk", {{"feed", feed}})),
      refused(m.counter("sinew_messages_refused_total",
                        "Messages that could not be written to the journal", {{"feed", feed}})),
      applied(m.counter("sinew_messages_applied_total",
                        "Messages whose effect is in the store, repeated ones included",
                        {{"feed", feed}})),
      failed(m.counter("sinew_messages_failed_total", "Messages kept in the journal as failed",
                       {{"feed", feed}})),
      duplicates(m.counter("sinew_messages_duplicate_total",
                           "Messages that had been received before", {{"feed", feed}})),
      ignored(m.counter("sinew_messages_ignored_total",
                        "Messages of which the tables make no resource", {{"feed", feed}})),
      atoms_mapped(atoms(m, feed, "mapped")),
      atoms_ignored(atoms(m, feed, "ignored")),
      atoms_unmapped(atoms(m, feed, "unmapped")),
      ack_seconds(m.histogram("sinew_ack_seconds", "From the whole message to its answer",
                              {{"feed", feed}})),
      apply_seconds(
          m.histogram("sinew_apply_seconds", "From the journal to the store", {{"feed", feed}})) {}

Feed::Feed(FeedSettings settings, Metrics& metrics)
    : name_(settings.mapping.name),
      metrics_(metrics, name_),
      settings_(std::make_shared<FeedSettings const>(std::move(settings))) {}

std::shared_ptr<FeedSettings const> Feed::settings() const {
  std::scoped_lock const lock(mutex_);
  return settings_;
}

void Feed::set(FeedSettings settings) {
  SINEW_CHECK(settings.program != nullptr);
  auto fresh = std::make_shared<FeedSettings const>(std::move(settings));
  std::scoped_lock const lock(mutex_);
  settings_.swap(fresh);
}

void Feeds::set(FeedSettings settings) {
  SINEW_CHECK(settings.program != nullptr);
  std::scoped_lock const lock(mutex_);
  auto& feed = feeds_[settings.mapping.name];
  if (feed) {
    feed->set(std::move(settings));
  } else {
    feed = std::make_shared<Feed>(std::move(settings), metrics_);
  }
}

std::shared_ptr<Feed> Feeds::find(std::string_view name) const {
  std::scoped_lock const lock(mutex_);
  auto const found = feeds_.find(name);
  return found == feeds_.end() ? nullptr : found->second;
}

}  // namespace sinew::engine
