#include <algorithm>

#include "mapping/mapper.h"

namespace sinew::mapping {

/// The nearest segment with a key in one scope: before `from` first, then after it.
std::optional<std::uint32_t> Mapper::nearest_in_scope(std::uint8_t key, std::uint32_t from,
                                                      std::uint32_t scope) const {
  auto const begin = work_.scope_order.begin() + work_.scope_begin[scope];
  auto const end = work_.scope_order.begin() + work_.scope_begin[scope + 1];
  auto& nearby = work_.nearby[(scope * 31 + key) % kNearbySlots];
  bool const known = nearby.scope == scope && nearby.key == key && nearby.from <= from;
  auto const found = [&](std::uint32_t result) -> std::optional<std::uint32_t> {
    nearby = {scope, from, result, key};
    if (result == kNone) return std::nullopt;
    return result;
  };
  auto const after = std::upper_bound(begin, end, from);
  for (auto at = after; at != begin;) {
    --at;
    // OPTIMIZATION: a long list of equal segments would be searched anew for each of them.
    if (known && *at < nearby.from) return found(nearby.result);
    if (work_.keys[*at] == key) return found(*at);
  }
  if (known && nearby.result == kNone) return found(kNone);
  for (auto at = after; at != end; ++at) {
    if (work_.keys[*at] == key) return found(*at);
  }
  return found(kNone);
}

std::optional<std::uint32_t> Mapper::nearest_segment(std::uint8_t key, std::uint32_t from) const {
  auto const slot = from * program_.segments.size() + key;
  bool const is_remembered = slot < work_.nearest.size();
  if (is_remembered && work_.nearest[slot] != kNotLooked) {
    auto const known = work_.nearest[slot];
    return known == kNone ? std::nullopt : std::optional(known);
  }
  auto const found = look_for_nearest(key, from);
  if (is_remembered) work_.nearest[slot] = found.value_or(kNone);
  return found;
}

std::optional<std::uint32_t> Mapper::look_for_nearest(std::uint8_t key, std::uint32_t from) const {
  for (auto scope = work_.scopes[from];; scope = work_.parent_scopes[scope]) {
    if (auto const found = nearest_in_scope(key, from, scope)) return found;
    if (scope == 0) return std::nullopt;
  }
}

Instance* Mapper::nearest_instance(Index name, std::uint32_t segment, Instance const* self) {
  auto const self_index =
      self == nullptr ? kNone : static_cast<Index>(self - work_.instances.data());
  auto const key_of = [&](std::uint32_t index) {
    auto const& instance = work_.instances[index];
    return std::pair(instance.name, instance.scope);
  };
  for (auto scope = work_.scopes[segment];; scope = work_.parent_scopes[scope]) {
    auto const range = std::ranges::equal_range(work_.by_scope, std::pair(name, scope), {}, key_of);
    auto const after = std::ranges::upper_bound(
        range, segment, {}, [&](std::uint32_t index) { return work_.instances[index].segment; });
    for (auto at = after; at != range.begin();) {
      --at;
      if (*at != self_index) return &work_.instances[*at];
    }
    for (auto at = after; at != range.end(); ++at) {
      if (*at != self_index) return &work_.instances[*at];
    }
    if (scope == 0) return nullptr;
  }
}

std::pair<std::uint32_t, std::uint32_t> Mapper::instances_in_scope(Index name,
                                                                   std::uint32_t segment) const {
  auto const scope = work_.scopes[segment];
  auto const key_of = [&](std::uint32_t index) {
    auto const& instance = work_.instances[index];
    return std::pair(instance.name, instance.segment);
  };
  auto const first = std::ranges::lower_bound(
      work_.by_name, std::pair(name, work_.first_segments[scope]), {}, key_of);
  auto const last = std::ranges::upper_bound(
      work_.by_name, std::pair(name, work_.last_segments[scope]), {}, key_of);
  auto const begin = work_.by_name.begin();
  return {static_cast<std::uint32_t>(first - begin), static_cast<std::uint32_t>(last - begin)};
}

Context Mapper::context_of(std::uint32_t segment) const {
  constexpr std::uint64_t kKnown = 1;  // bit 0 says that the others have been found
  auto& present = work_.present[segment];
  if (present == 0) {
    present = kKnown;
    auto const count = message_.field_count(segment);
    bool const may_repeat =
        message_.segment_bytes(segment).find(delimiters_.repetition) != std::string_view::npos;
    for (std::size_t number = 1; number <= count; ++number) {
      auto const field = message_.field(segment, number);
      if (field.empty()) continue;
      auto const bit = std::uint64_t{1} << std::min<std::size_t>(number, 63);
      present |= bit;
      if (may_repeat && field.find(delimiters_.repetition) != std::string_view::npos) {
        work_.repeated[segment] |= bit;
      }
    }
  }
  Context context;
  context.segment = segment;
  context.present = present;
  return context;
}

}  // namespace sinew::mapping
