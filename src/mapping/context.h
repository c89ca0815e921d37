#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "mapping/model.h"
#include "wire/hl7v2/message.h"

namespace sinew::mapping {

/// The repetition of a field that a list instance stands for.
struct Binding {
  Binding const* outer = nullptr;
  std::uint32_t segment = 0;
  std::uint16_t field = 0;
  std::string_view value;
};

/// Components of a value that are looked up in constant time; later ones are searched for.
inline constexpr std::size_t kPartsMax = 32;

/// What rows are evaluated against: a segment, and in type tables a value of it.
struct Context {
  std::uint32_t segment = 0;
  std::uint8_t level = 0;  ///< of the value: 0 repetition, 1 component, 2 subcomponent
  std::uint8_t part_count = 0;
  bool has_value = false;
  std::uint64_t present = 0;  ///< bit n: field (or component) n is there; 63: any beyond
  std::string_view value;
  std::string_view const* parts = nullptr;
  Binding const* binding = nullptr;
};

/// A value found in the message, as sent.
struct Found {
  std::string_view raw;
  std::uint8_t level = 0;
  std::uint32_t segment = 0;
};

/// The separator that cuts a value of a level: component, subcomponent, none.
[[nodiscard]] inline char separator_of(hl7v2::Delimiters const& delimiters, std::uint8_t level) {
  return level == 0 ? delimiters.component : delimiters.subcomponent;
}

/// Part `index` of a short text.
/// OPTIMIZATION: values are a few bytes long, and a loop beats a call of memchr for each part.
[[nodiscard]] inline std::string_view cut(std::string_view text, char separator,
                                          std::size_t index) {
  auto const* at = text.data();
  auto const* const end = at + text.size();
  for (; index > 0; --index) {
    while (at != end && *at != separator) ++at;
    if (at == end) return {};
    ++at;
  }
  auto const* to = at;
  while (to != end && *to != separator) ++to;
  return {at, static_cast<std::size_t>(to - at)};
}

/// Part `number` (1-based) of a value. Below subcomponents there is only the value itself.
[[nodiscard]] inline std::string_view part_of(std::string_view raw, std::uint8_t level,
                                              std::uint16_t number,
                                              hl7v2::Delimiters const& delimiters) {
  if (level >= 2) return number == 1 ? raw : std::string_view{};
  return cut(raw, separator_of(delimiters, level), number - 1U);
}

/// Calls `take(repetition)` for each repetition until it returns true. Returns that.
template <class Take>
bool each_repetition(std::string_view field, char separator, Take&& take) {
  while (true) {
    auto const end = std::min(field.find(separator), field.size());
    if (end > 0 && take(field.substr(0, end))) return true;
    if (end == field.size()) return false;
    field.remove_prefix(end + 1);
  }
}

}  // namespace sinew::mapping
