#pragma once

#include <string>

#include "engine/delivery/channel_node.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {

/// A pattern with {control_id}, {type}, {item} and {date} (of the message's receipt); usually
/// "{date}-{item}.hl7". Fails when it leads to another folder.
[[nodiscard]] Result<std::string> read_file_name(Node const& node);

/// The name of a message's file. No value of the message leads out of the folder.
[[nodiscard]] std::string file_name(std::string pattern, Outgoing const& message);

/// The same places filled in a text for people, where the values stand as they are, line ends
/// apart.
[[nodiscard]] std::string fill_places(std::string pattern, Outgoing const& message);

}  // namespace sinew::engine
