#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/router.h"
#include "engine/delivery/sender.h"
#include "engine/delivery/transform.h"
#include "store/deliveries/delivery_log.h"
#include "store/store.h"

namespace sinew::engine {

/// How one destination does.
struct DestinationState {
  std::string name;
  bool is_configured = false;  ///< else: channels of earlier times left messages for it
  bool is_paused = false;
  std::vector<store::DeliveryLog::Count> counts;
  std::string last_reply;  ///< why the last attempt did not succeed; empty when it did
};

/// Everything that leaves. A message's transaction holds an outbox item per destination; from there
/// the items go to the delivery log, and from the log to the workers, one per destination. Nothing
/// is lost between them: each takes over before the one behind it forgets.
class Deliveries {
 public:
  struct Surroundings {
    store::Store& store;
    store::DeliveryLog& log;
    Metrics& metrics;
    Clock& clock;
    HandOver hand_over = {};  ///< to other channels
    ToFhir to_fhir = {};      ///< for the format of that name
  };
  /// Starts on what earlier processes left.
  [[nodiscard]] static std::unique_ptr<Deliveries> start(Surroundings around,
                                                         std::vector<Channel> channels);
  virtual ~Deliveries() = default;

  /// New channels take effect between two messages. What waits for a destination that is no longer
  /// there stays in the log.
  virtual void set_channels(std::vector<Channel> channels) = 0;
  /// Outbox payloads for a message.
  [[nodiscard]] virtual std::vector<std::string> route(store::JournalEntry const& entry) const = 0;
  /// The outbox has new items.
  virtual void wake() = 0;

  [[nodiscard]] virtual Result<std::vector<DestinationState>> states() = 0;
  /// Fail `not_found`, or `conflict` when it is being sent, or done.
  virtual Result<> resend(std::uint64_t item) = 0;
  virtual Result<> skip(std::uint64_t item) = 0;
  /// Fail `not_found`.
  virtual Result<> pause(std::string_view destination) = 0;
  virtual Result<> resume(std::string_view destination) = 0;

  /// Finishes what is being sent.
  virtual void stop() = 0;
};

}  // namespace sinew::engine
