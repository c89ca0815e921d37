#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sinew::store {

/// Where a delivery stands.
enum class DeliveryStatus : std::uint8_t {
  waiting,    ///< for its turn, or for the time of the next attempt
  sending,    ///< recorded before its first byte leaves: after a crash it may have arrived
  delivered,  ///< and accepted
  held,       ///< refused; what comes behind it waits until a person decides
  dead,       ///< given up; what comes behind it went on
  skipped,    ///< a person decided that it is not sent
};
inline constexpr std::size_t kDeliveryStatusCount = 6;
[[nodiscard]] std::string_view to_string(DeliveryStatus status);
[[nodiscard]] std::optional<DeliveryStatus> parse_delivery_status(std::string_view name);

/// One message on its way to one destination.
struct Delivery {
  std::uint64_t item = 0;           ///< of the outbox
  std::string destination;          ///< "channel/destination"
  std::vector<std::uint64_t> keys;  ///< deliveries that share one are sent in order
  JournalId cause = 0;              ///< the message
  DeliveryStatus status = DeliveryStatus::waiting;
  std::uint32_t attempts = 0;
  Instant due{};       ///< not attempted before
  Instant changed{};   ///< when the status last did
  std::string reason;  ///< the last answer, or why there was none
};

/// What became of everything that left the outbox: a database of its own beside the store, so that
/// a slow receiver does not share a writer with what comes in. The outbox is the truth of what is
/// to be sent; this is the truth of what was. Calls may be made from any thread; each writing call
/// is on disk when it returns.
class DeliveryLog {
 public:
  /// Opens, or creates.
  [[nodiscard]] static Result<std::unique_ptr<DeliveryLog>> open(std::string const& path);
  virtual ~DeliveryLog() = default;

  /// Outbox items up to this one have been taken over.
  [[nodiscard]] virtual Result<std::uint64_t> taken_up_to() = 0;
  /// Takes over new ones, and marks how far.
  virtual Result<> take(std::span<Delivery const> deliveries, std::uint64_t up_to) = 0;
  /// Records where deliveries stand now.
  virtual Result<> record(std::span<Delivery const> deliveries) = 0;

  /// Those that are not done, in the order of their items.
  [[nodiscard]] virtual Result<std::vector<Delivery>> unfinished(std::string_view destination,
                                                                 std::uint64_t after,
                                                                 std::size_t count_max) = 0;
  /// Fails `not_found`.
  [[nodiscard]] virtual Result<Delivery> find(std::uint64_t item) = 0;
  /// Newest first, before `before` (0: from the newest). Empty destination: all of them.
  [[nodiscard]] virtual Result<std::vector<Delivery>> list(std::string_view destination,
                                                           std::optional<DeliveryStatus> status,
                                                           std::uint64_t before,
                                                           std::size_t count_max) = 0;
  /// Of one message.
  [[nodiscard]] virtual Result<std::vector<Delivery>> of_message(JournalId cause) = 0;
  /// How many stand where.
  struct Count {
    std::string destination;
    DeliveryStatus status;
    std::uint64_t count;
  };
  [[nodiscard]] virtual Result<std::vector<Count>> counts() = 0;
  /// Forgets what was done before that time, in small pieces. Returns how many.
  [[nodiscard]] virtual Result<std::uint64_t> forget_done_before(Instant time) = 0;
};

}  // namespace sinew::store
