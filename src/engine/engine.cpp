#include "engine/engine.h"

#include <atomic>
#include <future>
#include <limits>
#include <semaphore>
#include <thread>

#include "base/hash.h"
#include "base/log.h"
#include "engine/arrival.h"
#include "engine/backlog.h"
#include "engine/feed.h"
#include "engine/intake.h"
#include "engine/ordered_pool.h"
#include "engine/process.h"

namespace sinew::engine {
namespace {

/// How long `stop` waits for senders to take the answers they are owed.
constexpr auto kLastAnswersTimeMax = std::chrono::seconds(5);

/// Transactions handed to the store and not committed: enough that its writer can commit many at a
/// time while as many are being mapped.
constexpr std::ptrdiff_t kApplyingMax = 640;

/// The store may be back; what happened to the message says nothing about the message.
bool is_store_failure(Error const& error) { return error.code == ErrorCode::unavailable; }

class EngineImplementation final : public Engine {
 public:
  EngineImplementation(store::Store& store, Metrics& metrics, Clock& clock, EngineOptions options,
                       std::vector<FeedSettings> feeds);
  ~EngineImplementation() override { stop(); }

  void set_feed(FeedSettings settings) override { feeds_.set(std::move(settings)); }
  [[nodiscard]] Result<std::uint16_t> listen(net::Loop& loop, std::string_view feed,
                                             net::MllpServerOptions options) override;
  [[nodiscard]] Result<store::JournalId> take(std::string_view feed, std::uint64_t lane,
                                              std::string message) override;
  void take_later(std::string_view feed, std::uint64_t lane, std::string message,
                  Taken taken) override;
  Result<> take_frame(std::string_view feed, std::uint64_t lane, std::string frame,
                      net::Answer answer, net::Answer push) override;
  [[nodiscard]] Result<store::JournalId> hand_over(std::string_view feed,
                                                   std::string message) override;
  [[nodiscard]] Result<store::JournalId> find(std::string_view message) override;
  void read_journal_again() override { backlog_.read_again(); }
  [[nodiscard]] std::uint64_t backlog() const override { return backlog_.size(); }
  bool drain(std::chrono::milliseconds timeout) override {
    return backlog_.wait_until_empty(timeout);
  }
  void stop() override;

 private:
  class MessageTask;
  /// A message between its mapping and the answer of the store.
  struct Applying {
    Pending pending;
    std::shared_ptr<Feed> feed;
    Processed processed;
    std::optional<Error> error;  ///< why the entry is marked `failed`
    bool is_routed = false;      ///< it left something in the outbox
  };
  using ApplyingPointer = std::shared_ptr<Applying>;

  void admit(Pending pending);
  void apply(ApplyingPointer const& applying);
  void on_applied(ApplyingPointer const& applying, Error const* error);
  void count(Applying const& applying);
  void copy_counters();

  store::Store& store_;
  Metrics& metrics_;
  Clock& clock_;
  EngineOptions options_;
  Feeds feeds_;
  Reports reports_;
  Backlog backlog_;
  Intake intake_;
  std::counting_semaphore<kApplyingMax> applying_slots_{kApplyingMax};
  std::unique_ptr<OrderedPool> pool_;

  std::mutex mutex_;  ///< guards what follows
  struct Listening {
    std::string feed;
    std::unique_ptr<net::MllpServer> server;
  };
  std::vector<Listening> servers_;
  bool stopped_ = false;
};

class EngineImplementation::MessageTask final : public OrderedPool::Task {
 public:
  MessageTask(EngineImplementation& engine, Pending pending)
      : engine_(engine), applying_(std::make_shared<Applying>()) {
    applying_->pending = std::move(pending);
  }

  void compute() override {
    if (engine_.backlog_.is_halted()) return;
    auto& applying = *applying_;
    applying.feed = engine_.feeds_.find(applying.pending.entry.feed);
    if (applying.feed) {
      applying.processed = process(engine_.store_, *applying.feed->settings(), applying.pending,
                                   engine_.options_.on_received);
      auto const& look = engine_.options_.on_mapped;
      if (look && !applying.processed.transaction.changes.empty()) {
        look(applying.processed.transaction);
      }
    } else {
      applying.error = Error{ErrorCode::not_found, "its feed is not configured", {}};
      applying.processed.transaction = failure_of(applying.pending.id, *applying.error);
    }
    computed_ = true;
  }

  void commit() override {
    auto& backlog = engine_.backlog_;
    if (computed_ && applying_->processed.store_failure) backlog.halt();
    if (!computed_ || backlog.is_halted()) return backlog.finished(applying_->pending);
    engine_.applying_slots_.acquire();
    engine_.apply(applying_);
  }

