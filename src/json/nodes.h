#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "json/json.h"

namespace sinew::json {

/// One value of the arena. Nodes stand in document order; a container is followed by one Extra
/// (the same 16 bytes, read differently) and then by its children.
struct Node {
  std::uint32_t begin;   ///< offset of the value in the text
  std::uint32_t extent;  ///< scalar: bytes in the text; container: index of the node after it
  std::uint32_t name;    ///< offset of the member name, in the text or among the unescaped names
  std::uint32_t meta;    ///< kind, flags, and the key of the name; see below
};

/// What a container has beside its Node.
struct Extra {
  std::uint32_t bytes;  ///< length in the text
  std::uint32_t count;  ///< members or elements
  std::uint64_t unused;
};
static_assert(sizeof(Node) == 16 && sizeof(Extra) == 16);

// Node::meta, from the low bits: kind (3), flags (2), then the key: length of the name (11) and a
// hash of it (16). Comparing keys decides nearly every look-up without touching the text.
constexpr std::uint32_t kKindMask = 7;
constexpr std::uint32_t kEscapedFlag = 8;       ///< the string value holds a backslash
constexpr std::uint32_t kNameEscapedFlag = 16;  ///< the name held one and is kept unescaped
constexpr std::uint32_t kKeyMask = ~std::uint32_t{31};
constexpr unsigned kLengthShift = 5;
constexpr std::uint32_t kLengthMax = 2047;  ///< this and longer lengths are found in the text
constexpr std::uint32_t kLongSize = 4;      ///< bytes of length before an unescaped name

[[nodiscard]] inline Kind node_kind(Node const& node) {
  return static_cast<Kind>(node.meta & kKindMask);
}
[[nodiscard]] inline bool is_container(Node const& node) {
  return (node.meta & kKindMask) >= static_cast<std::uint32_t>(Kind::array);
}

/// The key of a name: the upper 27 bits of Node::meta. Equal names have equal keys.
[[nodiscard]] inline std::uint32_t name_key(char const* name, std::size_t length) {
  std::uint64_t mixed = 0;
  if (length >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, name, 4);
    std::memcpy(&last, name + length - 4, 4);
    mixed = first | std::uint64_t{last} << 32;
  } else if (length > 0) {
    mixed = static_cast<unsigned char>(name[0]) |
            std::uint64_t{static_cast<unsigned char>(name[length / 2])} << 8 |
            std::uint64_t{static_cast<unsigned char>(name[length - 1])} << 16;
  }
  constexpr std::uint64_t kOddMultiplier = 0x9E3779B97F4A7C15;
  auto const hash = static_cast<std::uint32_t>((mixed * kOddMultiplier) >> 48);
  auto const kept = static_cast<std::uint32_t>(length < kLengthMax ? length : kLengthMax);
  return hash << 16 | kept << kLengthShift;
}

struct Document::Nodes {
  struct Free {
    void operator()(Node* nodes) const { std::free(nodes); }
  };

  std::string text;
  std::string unescaped_names;  ///< each preceded by its length in four bytes
  std::unique_ptr<Node[], Free> nodes;
  std::uint32_t count = 0;

  [[nodiscard]] Extra extra(std::uint32_t container) const {
    Extra found;
    std::memcpy(&found, &nodes[container + 1], sizeof found);
    return found;
  }

  /// The index of the node after this one and all that is below it.
  [[nodiscard]] std::uint32_t after(std::uint32_t index) const {
    auto const& node = nodes[index];
    return is_container(node) ? node.extent : index + 1;
  }

  [[nodiscard]] std::string_view name(Node const& node) const {
    auto const kept = (node.meta >> kLengthShift) & kLengthMax;
    if (node.meta & kNameEscapedFlag) {
      std::uint32_t length;
      std::memcpy(&length, unescaped_names.data() + node.name - kLongSize, kLongSize);
      return {unescaped_names.data() + node.name, length};
    }
    if (kept < kLengthMax) return {text.data() + node.name, kept};
    auto const rest = std::string_view(text).substr(node.name);
    return rest.substr(0, rest.find('"'));
  }

  [[nodiscard]] std::string_view source(std::uint32_t index) const {
    auto const& node = nodes[index];
    return {text.data() + node.begin, is_container(node) ? extra(index).bytes : node.extent};
  }
};

}  // namespace sinew::json
