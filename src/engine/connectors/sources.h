#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/connectors/source.h"
#include "engine/delivery/channel.h"

namespace sinew::engine {

/// Everything that comes in by the sources of channels.
class Sources {
 public:
  struct Surroundings {
    Engine& engine;
    net::Loop& loop;
    Metrics& metrics;
    Clock& clock;
  };
  /// The engine has to have a feed for each channel with a source.
  [[nodiscard]] static std::unique_ptr<Sources> start(Surroundings around,
                                                      std::vector<Channel> const& channels);
  virtual ~Sources() = default;  ///< stops

  /// A source whose section is as it was goes on without a break.
  virtual void set_channels(std::vector<Channel> const& channels) = 0;
  [[nodiscard]] virtual std::vector<SourceState> states() = 0;
  /// A paused source takes nothing in, and lets go of its port or connection. Fail `not_found`.
  virtual Result<> pause(std::string_view name) = 0;
  virtual Result<> resume(std::string_view name) = 0;
  virtual void stop() = 0;
};

}  // namespace sinew::engine
