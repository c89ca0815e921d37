#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "contract/drift.h"
#include "contract/learner.h"

namespace sinew::contract {

/// Learns feeds while they run, and compares what comes with what was accepted.
///
/// What is learned of a feed is kept in a folder beside the store. A contract is accepted when it
/// lies in the folder of contracts, as FEED.contract.json. What comes is compared window by window:
/// a drift is there from its first message until a whole window has passed without it.
class Watch {
 public:
  struct Options {
    std::string learned_folder, contract_folder;
    std::chrono::milliseconds window = std::chrono::hours(1);
    std::chrono::milliseconds every = std::chrono::seconds(1);  ///< between comparisons
    std::chrono::milliseconds saved_every = std::chrono::minutes(1);
  };
  /// Of a window, each so many messages are looked at whole; of those beyond, one in sixteen, for
  /// the rest is only counted.
  static constexpr std::uint64_t kLookedAtMax = 20'000;
  static constexpr std::uint64_t kOneIn = 16;
  static constexpr std::size_t kFeedsMax = 10'000;

  /// Fails where a contract in the folder cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<Watch>> start(Options options, Metrics& metrics,
                                                            Clock& clock);
  ~Watch();

  /// From any thread; takes some ten microseconds.
  void received(std::string_view feed, hl7v2::Message const& message,
                hl7v2::GroupTree const& groups, Instant at);

  struct State {
    std::string feed;
    bool is_accepted = false;
    std::uint64_t messages = 0;  ///< learned from
    std::vector<Drift> drifts;
  };
  [[nodiscard]] std::vector<State> states();
  /// The contract that was accepted, or what is learned (`learned`, or none was accepted).
  /// Fail `not_found`.
  [[nodiscard]] Result<std::string> contract_json(std::string_view feed, bool learned);
  [[nodiscard]] Result<std::string> specification_page(std::string_view feed, bool html);
  [[nodiscard]] Result<std::vector<Drift>> drifts(std::string_view feed);
  /// What is learned becomes the contract, and its file is written.
  Result<> accept(std::string_view feed);
  /// Twice the longest silence that this hour of the week has had; nothing when it is not known.
  [[nodiscard]] std::optional<double> usual_silence_s(std::string_view feed, Instant now);

  /// Reads the folder of contracts again. Fails as `start`; then what was accepted stays.
  Result<> read_contracts();
  void stop();

 private:
  struct Feed {
    std::mutex mutex;
    Learner learned{std::string()};
    Learner window{std::string()};
    std::shared_ptr<Profile const> accepted;
    Instant window_began{};
    std::uint64_t in_window = 0;
    std::vector<Drift> before;  ///< of the former window
    std::vector<Drift> now;     ///< of both
    std::int64_t hour = 0;
    std::uint64_t hour_messages = 0;
    std::optional<Drift> volume;  ///< of the last whole hour
    bool is_unsaved = false, is_uncompared = false;
    Gauge* gauge = nullptr;
  };
  Watch(Options options, Metrics& metrics, Clock& clock);
  std::shared_ptr<Feed> find(std::string_view feed);
  Result<std::shared_ptr<Feed>> find_known(std::string_view feed);
  void load_learned();
  void run();
  void look(Feed& feed, std::string const& name, Instant now);
  static void close_hour(Feed& feed, Instant now);
  void save(bool all);

  Options const options_;
  Metrics& metrics_;
  Clock& clock_;
  std::mutex mutex_;  ///< guards feeds_; never taken with a feed's
  std::map<std::string, std::shared_ptr<Feed>, std::less<>> feeds_;
  std::mutex stop_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sinew::contract
