#include "base/hash.h"
#include "mapping/mapper_inline.h"

// Most of what a table can write needs fields that a segment does not have. Which elements are left
// depends only on which fields are there, and segments of one feed are alike.
namespace sinew::mapping {
namespace {

constexpr std::size_t kPatternsMax = 4096;

}  // namespace

/// Patterns are of one program, and few.
void Mapper::forget_patterns() {
  if (work_.possible_digest == program_.digest && work_.possible.size() < kPatternsMax) return;
  work_.possible.clear();
  work_.possible_digest = program_.digest;
}

/// False when only a constant or a reference could come of the group.
bool Mapper::is_more_than_constant(Group const& group) const {
  if (group.is_bare) return false;
  if (group.rule_count != 1 || group.object != kNone) return true;
  auto const action = program_.rules[group.first_rule].action;
  return action != Action::refer && action != Action::refer_all;
}

void Mapper::fill_possible(Object const& object, Frame const& frame, Possible& possible) const {
  for (Index p = object.first_property; p < object.first_property + object.property_count; ++p) {
    auto const& property = program_.properties[p];
    auto const first = static_cast<std::uint32_t>(possible.groups.size());
    for (Index g = property.first_group; g < property.first_group + property.group_count; ++g) {
      auto const& group = program_.groups[g];
      if (!can_be(group, frame)) continue;
      possible.groups.push_back(g);
      possible.more_than_constant = possible.more_than_constant || is_more_than_constant(group);
    }
    auto const count = static_cast<std::uint32_t>(possible.groups.size()) - first;
    if (count != 0) possible.entries.push_back({p, first, count});
  }
}

Possible const& Mapper::find_possible(Shape const& shape, Frame const& frame) {
  auto& key = work_.possible_key;
  key.clear();
  auto const append = [&](auto const& value) {
    key.append(reinterpret_cast<char const*>(&value), sizeof(value));
  };
  append(shape.object);
  for (std::size_t slot = 0; slot < shape.slot_count; ++slot) append(slot_present_[slot]);
  auto& possible = work_.possible[hash64(key)];
  if (possible.key == key) return possible;
  possible = {key, {}, {}, false};
  fill_possible(program_.objects[shape.object], frame, possible);
  return possible;
}

}  // namespace sinew::mapping
