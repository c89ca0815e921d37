#include "engine/delivery/worker.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace sinew::engine {
namespace {

using store::Delivery;
using store::DeliveryStatus;

/// Held in memory at a time; the others wait in the log.
constexpr std::size_t kLoadedMax = 50'000;
constexpr std::size_t kLoadedAtATime = 1000;
/// How long a disk that cannot be written is left alone.
constexpr auto kDiskPause = std::chrono::milliseconds(500);

bool is_over(DeliveryStatus status) {
  return status == DeliveryStatus::delivered || status == DeliveryStatus::dead ||
         status == DeliveryStatus::skipped;
}

}  // namespace

Worker::Worker(Destination destination, Surroundings around)
    : destination_(std::move(destination)),
      around_(around),
      delivered_(around.metrics.counter("sinew_deliveries_total", "Messages a destination accepted",
                                        {{"destination", destination_.name}})),
      filtered_(around.metrics.counter("sinew_deliveries_filtered_total",
                                       "Messages that a step of the channel filtered",
                                       {{"destination", destination_.name}})),
      failed_attempts_(around.metrics.counter("sinew_delivery_failures_total",
                                              "Attempts that a destination did not accept",
                                              {{"destination", destination_.name}})),
      queued_(around.metrics.gauge("sinew_deliveries_queued",
                                   "Messages that wait for a destination, held ones included",
                                   {{"destination", destination_.name}})),
      held_(around.metrics.gauge("sinew_deliveries_held", "Messages that wait for a decision",
                                 {{"destination", destination_.name}})) {
  auto const format =
      destination_.transform ? destination_.transform->format().kind : FormatKind::hl7v2;
  for (std::uint32_t i = 0; i < destination_.connections; ++i) {
    senders_.push_back(destination_.target.open(
        {destination_.name, around_.hand_over, std::string(media_type(format))}));
  }
}

void Worker::start() {
  for (auto const& sender : senders_)
    threads_.emplace_back([this, own = sender.get()] { run(*own); });
}

void Worker::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Worker::wake() {
  {
    std::scoped_lock const lock(mutex_);
    may_have_more_ = true;
  }
  changed_.notify_all();
}

void Worker::pause() {
  std::scoped_lock const lock(mutex_);
  is_paused_ = true;
}

void Worker::resume() {
  {
    std::scoped_lock const lock(mutex_);
    is_paused_ = false;
  }
  changed_.notify_all();
}

Worker::State Worker::state() {
  std::scoped_lock const lock(mutex_);
  return {is_paused_, lanes_.size(), lanes_.held_count(), last_reply_};
}

bool Worker::is_due() {
  auto const due = next_due();
  return due && *due <= around_.clock.now();
}

/// When something is to be tried, by its own time and the destination's.
std::optional<Instant> Worker::next_due() const {
  auto const due = lanes_.next_due();
  if (is_paused_ || !due) return std::nullopt;
  return std::max(*due, resumes_at_);
}

void Worker::run(Sender& sender) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    load(lock);
    if (is_due()) {
      attempt(sender, *lanes_.take(around_.clock.now()), lock);
      continue;
    }
    if (!record_outcomes(lock)) changed_.wait_for(lock, kDiskPause, [this] { return stopping_; });
    auto const is_wanted = [this] {
      bool const can_load = may_have_more_ && !is_loading_ && lanes_.size() < kLoadedMax;
      return stopping_ || can_load || is_due();
    };
    if (auto const due = next_due()) {
      auto const wait = std::max<std::int64_t>(due->ms - around_.clock.now().ms, 1);
      changed_.wait_for(lock, std::chrono::milliseconds(wait), is_wanted);
    } else {
      changed_.wait(lock, is_wanted);
    }
  }
  (void)record_outcomes(lock);  // what is lost here is in doubt at the next start
}

