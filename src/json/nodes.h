#pragma once

#include <bit>
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

static_assert(std::endian::native == std::endian::little, "the keys of names read words of text");

/// A key from the first eight bytes of a name (zeroes behind a shorter one) and its length.
[[nodiscard]] inline std::uint32_t key_of(std::uint64_t head, std::size_t length) {
  constexpr std::uint64_t kOddMultiplier = 0x9E3779B97F4A7C15;
  auto const hash = static_cast<std::uint32_t>((head * kOddMultiplier) >> 48);
  auto const kept = static_cast<std::uint32_t>(length < kLengthMax ? length : kLengthMax);
  return hash << 16 | kept << kLengthShift;
}

/// The key of a name: the upper 27 bits of Node::meta. Equal names have equal keys.
[[nodiscard]] inline std::uint32_t name_key(char const* name, std::size_t length) {
  std::uint64_t head = 0;
  if (length >= 8) {
    std::memcpy(&head, name, 8);
  } else if (length >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, name, 4);
    std::memcpy(&last, name + length - 4, 4);
    head = first | std::uint64_t{last} << ((length - 4) * 8);
  } else {
    for (std::size_t i = 0; i < length; ++i) {
      head |= std::uint64_t{static_cast<unsigned char>(name[i])} << (i * 8);
    }
  }
  return key_of(head, length);
}

/// For each length up to 8, the bytes of a little-endian word that belong to a name.
constexpr std::uint64_t kHeadMasks[] = {
    0,
    0xFF,
    0xFFFF,
    0xFFFFFF,
    0xFFFFFFFF,
    0xFFFFFFFFFF,
    0xFFFFFFFFFFFF,
    0xFFFFFFFFFFFFFF,
    0xFFFFFFFFFFFFFFFF,
};

/// The same where eight bytes can be read at `name` whatever its length: without branches.
[[nodiscard]] inline std::uint32_t name_key_with_slack(char const* name, std::size_t length) {
  std::uint64_t head;
  std::memcpy(&head, name, 8);
  return key_of(head & kHeadMasks[length < 8 ? length : 8], length);
}

struct Document::Nodes {
  struct Free {
    void operator()(Node* block) const { std::free(block); }
  };

  std::string text;
  std::string unescaped_names;  ///< each preceded by its length in four bytes
  std::unique_ptr<Node[], Free> nodes;
  std::uint32_t count = 0;
  std::size_t reserved = 0;  ///< of a block that goes back to the thread: how many nodes it holds

  Nodes() = default;
  Nodes(Nodes const&) = delete;
  Nodes& operator=(Nodes const&) = delete;
  ~Nodes();

  [[nodiscard]] Extra extra_of(std::uint32_t container) const {
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
    return {text.data() + node.begin, is_container(node) ? extra_of(index).bytes : node.extent};
  }
};

}  // namespace sinew::json