 private:
  EngineImplementation& engine_;
  ApplyingPointer applying_;
  bool computed_ = false;
};

EngineImplementation::EngineImplementation(store::Store& store, Metrics& metrics, Clock& clock,
                                           EngineOptions options, std::vector<FeedSettings> feeds)
    : store_(store),
      metrics_(metrics),
      clock_(clock),
      options_(std::move(options)),
      feeds_(metrics),
      backlog_(store, {options_.backlog_messages_max, options_.backlog_bytes_max},
               [this](Pending pending) { admit(std::move(pending)); }),
      intake_(store, backlog_, reports_, clock, to_string(uuid_v4()).substr(0, 8),
              options_.batch_messages_max) {
  for (auto& feed : feeds) feeds_.set(std::move(feed));
  if (options_.workers == 0) return;
  pool_ = std::make_unique<OrderedPool>(options_.workers);
  backlog_.start();
}

void EngineImplementation::admit(Pending pending) {
  auto const keys = order_keys(pending.entry.lane, pending.entry.bytes);
  pool_->add(std::make_unique<MessageTask>(*this, std::move(pending)), keys);
}

void EngineImplementation::apply(ApplyingPointer const& applying) {
  auto transaction = std::move(applying->processed.transaction);
  // The outcome of the mapping stays at hand for counting and reporting.
  auto& kept = applying->processed.transaction;
  kept.cause_status = transaction.cause_status;
  kept.cause_reason = transaction.cause_reason;
  if (options_.route && applying->pending.is_passed_on &&
      transaction.cause_status != store::JournalStatus::duplicate)
    transaction.outbox = options_.route(applying->pending.entry);
  applying->is_routed = !transaction.outbox.empty();
  transaction.can_wait = !reports_.is_expected(applying->pending.id);
  store_.apply(std::move(transaction),
               [this, applying](Result<std::vector<store::Outcome>> const& result) {
                 on_applied(applying, result ? nullptr : &result.error());
               });
}

/// On the writer's thread.
void EngineImplementation::on_applied(ApplyingPointer const& applying, Error const* error) {
  auto const& pending = applying->pending;
  bool const marks_failure =
      applying->processed.transaction.cause_status == store::JournalStatus::failed;
  if (error != nullptr && !is_store_failure(*error) && !marks_failure) {
    // The store refuses what the tables made of the message: no resource changes, the entry says
    // why, and the road is free for the next.
    applying->error = *error;
    applying->processed.transaction = failure_of(pending.id, *error);
    return apply(applying);
  }
  applying_slots_.release();
  if (error != nullptr) {
    backlog_.halt();
    return backlog_.finished(pending);
  }
  if (marks_failure && !applying->error) applying->error = applying->processed.error;
  count(*applying);
  if (applying->is_routed && options_.on_routed) options_.on_routed();
  reports_.deliver(pending.id, pending.entry.bytes, applying->error ? &*applying->error : nullptr);
  backlog_.finished(pending);
}

void EngineImplementation::count(Applying const& applying) {
  auto const& transaction = applying.processed.transaction;
  if (transaction.cause_status == store::JournalStatus::failed) {
    log(Level::warning, "message failed",
        {{"journal", applying.pending.id},
         {"feed", applying.pending.entry.feed},
         {"type", applying.pending.entry.type},
         {"reason", transaction.cause_reason}});
  }
  if (!applying.feed) return;
  auto& metrics = applying.feed->metrics();
  switch (transaction.cause_status) {
    case store::JournalStatus::failed:
      metrics.failed.add();
      break;
    case store::JournalStatus::duplicate:
      metrics.duplicates.add();
      [[fallthrough]];
    default:
      metrics.applied.add();
      break;
  }
  if (transaction.cause_status == store::JournalStatus::ignored) metrics.ignored.add();
  metrics.atoms_mapped.add(applying.processed.mapped);
  metrics.atoms_ignored.add(applying.processed.ignored);
  metrics.atoms_unmapped.add(applying.processed.unmapped);
  constexpr double kMillisecond = 0.001;
  auto const age_ms = clock_.now().ms - applying.pending.received.ms;
  metrics.apply_seconds.observe(static_cast<double>(age_ms) * kMillisecond);
}

Result<std::uint16_t> EngineImplementation::listen(net::Loop& loop, std::string_view feed_name,
                                                   net::MllpServerOptions options) {
  auto const feed = feeds_.find(feed_name);
  if (!feed) return fail(ErrorCode::not_found, "no such feed", std::string(feed_name));
  // Reports come later than the server, and must not outlive it: they hold it weakly.
  auto const slot = std::make_shared<std::atomic<net::MllpServer*>>(nullptr);
  auto server = TRY(net::MllpServer::listen(
      loop, std::move(options),
      [this, feed, slot](net::Peer const& peer, std::string payload, net::Answer answer) {
        auto const lane = hash64(feed->name(), peer.connection);
        auto push = [slot, connection = peer.connection](std::string report) {
          if (auto* const open = slot->load()) open->send(connection, std::move(report));
        };
        intake_.take_frame(feed, lane, std::move(payload), std::move(answer), std::move(push));
      }));
  *slot = server.get();
  auto const port = server->port();
  std::scoped_lock const lock(mutex_);
  servers_.push_back({feed->name(), std::move(server)});
  if (servers_.size() == 1) metrics_.on_exposition([this] { copy_counters(); });
  return port;
}

void EngineImplementation::copy_counters() {
  std::scoped_lock const lock(mutex_);
  metrics_.gauge("sinew_backlog_messages", "Messages in the journal and not yet applied")
      .set(static_cast<std::int64_t>(backlog_.size()));
  for (auto const& [feed, server] : servers_) {
    Labels const labels = {{"feed", feed}, {"port", std::to_string(server->port())}};
    auto const counters = server->counters();
    metrics_.gauge("sinew_mllp_connections", "MLLP connections open", labels)
        .set(static_cast<std::int64_t>(counters.connections_open));
    metrics_.counter("sinew_mllp_connections_total", "MLLP connections accepted", labels)
        .set(counters.connections_opened);
    metrics_.counter("sinew_mllp_frames_total", "MLLP frames received", labels)
        .set(counters.frames);
    metrics_.counter("sinew_mllp_bytes_total", "Bytes in MLLP frames", labels).set(counters.bytes);
    metrics_
        .counter("sinew_mllp_rejected_frames_total",
                 "MLLP frames cut off, too large, or without a start", labels)
        .set(counters.rejected_frames);
  }
}

Result<store::JournalId> EngineImplementation::take(std::string_view feed_name, std::uint64_t lane,
                                                    std::string message) {
  auto const feed = feeds_.find(feed_name);
  if (!feed) return fail(ErrorCode::not_found, "no such feed", std::string(feed_name));
  auto const promise = std::make_shared<std::promise<Result<store::JournalId>>>();
  auto answer = promise->get_future();
  intake_.take_message(feed, lane, std::move(message), [promise](Result<store::JournalId> result) {
    promise->set_value(std::move(result));
  });
  return answer.get();
}

void EngineImplementation::take_later(std::string_view feed_name, std::uint64_t lane,
                                      std::string message, Taken taken) {
  auto const feed = feeds_.find(feed_name);
  if (!feed) return taken(fail(ErrorCode::not_found, "no such feed", std::string(feed_name)));
  intake_.take_message(feed, lane, std::move(message), std::move(taken));
}

Result<> EngineImplementation::take_frame(std::string_view feed_name, std::uint64_t lane,
                                          std::string frame, net::Answer answer, net::Answer push) {
  auto const feed = feeds_.find(feed_name);
  if (!feed) return fail(ErrorCode::not_found, "no such feed", std::string(feed_name));
  if (!push) push = [](std::string const&) {};
  intake_.take_frame(feed, lane, std::move(frame), std::move(answer), std::move(push));
  return {};
}

Result<store::JournalId> EngineImplementation::hand_over(std::string_view feed_name,
                                                         std::string message) {
  auto const feed = feeds_.find(feed_name);
  if (!feed) return fail(ErrorCode::not_found, "no such feed", std::string(feed_name));
  auto const promise = std::make_shared<std::promise<Result<store::JournalId>>>();
  auto answer = promise->get_future();
  auto done = [promise](Result<store::JournalId> result) { promise->set_value(std::move(result)); };
  intake_.take_message(feed, hash64(feed_name), std::move(message), std::move(done), feed_name);
  return answer.get();
}

Result<store::JournalId> EngineImplementation::find(std::string_view message) {
  auto entry = describe({}, 0, message);
  entry.bytes = message;
  return store_.find_duplicate(entry, std::numeric_limits<std::int64_t>::max());
}

void EngineImplementation::stop() {
  {
    std::scoped_lock const lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    for (auto& [feed, server] : servers_) server->stop();
  }
  intake_.wait_until_idle();
  backlog_.stop();
  pool_.reset();
  backlog_.wait_until_idle();
  auto const deadline = std::chrono::steady_clock::now() + kLastAnswersTimeMax;
  for (auto& [feed, server] : servers_) {
    while (server->counters().connections_open > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

}  // namespace

std::unique_ptr<Engine> Engine::start(store::Store& store, Metrics& metrics, Clock& clock,
                                      EngineOptions options, std::vector<FeedSettings> feeds) {
  return std::make_unique<EngineImplementation>(store, metrics, clock, std::move(options),
                                                std::move(feeds));
}

}  // namespace sinew::engine