/// Takes in what the log has beyond what is here.
void Worker::load(std::unique_lock<std::mutex>& lock) {
  // One thread at a time: what another one has finished meanwhile must not come back.
  while (may_have_more_ && !is_loading_ && lanes_.size() < kLoadedMax && !stopping_) {
    may_have_more_ = false;
    is_loading_ = true;
    auto const after = loaded_up_to_;
    lock.unlock();
    auto loaded = around_.log.unfinished(destination_.name, after, kLoadedAtATime);
    lock.lock();
    is_loading_ = false;
    if (!loaded) {
      log(Level::error, "deliveries not readable",
          {{"destination", destination_.name}, {"reason", loaded.error().what}});
      may_have_more_ = true;
      changed_.wait_for(lock, kDiskPause, [this] { return stopping_; });
      return;
    }
    if (loaded->size() == kLoadedAtATime) may_have_more_ = true;
    for (auto& delivery : *loaded) {
      loaded_up_to_ = delivery.item;
      if (lanes_.contains(delivery.item)) continue;
      if (delivery.status == DeliveryStatus::sending) {
        bool const holds = destination_.in_doubt == InDoubt::hold;
        delivery.status = holds ? DeliveryStatus::held : DeliveryStatus::waiting;
        delivery.reason = "in doubt: it was being sent when the process ended";
        log(Level::warning, "delivery in doubt",
            {{"destination", destination_.name}, {"item", delivery.item}, {"held", holds}});
        outcomes_.push_back(delivery);
      }
      lanes_.add(std::move(delivery));
    }
    queued_.set(static_cast<std::int64_t>(lanes_.size()));
    held_.set(static_cast<std::int64_t>(lanes_.held_count()));
    changed_.notify_all();
  }
}

/// What is known and not yet in the log goes there, in order. False: it could not be written.
bool Worker::record_outcomes(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return !is_recording_; });
  if (outcomes_.empty()) return true;
  is_recording_ = true;
  auto const outcomes = outcomes_;
  lock.unlock();
  auto const recorded = around_.log.record(outcomes);
  lock.lock();
  is_recording_ = false;
  changed_.notify_all();
  if (!recorded) {
    log(Level::error, "deliveries not recorded, the destination waits",
        {{"destination", destination_.name}, {"reason", recorded.error().what}});
    return false;
  }
  outcomes_.erase(outcomes_.begin(),
                  outcomes_.begin() + static_cast<std::ptrdiff_t>(outcomes.size()));
  return true;
}

Result<Transformed> Worker::transformed(store::JournalRecord const& message) const {
  Original const original{message.entry.bytes, message.entry.feed, message.received};
  auto const& transform = *destination_.transform;
  if (!transform.has_scripts()) return transform.run(original, around_.to_fhir);
  std::optional<Result<Transformed>> out;
  around_.scripts.run([&] { out.emplace(transform.run(original, around_.to_fhir)); });
  return *std::move(out);
}

/// Made anew at every attempt: the same journal entry and channel give the same bytes.
Worker::Prepared Worker::prepare(Delivery const& delivery) const {
  Prepared prepared;
  auto message = around_.store.journal_record(delivery.cause);
  if (!message) {
    prepared.refusal = {std::string(kNoReply), "the journal: " + to_string(message.error())};
    return prepared;
  }
  prepared.message = *std::move(message);
  if (!destination_.transform) return prepared;
  auto out = transformed(*prepared.message);
  if (out) {
    prepared.out = *std::move(out);
  } else {
    prepared.refusal = {std::string(kNotTransformed), to_string(out.error())};
  }
  return prepared;
}

/// The outcomes of those before and the intent of this one, in one piece. Where it cannot be
/// written the delivery is back in its lane.
bool Worker::record_intent(Delivery& delivery, std::unique_lock<std::mutex>& lock) {
  auto const before = delivery;
  delivery.status = DeliveryStatus::sending;
  ++delivery.attempts;
  delivery.changed = around_.clock.now();
  outcomes_.push_back(delivery);
  if (record_outcomes(lock)) return true;
  outcomes_.push_back(before);
  lanes_.put_back(before);
  changed_.wait_for(lock, kDiskPause, [this] { return stopping_; });
  return false;
}

/// After an attempt: out of its lanes, or back to its place in them.
void Worker::put_away(Delivery delivery) {
  if (is_over(delivery.status)) {
    lanes_.finish(delivery.item);
  } else {
    lanes_.put_back(delivery);
  }
  outcomes_.push_back(std::move(delivery));
  queued_.set(static_cast<std::int64_t>(lanes_.size()));
  held_.set(static_cast<std::int64_t>(lanes_.held_count()));
  if (threads_.size() > 1) changed_.notify_all();
}

void Worker::attempt(Sender& sender, Delivery delivery, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto const prepared = prepare(delivery);
  lock.lock();
  if (!prepared.refusal && !prepared.out.passes) {
    settle_filtered(delivery, prepared.out.filtered_by);
    return put_away(std::move(delivery));
  }
  Reply reply;
  if (prepared.refusal) {
    ++delivery.attempts;
    reply = *prepared.refusal;
  } else {
    if (!record_intent(delivery, lock)) return;
    lock.unlock();
    auto const& entry = prepared.message->entry;
    auto const received = prepared.message->received;
    reply = destination_.transform
                ? sender.send({delivery.item, prepared.out.bytes, prepared.out.control_id,
                               prepared.out.type, received})
                : sender.send({delivery.item, entry.bytes, entry.control_id, entry.type, received});
    lock.lock();
  }
  settle(delivery, reply);
  put_away(std::move(delivery));
}

