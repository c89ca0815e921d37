#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "fhir/definitions.h"

/// The layout of the compiled definitions: what tools/fhir-definitions/compile.cpp writes and
/// definitions.cpp reads in place. Offsets from the start of the table, no pointers; the byte order
/// and alignment of the machine that builds, which is the kind that runs.
namespace sinew::fhir::table {

inline constexpr std::uint32_t kFormat = 0x46485203;  // changes with the layout

/// A run of rows: where it begins, and how many there are.
struct Section {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
};

/// An open-addressing hash table in the section `slots`: `mask + 1` slots from `first`, each 0 for
/// empty or 1 + the number of a row. At most half full.
struct Index {
  std::uint32_t first = 0;
  std::uint32_t mask = 0;
};

/// A code of a value set. Rows of one set are sorted by code; equal codes follow each other, and
/// the index finds the first of them.
struct Code {
  Name code;
  Name system;
};

struct ValueSet {
  Name url;
  std::uint32_t first_code = 0;
  std::uint32_t code_count = 0;  ///< 0: the set cannot be enumerated
  Index index;
};

struct Header {
  std::uint32_t format = kFormat;
  std::uint32_t bytes = 0;
  Index type_index;
  Section types;            ///< Type; the first row is "no type"
  Section elements;         ///< Element
  Section element_indexes;  ///< Index, one per type
  Section targets;          ///< TypeId
  Section value_sets;       ///< ValueSet; the first row is "none"
  Section codes;            ///< Code
  Section slots;            ///< std::uint16_t
};

/// Where a name begins its search in an index.
[[nodiscard]] inline std::uint32_t hash_name(std::string_view name) {
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  std::uint64_t hash = name.size() * kMix;
  auto const mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMix;
    hash ^= hash >> 32;
  };
  char const* bytes = name.data();
  std::size_t left = name.size();
  std::uint64_t word = 0;
  for (; left > sizeof word; left -= sizeof word, bytes += sizeof word) {
    std::memcpy(&word, bytes, sizeof word);
    mix(word);
  }
  // The rest in at most two overlapping loads: a copy of variable length would be a call.
  if (left >= 4) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + left - 4, 4);
    mix(low | std::uint64_t{high} << 32);
  } else if (left > 0) {
    auto const byte = [bytes](std::size_t i) { return std::uint64_t(std::uint8_t(bytes[i])); };
    mix(byte(0) | byte(left / 2) << 8 | byte(left - 1) << 16);
  }
  return static_cast<std::uint32_t>(hash);
}

}  // namespace sinew::fhir::table
