#include "engine/intake.h"

#include <atomic>

#include "base/log.h"
#include "engine/arrival.h"
#include "engine/batch.h"

namespace sinew::engine {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void Reports::expect(store::JournalId id, Report report) {
  std::scoped_lock const lock(mutex_);
  expected_.emplace(id, std::move(report));
}

bool Reports::is_expected(store::JournalId id) {
  std::scoped_lock const lock(mutex_);
  return expected_.contains(id);
}

void Reports::deliver(store::JournalId id, std::string_view message, Error const* error) {
  Report report;
  {
    std::scoped_lock const lock(mutex_);
    auto const found = expected_.find(id);
    if (found == expected_.end()) return;
    report = std::move(found->second);
    expected_.erase(found);
  }
  report(message, error);
}

Intake::Intake(store::Store& store, Backlog& backlog, Reports& reports, Clock& clock,
               std::string instance, std::size_t batch_messages_max)
    : store_(store),
      backlog_(backlog),
      reports_(reports),
      clock_(clock),
      replier_(clock, std::move(instance)),
      batch_messages_max_(batch_messages_max) {}

void Intake::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return under_way_ == 0; });
}

/// Every message goes this way, and none is answered for before `done`.
void Intake::journal(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string message,
                     Report report, std::function<void(Result<store::JournalId>)> done,
                     std::string_view scope) {
  {
    std::scoped_lock const lock(mutex_);
    ++under_way_;
  }
  feed->metrics().received.add();
  auto const pending = std::make_shared<Pending>();
  pending->received = clock_.now();
  pending->entry = describe(feed->name(), lane, message);
  if (!scope.empty()) pending->entry.sender.insert(0, std::string(scope) + '>');
  pending->entry.bytes = std::move(message);
  store_.append(pending->entry, [this, feed, pending, report = std::move(report),
                                 done = std::move(done)](Result<store::JournalId> result) {
    if (result) {
      pending->id = *result;
      // Before the message can be applied: its outcome may come at once.
      if (report) reports_.expect(pending->id, report);
      feed->metrics().acknowledged.add();
      backlog_.appended(std::move(*pending));
    } else {
      feed->metrics().refused.add();
      log(Level::error, "message not journaled",
          {{"feed", feed->name()}, {"reason", result.error().what}});
    }
    done(std::move(result));
    std::scoped_lock const lock(mutex_);
    if (--under_way_ == 0) idle_.notify_all();
  });
}

void Intake::take_message(std::shared_ptr<Feed> const& feed, std::uint64_t lane,
                          std::string message, std::function<void(Result<store::JournalId>)> done,
                          std::string_view scope) {
  journal(feed, lane, std::move(message), {}, std::move(done), scope);
}

/// A batch whose messages are on their way into the journal.
struct Intake::OpenBatch {
  std::string frame;
  hl7v2::Batch batch;  ///< views into `frame`
  std::vector<std::string> acknowledgements;
  std::atomic<std::size_t> missing = 0;
};

void Intake::take_frame(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string frame,
                        net::Answer answer, Push push) {
  auto timed = [feed, answer = std::move(answer),
                start = std::chrono::steady_clock::now()](std::string reply) {
    feed->metrics().ack_seconds.observe(seconds_since(start));
    answer(std::move(reply));
  };
  if (may_be_batch(frame)) {
    auto open = std::make_shared<OpenBatch>();
    open->frame = frame;
    auto batch = hl7v2::split_batch(open->frame, {.messages_max = batch_messages_max_});
    if (batch && batch->is_batch()) {
      open->batch = *std::move(batch);
      return take_batch(feed, lane, open, std::move(timed));
    }
    // A text that only looks like a second header stays one message, and so does what cannot be
    // taken apart: it is kept, and its mapping says what is wrong with it.
  }
  take_one(feed, lane, std::move(frame), std::move(timed), std::move(push));
}

void Intake::take_one(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string message,
                      net::Answer answer, Push push) {
  auto const replies = std::make_shared<Replies>(replier_.plan(message, feed->settings()->ack));
  bool const answers_later = replies->later == Later::answer;
  Report report;
  if (replies->later != Later::nothing) {
    auto send = answers_later ? answer : net::Answer(std::move(push));
    report = [this, send = std::move(send)](std::string_view applied, Error const* error) {
      send(replier_.application(applied, error));
    };
  }
  journal(
      feed, lane, std::move(message), std::move(report),
      [replies, answers_later, answer = std::move(answer)](Result<store::JournalId> const& result) {
        if (!result) {
          answer(std::move(replies->refused));
        } else if (!answers_later) {
          answer(std::move(replies->durable));
        }
      });
}

/// Each message is journaled by itself; the batch is answered when all of them are durable. A
/// sender that gets no answer sends the batch again, and what was journaled changes nothing then.
void Intake::take_batch(std::shared_ptr<Feed> const& feed, std::uint64_t lane,
                        std::shared_ptr<OpenBatch> const& open, net::Answer answer) {
  auto const count = open->batch.messages.size();
  auto const finish = [this, open, answer = std::move(answer)] {
    answer(answer_batch(open->batch, replier_.next_control_id(), clock_.now(),
                        open->acknowledgements));
  };
  if (count == 0) return finish();
  open->acknowledgements.resize(count);
  open->missing = count;
  for (std::size_t i = 0; i < count; ++i) {
    auto const message = open->batch.messages[i].bytes;
    // Answered as durable whatever the policy: a batch is not held back by one of its messages.
    auto const replies = std::make_shared<Replies>(replier_.plan(message, AckPolicy::durable));
    journal(feed, lane, std::string(message), {},
            [open, replies, i, finish](Result<store::JournalId> const& result) {
              open->acknowledgements[i] = result ? replies->durable : replies->refused;
              if (open->missing.fetch_sub(1) == 1) finish();
            });
  }
}

}  // namespace sinew::engine