void Worker::settle_filtered(Delivery& delivery, std::string const& by) {
  delivery.status = DeliveryStatus::skipped;
  delivery.changed = around_.clock.now();
  delivery.reason = "filtered: " + by;
  filtered_.add();
}

/// Says where a delivery stands after an answer.
void Worker::settle(Delivery& delivery, Reply const& reply) {
  auto reaction = reaction_to(destination_, reply);
  if (reply.code == kUnreachable) {
    // Nobody is there: that says nothing about this message, and the next would fare no better.
    --delivery.attempts;
    resumes_at_ = next_attempt(++failures_in_a_row_);
  } else {
    failures_in_a_row_ = 0;
  }
  auto const attempts_max = destination_.retry.attempts_max;
  if (reaction == Reaction::retry && attempts_max > 0 && delivery.attempts >= attempts_max)
    reaction = Reaction::drop;
  delivery.changed = around_.clock.now();
  delivery.reason = reply.text.empty() ? reply.code : reply.code + ": " + reply.text;
  last_reply_ = reaction == Reaction::done ? std::string() : delivery.reason;
  switch (reaction) {
    case Reaction::done:
      delivery.status = DeliveryStatus::delivered;
      return delivered_.add();
    case Reaction::retry:
      delivery.status = DeliveryStatus::waiting;
      if (reply.code != kUnreachable) delivery.due = next_attempt(delivery.attempts);
      break;
    case Reaction::stop:
      is_paused_ = true;
      [[fallthrough]];
    case Reaction::hold:
      delivery.status = DeliveryStatus::held;
      break;
    case Reaction::drop:
      delivery.status = DeliveryStatus::dead;
      break;
  }
  failed_attempts_.add();
  log(Level::warning, "not delivered",
      {{"destination", destination_.name},
       {"item", delivery.item},
       {"attempt", delivery.attempts},
       {"answer", reply.code},
       {"then", to_string(reaction)}});
}

Instant Worker::next_attempt(std::uint32_t attempts) {
  auto const& retry = destination_.retry;
  auto const longest = static_cast<double>(retry.longest.count());
  auto const usual =
      static_cast<double>(retry.first.count()) * std::pow(retry.factor, attempts - 1);
  std::uniform_real_distribution<double> off(1 - retry.jitter, 1 + retry.jitter);
  auto const wait = std::min(usual, longest) * off(random_);
  return Instant{around_.clock.now().ms + static_cast<std::int64_t>(wait)};
}

/// The one that a person decides about. Fails `conflict` while it is being sent.
Result<Delivery> Worker::find_idle(std::uint64_t item) {
  if (auto const* const here = lanes_.waiting(item)) return *here;
  if (lanes_.contains(item)) return fail(ErrorCode::conflict, "it is being sent");
  return around_.log.find(item);
}

/// A person's decision, durable when this returns well.
Result<> Worker::decide(Delivery delivery, std::unique_lock<std::mutex>& lock) {
  delivery.changed = around_.clock.now();
  bool const is_here = lanes_.contains(delivery.item);
  outcomes_.push_back(delivery);
  if (is_over(delivery.status)) {
    if (is_here) lanes_.finish(delivery.item);
  } else if (is_here) {
    lanes_.put_back(std::move(delivery));
  } else if (delivery.item <= loaded_up_to_) {
    lanes_.add(std::move(delivery));  // else it is loaded in its turn
  }
  changed_.notify_all();
  if (!record_outcomes(lock))
    return fail(ErrorCode::unavailable, "the decision is taken and could not be recorded yet");
  may_have_more_ = true;  // one that was over at the start of the process is in the log alone
  changed_.notify_all();
  return {};
}

Result<> Worker::resend(std::uint64_t item) {
  std::unique_lock lock(mutex_);
  auto delivery = TRY(find_idle(item));
  delivery.status = DeliveryStatus::waiting;
  delivery.due = resumes_at_ = around_.clock.now();
  return decide(std::move(delivery), lock);
}

Result<> Worker::skip(std::uint64_t item) {
  std::unique_lock lock(mutex_);
  auto delivery = TRY(find_idle(item));
  if (is_over(delivery.status))
    return fail(ErrorCode::conflict, "it is " + std::string(to_string(delivery.status)));
  delivery.status = DeliveryStatus::skipped;
  return decide(std::move(delivery), lock);
}

}  // namespace sinew::engine
