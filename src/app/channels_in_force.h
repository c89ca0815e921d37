#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "api/rest/rest.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/channel_versions.h"

namespace sinew::app {

/// The channels of a running server: which are in force, and how others come into force, between
/// two messages. Every version that was is kept beside the store.
class ChannelsInForce {
 public:
  /// Puts channels in force; what fails leaves the former there.
  using Put = std::function<Result<>(std::vector<engine::Channel> const&)>;
  ChannelsInForce(std::string folder, std::string history, Put put, Clock& clock)
      : folder_(std::move(folder)),
        history_(std::move(history)),
        put_(std::move(put)),
        clock_(clock) {}

  /// The first ones, which are in force already.
  Result<> start(std::vector<engine::Channel> channels);
  /// Reads the folder again. What is wrong in it changes nothing. Returns the version.
  [[nodiscard]] Result<std::uint64_t> apply();
  /// Makes the folder what it was, and puts that in force. A version that does not do any more
  /// leaves the folder as it is.
  [[nodiscard]] Result<std::uint64_t> roll_back(std::uint64_t number);

  /// GET /channels: what is in force; /channels/versions, /channels/versions/{id}: what was.
  /// POST /channels/apply, /channels/rollback (`version`). This must outlive the service.
  void add_routes(rest::Service& service);

 private:
  [[nodiscard]] Result<std::uint64_t> apply_locked();
  [[nodiscard]] Result<rest::Answer> show();
  [[nodiscard]] Result<rest::Answer> list();
  [[nodiscard]] Result<rest::Answer> show_version(std::uint64_t number);

  std::string const folder_;
  engine::ChannelHistory const history_;
  Put const put_;
  Clock& clock_;
  std::mutex mutex_;  ///< guards what follows, and the folder against two changes at a time
  std::vector<engine::Channel> channels_;
  engine::ChannelVersion version_;
};

}  // namespace sinew::app
