#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "wire/hl7v2/dictionary.h"

namespace sinew::hl7v2 {

/// Three bytes of a segment id in one number; the case of letters does not matter.
[[nodiscard]] constexpr std::uint32_t pack_id(std::string_view id) {
  std::uint32_t packed = 0;
  for (std::size_t i = 0; i < 3 && i < id.size(); ++i) {
    auto c = static_cast<unsigned char>(id[i]);
    if (c >= 'a' && c <= 'z') c = static_cast<unsigned char>(c - ('a' - 'A'));
    packed = packed << 8 | c;
  }
  return packed;
}

/// The segments that declare delimiters: their first field is the separator itself.
[[nodiscard]] constexpr bool is_header_id(std::uint32_t id) {
  return id == pack_id("MSH") || id == pack_id("FHS") || id == pack_id("BHS");
}

/// A message structure laid out for the walk of `group_segments`: nodes in one array, the children
/// of a node side by side, and for each group which segments can open it.
struct CompiledStructure {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Node {
    std::string_view name;
    std::uint32_t id = 0;  ///< packed segment id; 0 for a group
    std::uint32_t parent = kNone;
    std::uint32_t first_child = 0, child_count = 0;
    std::uint32_t first_opener = 0, opener_count = 0;  ///< into `ids`: may come first
    std::uint32_t first_member = 0, member_count = 0;  ///< into `ids`: occur anywhere inside
    std::uint32_t first_leader = 0, leader_count = 0;  ///< into `ids`: first if nothing is left out
    std::uint32_t needs = 0;  ///< another segment that a group cannot be without; 0 for none
    bool required = false;
    bool repeats = false;
    bool is_choice = false;
    bool is_order = false;  ///< a group that holds ORC, OBR or the like: observations belong to it
  };
  std::vector<Node> nodes;  ///< 0 is the message
  std::vector<std::uint32_t> ids;
  std::string_view name;

  [[nodiscard]] bool opens(Node const& group, std::uint32_t id) const {
    return contains(group.first_opener, group.opener_count, id);
  }
  [[nodiscard]] bool leads(Node const& group, std::uint32_t id) const {
    return contains(group.first_leader, group.leader_count, id);
  }
  [[nodiscard]] bool holds(Node const& group, std::uint32_t id) const {
    return contains(group.first_member, group.member_count, id);
  }

 private:
  [[nodiscard]] bool contains(std::uint32_t first, std::uint32_t count, std::uint32_t id) const {
    for (std::uint32_t i = first; i < first + count; ++i) {
      if (ids[i] == id) return true;
    }
    return false;
  }
};

[[nodiscard]] CompiledStructure compile_structure(StructureNode const& root);

}  // namespace sinew::hl7v2
