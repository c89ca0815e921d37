#pragma once

#include <memory>
#include <string>
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

/// A `transform:` list; none where the node is absent. The reader of each step is a row of a table
/// in transform_file.cpp.
[[nodiscard]] Result<std::vector<std::shared_ptr<Step const>>> read_steps(
    Node const& node, ChannelFolder const& folder);

/// A path that names a field, or also a whole segment.
[[nodiscard]] Result<hl7v2::Path> read_field(Node const& node);
[[nodiscard]] Result<hl7v2::Path> read_place(Node const& node);

/// `format:` and `charset:` of a destination, with the steps of the channel and its own. Null where
/// nothing is to be done.
[[nodiscard]] Result<std::shared_ptr<Transform const>> read_transform(
    Node const& node, std::vector<std::shared_ptr<Step const>> const& of_channel,
    ChannelFolder const& folder, std::string const& destination);

// One step each, below its key. Source of the forms: docs/reference/channels.md, "Transform".
using ReadStep = Result<std::shared_ptr<Step>> (*)(Node const&, ChannelFolder const&);
Result<std::shared_ptr<Step>> read_set(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_copy(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_clear(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_null(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_remove(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_add(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_version(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_drop_z(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_only_if(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_script(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_upper(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_lower(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_trim(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_pad(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_replace(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_date(Node const& node, ChannelFolder const& folder);
Result<std::shared_ptr<Step>> read_map(Node const& node, ChannelFolder const& folder);

}  // namespace sinew::engine
