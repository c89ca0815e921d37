#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/backlog.h"
#include "engine/feed.h"
#include "engine/reply.h"

namespace sinew::engine {

/// Tells a sender the outcome of the mapping: `error` is null when it went well.
using Report = std::function<void(std::string_view message, Error const* error)>;

/// Outcomes that somebody waits for, by journal entry.
class Reports {
 public:
  void expect(store::JournalId id, Report report);
  [[nodiscard]] bool is_expected(store::JournalId id);
  /// Calls the report, if one is expected.
  void deliver(store::JournalId id, std::string_view message, Error const* error);

 private:
  std::mutex mutex_;
  std::unordered_map<store::JournalId, Report> expected_;
};

/// Journals messages and answers for them.
class Intake {
 public:
  Intake(store::Store& store, Backlog& backlog, Reports& reports, Clock& clock,
         std::string instance, std::size_t batch_messages_max);

  /// Sends a frame that answers none.
  using Push = std::function<void(std::string)>;

  /// Takes a frame: a message, or a batch of them. `answer` is called once; not on this thread.
  void take_frame(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string frame,
                  net::Answer answer, Push push);
  /// Takes one message; `done` is called once it is durable, or could not be made so.
  /// `scope`  sets the message apart from the same message received elsewhere; empty: nothing does.
  void take_message(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string message,
                    std::function<void(Result<store::JournalId>)> done,
                    std::string_view scope = {});

  /// Waits until nothing is on its way into the journal.
  void wait_until_idle();

 private:
  struct OpenBatch;
  void take_batch(std::shared_ptr<Feed> const& feed, std::uint64_t lane,
                  std::shared_ptr<OpenBatch> const& open, net::Answer answer);
  void take_one(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string message,
                net::Answer answer, Push push);
  void journal(std::shared_ptr<Feed> const& feed, std::uint64_t lane, std::string message,
               Report report, std::function<void(Result<store::JournalId>)> done,
               std::string_view scope = {});

  store::Store& store_;
  Backlog& backlog_;
  Reports& reports_;
  Clock& clock_;
  Replier replier_;
  std::size_t batch_messages_max_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
};

}  // namespace sinew::engine
