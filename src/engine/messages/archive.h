#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "engine/messages/message_keys.h"
#include "engine/messages/retention.h"
#include "store/deliveries/delivery_log.h"
#include "store/journal_care.h"
#include "store/messages/message_index.h"
#include "store/store.h"

namespace sinew::engine {

/// The messages that came, for those who look for one: keeps the index behind the journal, removes
/// what need not be kept, and has messages taken up again.
///
/// One thread does all of it when there is time: the intake comes first.
class Archive {
 public:
  struct Surroundings {
    store::Store& store;
    store::JournalCare& care;
    std::unique_ptr<store::MessageIndex> index;
    store::DeliveryLog* deliveries;  ///< null: nothing is passed on
    Metrics& metrics;
    Clock& clock;
    /// Messages that the engine has not come to yet; while they are many, the thread rests.
    std::function<std::uint64_t()> backlog;
    /// Entries have become unfinished.
    std::function<void()> on_reopened;
  };
  Archive(Surroundings around, MessageKeys keys, Retention retention);
  Archive(Archive const&) = delete;
  Archive& operator=(Archive const&) = delete;
  ~Archive() { stop(); }
  void start();
  void stop();

  struct Query {
    store::MessageSearch search;
    std::optional<Instant> since = {}, until = {};  ///< of receipt: from `since`, before `until`
  };
  /// Newest first. What came within the last seconds may be missing where words are asked for.
  [[nodiscard]] Result<store::JournalPage> find(Query query);

  /// Has messages taken up again as if they had just come: by the tables, and if `is_passed_on` by
  /// the channels, that are in force. Returns which; those under way are left alone.
  [[nodiscard]] Result<std::vector<store::JournalId>> reprocess(
      std::span<store::JournalId const> ids, bool is_passed_on);

  struct State {
    store::JournalId indexed_up_to = 0;
    std::uint64_t forgotten = 0;  ///< since the start
    store::JournalCare::Size size;
  };
  [[nodiscard]] Result<State> state();

 private:
  void run();
  bool rest(std::chrono::milliseconds time);
  [[nodiscard]] Result<bool> index_some();
  Result<> settle_reopened();
  Result<> keep_house();
  [[nodiscard]] Result<std::uint64_t> forget_old();
  [[nodiscard]] Result<std::uint64_t> forget_for_room();
  [[nodiscard]] Result<std::uint64_t> forget(std::vector<store::JournalId> const& ids);
  [[nodiscard]] Result<bool> is_owed(store::JournalId id);

  Surroundings around_;
  MessageKeys const keys_;
  Retention const retention_;
  Gauge& indexed_;
  Counter& forgotten_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point next_housekeeping_{};
  std::thread thread_;
};

}  // namespace sinew::engine
