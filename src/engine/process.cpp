#include "engine/process.h"

#include "base/check.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

store::Verb verb_of(mapping::Verb verb) {
  switch (verb) {
    case mapping::Verb::merge:
      return store::Verb::merge;
    case mapping::Verb::put:
      return store::Verb::put;
    case mapping::Verb::ensure:
      return store::Verb::ensure;
    case mapping::Verb::remove:
      return store::Verb::remove;
  }
  SINEW_CHECK(false);
  return store::Verb::put;
}

/// An earlier entry that is the same message, unless that one failed: sending a message again is
/// how a sender gives it a second chance.
Result<store::JournalId> find_earlier(store::Store& store, Pending const& pending) {
  auto const earlier = TRY(store.find_duplicate(pending.entry, pending.id));
  if (earlier == 0) return earlier;
  auto const record = TRY(store.journal_record(earlier));
  return record.status == store::JournalStatus::failed ? 0 : earlier;
}

Result<> map(FeedSettings const& feed, Pending const& pending, OnReceived const& on_received,
             mapping::Output& output) {
  auto const message = TRY(hl7v2::parse_message(pending.entry.bytes));
  auto const groups = hl7v2::group_segments(message);
  if (on_received) on_received(feed.mapping.name, message, groups, pending.received);
  return mapping::run(*feed.program, message, groups, feed.mapping, {}, output);
}

void take_changes(mapping::Output const& output, store::Transaction& transaction) {
  transaction.changes.reserve(output.resources.size());
  for (auto const& resource : output.resources) {
    store::Change change;
    change.verb = verb_of(resource.verb);
    change.type = resource.type;
    change.id = resource.id;
    if (change.verb != store::Verb::remove) {
      change.body = output.json.substr(resource.begin, resource.end - resource.begin);
    }
    change.clear = resource.clear;
    transaction.changes.push_back(std::move(change));
  }
}

}  // namespace

store::Transaction failure_of(store::JournalId id, Error const& error) {
  store::Transaction transaction;
  transaction.cause = id;
  transaction.cause_status = store::JournalStatus::failed;
  transaction.cause_reason = std::string(error_row(error.code).name) + ": " + to_string(error);
  return transaction;
}

Processed process(store::Store& store, FeedSettings const& feed, Pending const& pending,
                  OnReceived const& on_received) {
  Processed processed;
  auto& transaction = processed.transaction;
  transaction.cause = pending.id;
  auto const earlier = find_earlier(store, pending);
  if (!earlier) {
    processed.store_failure = earlier.error();
    return processed;
  }
  if (*earlier != 0) {
    transaction.cause_status = store::JournalStatus::duplicate;
    transaction.cause_reason = "same as journal entry " + std::to_string(*earlier);
    return processed;
  }
  // OPTIMIZATION: one output per thread; once grown it allocates nothing.
  thread_local mapping::Output output;
  output.clear();
  auto const mapped = map(feed, pending, on_received, output);
  if (!mapped) {
    processed.error = mapped.error();
    transaction = failure_of(pending.id, mapped.error());
    return processed;
  }
  transaction.program = mapping::digest(*feed.program);
  take_changes(output, transaction);
  if (transaction.changes.empty()) {
    transaction.cause_status = store::JournalStatus::ignored;
    transaction.cause_reason = "the tables make no resource of it";
  }
  processed.mapped = output.mapped;
  processed.ignored = output.ignored;
  processed.unmapped = output.unmapped;
  return processed;
}

}  // namespace sinew::engine
