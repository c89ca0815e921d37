#pragma once

#include <vector>

#include "engine/delivery/channel.h"
#include "engine/delivery/channel_node.h"

namespace sinew::engine {

// The parts of a channel file that are read in files of their own.

/// A list of conditions; none where the node is absent.
[[nodiscard]] Result<std::vector<Condition>> read_conditions(Node const& node,
                                                             ChannelFolder const& folder);

/// The table that a node names. Fails `invalid` at the node, with the names there are.
[[nodiscard]] Result<std::shared_ptr<LookupTable const>> read_table_name(
    Node const& node, ChannelFolder const& folder);

}  // namespace sinew::engine
