#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "mapping/program.h"
#include "net/loop.h"
#include "net/mllp.h"
#include "store/store.h"

namespace sinew::hl7v2 {
class Message;
struct GroupTree;
}  // namespace sinew::hl7v2

namespace sinew::engine {

/// Looks at a message of a feed as it was parsed, before it is mapped.
using OnReceived = std::function<void(std::string_view feed, hl7v2::Message const& message,
                                      hl7v2::GroupTree const& groups, Instant received)>;

/// When an original-mode sender is told AA, and what MSA-1 then promises.
/// Source: HL7 v2.5.1 §2.9.2.
enum class AckPolicy : std::uint8_t {
  durable,  ///< once the message is in the journal, on disk: it will not be lost
  applied,  ///< once it is in the store, to be queried; AE when its mapping failed
};

/// One sender, or a group of senders that are read the same way.
struct FeedSettings {
  mapping::Feed mapping;  ///< its name, and what is known of it beyond its messages
  std::shared_ptr<mapping::Program const> program;
  AckPolicy ack = AckPolicy::durable;
};

struct EngineOptions {
  /// Threads that parse and map. 0: messages are journaled and acknowledged, and wait there.
  unsigned workers = 2;
  /// Messages acknowledged, not yet applied, and held in memory. Those beyond wait in the journal
  /// and are read back, so that a burst costs disk and not memory.
  std::size_t backlog_messages_max = 4096;
  std::size_t backlog_bytes_max = std::size_t{64} << 20;
  std::size_t batch_messages_max = 100'000;  ///< messages in one batch frame
  /// On a worker's thread, after the message was acknowledged as durable. Not called for a message
  /// that was there before, nor for what is no message. Empty: nobody looks.
  OnReceived on_received;
  /// Looks at what a message is mapped to, on the worker's thread, before it is stored; it cannot
  /// refuse it. Empty: nobody looks.
  std::function<void(store::Transaction const&)> on_mapped;
  /// Says where a message goes: payloads for the outbox, stored with what the message causes,
  /// whatever became of its mapping. Not asked for a message that was there before. Empty: nowhere.
  std::function<std::vector<std::string>(store::JournalEntry const&)> route;
  /// Called when there is something new in the outbox.
  std::function<void()> on_routed;
};

/// Takes messages in, and brings each into the store exactly once.
///
/// frame -> journal (durable) -> acknowledgement -> parse, group, map -> one transaction that holds
/// the resources and marks the journal entry. A message repeated (same MSH-3, MSH-4, MSH-10 and
/// bytes) is acknowledged as before and changes nothing. A message that cannot be mapped stays in
/// the journal as `failed`, with the reason, and holds up nobody. Messages of one connection, and
/// messages that name the same patient, take effect in the order of the journal.
class Engine {
 public:
  /// Starts the workers on the entries that an earlier process left unfinished; those of a feed
  /// that is not among `feeds` fail. The store, the metrics and the clock must outlive the engine.
  [[nodiscard]] static std::unique_ptr<Engine> start(store::Store& store, Metrics& metrics,
                                                     Clock& clock, EngineOptions options,
                                                     std::vector<FeedSettings> feeds);
  virtual ~Engine() = default;  ///< stops

  /// Adds a feed, or gives it new settings: tables change between two messages, without a pause.
  /// A message keeps the tables with which its mapping began.
  virtual void set_feed(FeedSettings settings) = 0;

  /// Listens for a feed that has been set. Returns the port.
  [[nodiscard]] virtual Result<std::uint16_t> listen(net::Loop& loop, std::string_view feed,
                                                     net::MllpServerOptions options) = 0;

  /// Takes in one message that came by another road. Fails when it could not be made durable.
  /// `lane`  messages of one lane take effect in the order of the calls.
  [[nodiscard]] virtual Result<store::JournalId> take(std::string_view feed, std::uint64_t lane,
                                                      std::string message) = 0;

  using Taken = std::function<void(Result<store::JournalId>)>;
  /// The same without waiting: `taken` is called, on another thread, once the message is durable or
  /// could not be made so.
  virtual void take_later(std::string_view feed, std::uint64_t lane, std::string message,
                          Taken taken) = 0;
  /// Takes in a frame as a listener does, a message or a batch; `answer` gets the acknowledgement,
  /// when the policy of the feed says so, on another thread. `push` gets reports of enhanced mode,
  /// which answer no frame. Fails `not_found`: nothing is called.
  virtual Result<> take_frame(std::string_view feed, std::uint64_t lane, std::string frame,
                              net::Answer answer, net::Answer push = {}) = 0;
  /// Takes in a message that another channel passes on: it counts as received before only when it
  /// was handed to this feed before.
  [[nodiscard]] virtual Result<store::JournalId> hand_over(std::string_view feed,
                                                           std::string message) = 0;
  /// The entry that has had the same message before, whatever became of it; 0: there is none. For a
  /// source that offers again what may have been taken in before a crash.
  [[nodiscard]] virtual Result<store::JournalId> find(std::string_view message) = 0;

  /// Takes in what is unfinished in the journal and older than what is under way: the entries of
  /// another process on the same store that is gone.
  virtual void read_journal_again() = 0;

  /// Messages acknowledged and not yet applied or failed, as far as this process knows.
  [[nodiscard]] virtual std::uint64_t backlog() const = 0;
  /// Waits until there are none. False: time ran out.
  virtual bool drain(std::chrono::milliseconds timeout) = 0;

  /// Takes nothing more in, answers what is owed, and finishes what is being mapped. What waits in
  /// the journal waits for the next start.
  virtual void stop() = 0;
};

}  // namespace sinew::engine
