#pragma once

#include <cstdint>
#include <string>

#include "wire/hl7v2/message.h"

namespace sinew::app {

/// The place of a byte of the message in HL7's own words: `OBX[3]-5`, `PID-5[2].1`. The segment's
/// number among those of its id is left out when it is the only one. Empty when the byte is in no
/// segment.
[[nodiscard]] std::string path_at(hl7v2::Message const& message, std::uint32_t offset);

/// The segment that holds a byte, or segment_count().
[[nodiscard]] std::size_t segment_at(hl7v2::Message const& message, std::uint32_t offset);

}  // namespace sinew::app
