#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "base/metrics.h"
#include "engine/delivery/lanes.h"
#include "engine/delivery/sender.h"
#include "engine/delivery/transform.h"
#include "engine/delivery/transform_threads.h"

namespace sinew::engine {

/// Sends what one destination is owed, on as many threads as it has connections, each with one
/// message under way; two of one lane are never under way together.
///
/// Before a message leaves, the intent is on disk, one sync for those of several threads; what came
/// of it is on disk before the next one of its lane leaves. So after a crash it is known which
/// messages are in doubt, at most one for a connection.
class Worker {
 public:
  struct Surroundings {
    store::Store& store;
    store::DeliveryLog& log;
    Metrics& metrics;
    Clock& clock;
    HandOver hand_over;
    ToFhir to_fhir;
    TransformThreads& scripts;
  };
  Worker(Destination destination, Surroundings around);
  Worker(Worker const&) = delete;
  Worker& operator=(Worker const&) = delete;
  ~Worker() { stop(); }
  void start();
  /// Finishes what is being sent.
  void stop();

  [[nodiscard]] std::string const& name() const { return destination_.name; }
  [[nodiscard]] std::string const& written() const { return destination_.written; }
  /// The log has new ones.
  void wake();

  void pause();
  void resume();
  /// Sends it again or at once, whatever became of it. Fails `conflict` while it is being sent.
  Result<> resend(std::uint64_t item);
  /// Fails `conflict` while it is being sent, and when it is done.
  Result<> skip(std::uint64_t item);

  struct State {
    bool is_paused = false;
    std::size_t loaded = 0;  ///< waiting and held, as far as they are in memory
    std::size_t held = 0;
    std::string last_reply;  ///< why the last attempt did not succeed; empty when it did
  };
  [[nodiscard]] State state();

 private:
  /// What leaves, or why nothing does.
  struct Prepared {
    std::optional<store::JournalRecord> message;
    Transformed out;
    std::optional<Reply> refusal;
  };
  void run(Sender& sender);
  void load(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Prepared prepare(store::Delivery const& delivery) const;
  [[nodiscard]] Result<Transformed> transformed(store::JournalRecord const& message) const;
  void attempt(Sender& sender, store::Delivery delivery, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool record_intent(store::Delivery& delivery, std::unique_lock<std::mutex>& lock);
  void put_away(store::Delivery delivery);
  void settle(store::Delivery& delivery, Reply const& reply);
  void settle_filtered(store::Delivery& delivery, std::string const& by);
  [[nodiscard]] bool record_outcomes(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Result<store::Delivery> find_idle(std::uint64_t item);
  Result<> decide(store::Delivery delivery, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Instant next_attempt(std::uint32_t attempts);
  [[nodiscard]] std::optional<Instant> next_due() const;
  [[nodiscard]] bool is_due();

  Destination const destination_;
  Surroundings around_;
  std::vector<std::unique_ptr<Sender>> senders_;  ///< one for each thread
  Counter& delivered_;
  Counter& filtered_;
  Counter& failed_attempts_;
  Gauge& queued_;
  Gauge& held_;
  std::minstd_rand random_{std::random_device{}()};

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  Lanes lanes_;
  std::uint64_t loaded_up_to_ = 0;
  bool may_have_more_ = true;  ///< in the log, beyond `loaded_up_to_`
  bool is_paused_ = false;
  bool is_recording_ = false;
  bool is_loading_ = false;
  bool stopping_ = false;
  std::string last_reply_;
  std::uint32_t failures_in_a_row_ = 0;    ///< to reach the receiver at all
  Instant resumes_at_{};                   ///< nothing is tried before
  std::vector<store::Delivery> outcomes_;  ///< not yet in the log

  std::vector<std::thread> threads_;
};

}  // namespace sinew::engine
