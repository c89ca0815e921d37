#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/channel.h"
#include "store/store.h"

namespace sinew::engine {

/// What an outbox item says: where its message goes, and behind which others.
struct Routed {
  std::string destination;
  std::vector<std::uint64_t> keys;
};
[[nodiscard]] std::string to_payload(Routed const& routed);
/// Nothing where the item is for somebody else; fails `malformed`.
[[nodiscard]] Result<std::optional<Routed>> routed_of(std::string_view payload);

/// Decides where messages go, by the channels in force.
class Router {
 public:
  /// Between two messages; those decided before keep their decision.
  void set(std::vector<Channel> channels);
  /// Outbox payloads, one per destination that takes the message.
  [[nodiscard]] std::vector<std::string> route(store::JournalEntry const& entry) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<std::vector<Channel> const> channels_ =
      std::make_shared<std::vector<Channel> const>();
};

}  // namespace sinew::engine
