#pragma once

#include <span>
#include <string_view>

#include "engine/delivery/channel.h"
#include "engine/delivery/channel_node.h"

namespace sinew::engine {

/// One kind of road in or out. A reader checks every setting of its section, so that a channel file
/// that can be read can be run; what it returns opens nothing yet.
struct Connector {
  std::string_view name;                           ///< the key of its section
  Result<OpenSource> (*read_source)(Node const&);  ///< null: nothing comes in by it
  Result<OpenSender> (*read_target)(Node const&);  ///< null: nothing leaves by it
};

/// All there are, by name.
[[nodiscard]] std::span<Connector const> connectors();

}  // namespace sinew::engine
