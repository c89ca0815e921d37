#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// A message arranged by its structure: which ORC owns which OBR and OBX.
///
/// Node 0 is the message itself (name: the structure id). Children are in message order. A segment
/// that the structure does not place (a Z-segment, one out of order) is attached where it does
/// least harm, in the group that is open at that point, and an Issue says so; an OBX, NTE or SPM
/// never moves under another order than the one it follows.
struct GroupTree {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Node {
    std::string_view name;      ///< group name or segment id
    std::uint32_t segment;      ///< index in the Message, or kNone for a group
    std::uint32_t parent;       ///< kNone for the root
    std::uint32_t first_child;  ///< kNone when there is none
    std::uint32_t next_sibling;
    bool repeats;   ///< the structure lets this group (or segment) repeat
    bool unplaced;  ///< the structure has no place for this segment here
  };
  std::vector<Node> nodes;
  std::vector<Issue> issues;
  std::string_view
      structure;  ///< "ORU_R01"; empty when unknown (then all segments are children of 0)
};

/// Source: HL7 v2.5.1 §2.12 (message structures), §2.5.2 (segment groups).
/// The structure comes from MSH-9.3, or MSH-9.1/9.2 by table 0354 when 9.3 is missing or wrong.
[[nodiscard]] GroupTree group_segments(Message const& message);
[[nodiscard]] GroupTree group_segments(Message const& message, StructureNode const& structure);

}  // namespace sinew::hl7v2
