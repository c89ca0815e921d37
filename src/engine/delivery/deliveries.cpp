#include "engine/delivery/deliveries.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "engine/delivery/worker.h"

namespace sinew::engine {
namespace {

constexpr std::size_t kItemsAtATime = 500;
/// The outbox is looked at that often even when nobody says that there is something in it: another
/// process may have written it.
constexpr auto kOutboxPause = std::chrono::seconds(1);
/// What was delivered, skipped or given up is listed for so long.
constexpr std::int64_t kDoneKeptMs = std::int64_t{30} * 24 * 3600 * 1000;
constexpr auto kForgettingPause = std::chrono::hours(1);

class Implementation final : public Deliveries {
 public:
  Implementation(Surroundings around, std::vector<Channel> channels) : around_(around) {
    set_channels(std::move(channels));
    thread_ = std::thread([this] { run(); });
  }
  ~Implementation() override { stop(); }

  void set_channels(std::vector<Channel> channels) override;
  std::vector<std::string> route(store::JournalEntry const& entry) const override {
    return router_.route(entry);
  }
  void wake() override {
    {
      std::scoped_lock const lock(mutex_);
      has_news_ = true;
    }
    changed_.notify_one();
  }
  Result<std::vector<DestinationState>> states() override;
  Result<> resend(std::uint64_t item) override { return TRY(worker_of(item))->resend(item); }
  Result<> skip(std::uint64_t item) override { return TRY(worker_of(item))->skip(item); }
  Result<> pause(std::string_view destination) override {
    TRY(worker(destination))->pause();
    return {};
  }
  Result<> resume(std::string_view destination) override {
    TRY(worker(destination))->resume();
    return {};
  }
  void stop() override;

 private:
  using WorkerPointer = std::shared_ptr<Worker>;
  void run();
  [[nodiscard]] Result<std::size_t> take_over();
  void forget_old();
  [[nodiscard]] Result<WorkerPointer> worker(std::string_view destination);
  [[nodiscard]] Result<WorkerPointer> worker_of(std::uint64_t item) {
    return worker(TRY(around_.log.find(item)).destination);
  }

  Surroundings around_;
  Router router_;
  TransformThreads scripts_;  ///< outlives the workers
  std::mutex mutex_;          ///< guards what follows
  std::condition_variable changed_;
  std::map<std::string, WorkerPointer, std::less<>> workers_;
  bool has_news_ = true;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point next_forgetting_{};  ///< the thread's
  std::thread thread_;
};

void Implementation::set_channels(std::vector<Channel> channels) {
  std::map<std::string, WorkerPointer, std::less<>> workers;
  std::vector<WorkerPointer> begun;
  for (auto const& channel : channels) {
    for (auto const& destination : channel.destinations) {
      auto const former = worker(destination.name);
      if (former && (*former)->written() == destination.written) {
        workers[destination.name] = *former;
        continue;
      }
      begun.push_back(std::make_shared<Worker>(
          destination,
          Worker::Surroundings{around_.store, around_.log, around_.metrics, around_.clock,
                               around_.hand_over, around_.to_fhir, scripts_}));
      workers[destination.name] = begun.back();
    }
  }
  router_.set(std::move(channels));
  {
    std::scoped_lock const lock(mutex_);
    workers_.swap(workers);
  }
  // One destination has one worker at a time: the former ends before the new one begins.
  for (auto const& [name, former] : workers) {
    auto const now = worker(name);
    if (!now || *now != former) former->stop();
  }
  for (auto const& each : begun) each->start();
}

void Implementation::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    has_news_ = false;
    lock.unlock();
    auto const taken = take_over();
    forget_old();
    lock.lock();
    if (!taken) {
      log(Level::error, "outbox not taken over", {{"reason", taken.error().what}});
    } else if (*taken == kItemsAtATime) {
      continue;
    }
    changed_.wait_for(lock, kOutboxPause, [this] { return stopping_ || has_news_; });
  }
}

/// Brings some items from the outbox into the log, and tells the workers. Returns how many.
Result<std::size_t> Implementation::take_over() {
  auto const after = TRY(around_.log.taken_up_to());
  auto const items = TRY(around_.store.outbox(after, kItemsAtATime));
  if (items.empty()) return std::size_t{0};
  std::vector<store::Delivery> deliveries;
  for (auto const& item : items) {
    auto routed = routed_of(item.payload);
    if (!routed) {
      log(Level::error, "outbox item not readable, left out",
          {{"item", item.id}, {"reason", routed.error().what}});
      continue;
    }
    if (!*routed) continue;
    store::Delivery delivery;
    delivery.item = item.id;
    delivery.destination = std::move((*routed)->destination);
    delivery.keys = std::move((*routed)->keys);
    delivery.cause = item.cause;
    delivery.changed = item.made;
    deliveries.push_back(std::move(delivery));
  }
  TRY(around_.log.take(deliveries, items.back().id));
  std::scoped_lock const lock(mutex_);
  for (auto const& [name, each] : workers_) {
    auto const is_its = [&name](store::Delivery const& delivery) {
      return delivery.destination == name;
    };
    if (std::ranges::any_of(deliveries, is_its)) each->wake();
  }
  return items.size();
}

void Implementation::forget_old() {
  auto const now = std::chrono::steady_clock::now();
  if (now < next_forgetting_) return;
  next_forgetting_ = now + kForgettingPause;
  auto const before = Instant{around_.clock.now().ms - kDoneKeptMs};
  if (auto const forgotten = around_.log.forget_done_before(before); !forgotten)
    log(Level::error, "old deliveries not forgotten", {{"reason", forgotten.error().what}});
}

Result<Implementation::WorkerPointer> Implementation::worker(std::string_view destination) {
  std::scoped_lock const lock(mutex_);
  auto const found = workers_.find(destination);
  if (found == workers_.end())
    return fail(ErrorCode::not_found, "no such destination", std::string(destination));
  return found->second;
}

Result<std::vector<DestinationState>> Implementation::states() {
  std::map<std::string, DestinationState> states;
  {
    std::scoped_lock const lock(mutex_);
    for (auto const& [name, each] : workers_) {
      auto const now = each->state();
      states[name] = {name, true, now.is_paused, {}, now.last_reply};
    }
  }
  for (auto& count : TRY(around_.log.counts())) {
    auto& state = states[count.destination];
    state.name = count.destination;
    state.counts.push_back(std::move(count));
  }
  std::vector<DestinationState> all;
  for (auto& [name, state] : states) all.push_back(std::move(state));
  return all;
}

void Implementation::stop() {
  std::map<std::string, WorkerPointer, std::less<>> workers;
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto const& [name, each] : workers) each->stop();
}

}  // namespace

std::unique_ptr<Deliveries> Deliveries::start(Surroundings around, std::vector<Channel> channels) {
  return std::make_unique<Implementation>(around, std::move(channels));
}

}  // namespace sinew::engine
