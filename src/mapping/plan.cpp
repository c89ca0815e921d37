#include <algorithm>

#include "base/text.h"
#include "mapping/mapper.h"

namespace sinew::mapping {
namespace {

constexpr std::uint8_t kNoKey = 255;
constexpr std::uint16_t kMessageTypeField = 9;  // MSH-9

}  // namespace

/// The table for the message: by its structure, else by its type and event.
Structure const* Mapper::find_structure() {
  auto const msh9 = message_.first("MSH", kMessageTypeField);
  message_type_ = trim(hl7v2::part(msh9, delimiters_.component, 0));
  trigger_ = trim(hl7v2::part(msh9, delimiters_.component, 1));
  if (trigger_.empty()) trigger_ = trim(message_.first("EVN", 1));
  auto const find = [&](std::string_view name) -> Structure const* {
    auto const found = program_.structures.find(name);
    return found == program_.structures.end() ? nullptr : &found->second;
  };
  if (auto const* structure = find(groups_.structure)) return structure;
  auto& name = new_text();
  name.append(message_type_).append("_").append(trigger_);
  if (auto const* structure = find(name)) return structure;
  return find(message_type_);
}

/// Walks the group tree: the scope of each node is the nearest repeating group around it.
void Mapper::index_segments() {
  auto const segments = message_.segment_count();
  auto const& nodes = groups_.nodes;
  work_.scopes.assign(segments, 0);
  work_.nodes.assign(segments, 0);
  work_.present.assign(segments, 0);
  work_.repeated.assign(segments, 0);
  work_.keys.assign(segments, kNoKey);
  work_.parent_scopes.assign(nodes.size() + 1, 0);
  work_.nearby.fill({});
  work_.nearest.assign(std::min(segments * program_.segments.size(), kNearestMax), kNotLooked);
  for (std::size_t s = 0; s < segments; ++s) {
    auto const id = message_.segment_id(s);
    auto const found = program_.segment_keys.find(id);
    if (found != program_.segment_keys.end()) work_.keys[s] = found->second;
  }
  // `places` holds the scope of each node until find_places needs it.
  auto& scope_of = work_.places;
  scope_of.assign(nodes.size(), 0);
  std::uint32_t at = nodes.empty() ? kNone : nodes[0].first_child;
  while (at != kNone && at < nodes.size()) {
    auto const& node = nodes[at];
    auto const outer = scope_of[node.parent];
    scope_of[at] = outer;
    if (node.segment != hl7v2::GroupTree::kNone) {
      if (node.segment < segments) {
        work_.scopes[node.segment] = outer;
        work_.nodes[node.segment] = at;
      }
    } else if (node.repeats) {
      scope_of[at] = at;
      work_.parent_scopes[at] = outer;
    }
    if (node.first_child != kNone) {
      at = node.first_child;
      continue;
    }
    while (at != 0 && at != kNone && nodes[at].next_sibling == kNone) at = nodes[at].parent;
    at = at == 0 || at == kNone ? kNone : nodes[at].next_sibling;
  }
  index_scopes();
}

void Mapper::index_scopes() {
  auto const segments = static_cast<std::uint32_t>(message_.segment_count());
  auto const count = std::max<std::size_t>(groups_.nodes.size(), 1);
  work_.scope_begin.assign(count + 1, 0);
  work_.first_segments.assign(count, kNone);
  work_.last_segments.assign(count, 0);
  for (std::uint32_t s = 0; s < segments; ++s) {
    ++work_.scope_begin[work_.scopes[s] + 1];
    for (auto scope = work_.scopes[s];; scope = work_.parent_scopes[scope]) {
      work_.first_segments[scope] = std::min(work_.first_segments[scope], s);
      work_.last_segments[scope] = s;
      if (scope == 0) break;
    }
  }
  for (std::size_t i = 0; i < count; ++i) work_.scope_begin[i + 1] += work_.scope_begin[i];
  work_.scope_order.resize(segments);
  // Filled from the back, so that the begins are right again afterwards.
  auto& fill = work_.order;
  fill.assign(work_.scope_begin.begin(), work_.scope_begin.end());
  for (std::uint32_t s = 0; s < segments; ++s) {
    work_.scope_order[fill[work_.scopes[s]]++] = s;
  }
}

/// A segment that stands where the structure has no place for it takes the rows of the place that
/// shares most of the way with where it stands.
Index Mapper::stray_place(Structure const& structure, std::string_view id, Index near) const {
  Index best = kNone;
  std::size_t best_depth = 0;
  auto const depth_of = [&](Index place) {
    std::size_t depth = 0;
    for (; place != 0; place = structure.places[place].parent) ++depth;
    return depth;
  };
  for (auto const& [name, place] : structure.strays) {
    if (!equals_ignoring_case(name, id)) continue;
    auto a = place;
    auto b = near;
    auto depth_a = depth_of(a), depth_b = depth_of(b);
    while (a != b) {
      if (depth_a >= depth_b) {
        a = structure.places[a].parent;
        --depth_a;
      } else {
        b = structure.places[b].parent;
        --depth_b;
      }
    }
    if (best != kNone && depth_a <= best_depth) continue;
    best = place;
    best_depth = depth_a;
  }
  return best;
}

/// Gives every node its place in the structure, and plans the resources of segments.
void Mapper::find_places(Structure const& structure) {
  auto const& nodes = groups_.nodes;
  auto& places = work_.places;
  places.assign(nodes.size(), kNone);
  if (nodes.empty()) return;
  places[0] = 0;
  std::uint32_t at = nodes[0].first_child;
  while (at != kNone && at < nodes.size()) {
    auto const& node = nodes[at];
    auto const outer = places[node.parent];
    auto const& children = structure.places[outer].children;
    auto const child = std::ranges::find_if(
        children, [&](Index c) { return structure.places[c].name == node.name; });
    if (node.segment == hl7v2::GroupTree::kNone) {
      // A group without a place (of alternatives, or of a version we have not) is seen through.
      places[at] = child == children.end() ? outer : *child;
    } else if (node.segment < message_.segment_count()) {
      auto const place =
          child != children.end() ? *child : stray_place(structure, node.name, outer);
      if (place != kNone) plan_segment(structure, node.segment, place);
    }
    if (node.first_child != kNone) {
      at = node.first_child;
      continue;
    }
    while (at != 0 && at != kNone && nodes[at].next_sibling == kNone) at = nodes[at].parent;
    at = at == 0 || at == kNone ? kNone : nodes[at].next_sibling;
  }
}

std::uint32_t Mapper::new_instance(Structure const& structure, std::uint32_t segment,
                                   MessageRow const& row) {
  if (work_.instances.size() >= kResourcesMax) {
    full_ = true;
    return kNone;
  }
  auto& instance = work_.instances.emplace_back();
  instance.shape = row.shape;
  instance.name = structure.shapes[row.shape].name;
  instance.scope = work_.scopes[segment];
  instance.segment = segment;
  auto const index = static_cast<std::uint32_t>(work_.instances.size() - 1);
  work_.contributions.push_back({index, segment, row.slot});
  return index;
}

void Mapper::plan_segment(Structure const& structure, std::uint32_t segment, Index place) {
  for (auto const index : structure.places[place].rows) {
    auto const& row = structure.rows[index];
    if (!holds(row.condition, context_of(segment))) continue;
    if (row.adds) {
      work_.rows.emplace_back(segment, index);
    } else {
      new_instance(structure, segment, row);
    }
  }
}

void Mapper::add_contribution(Structure const& structure, std::uint32_t segment, Index row_index) {
  auto const& row = structure.rows[row_index];
  auto const* const found = nearest_instance(structure.shapes[row.shape].name, segment, nullptr);
  if (found != nullptr) {
    auto const index = static_cast<std::uint32_t>(found - work_.instances.data());
    work_.contributions.push_back({index, segment, row.slot});
    return;
  }
  auto const index = new_instance(structure, segment, row);
  if (index != kNone) index_instance(index);
}

void Mapper::index_instance(std::uint32_t index) {
  auto const by_scope = [&](std::uint32_t i) {
    auto const& instance = work_.instances[i];
    return std::tuple(instance.name, instance.scope, instance.segment);
  };
  auto const by_name = [&](std::uint32_t i) {
    return std::pair(work_.instances[i].name, work_.instances[i].segment);
  };
  work_.by_scope.insert(std::ranges::upper_bound(work_.by_scope, by_scope(index), {}, by_scope),
                        index);
  work_.by_name.insert(std::ranges::upper_bound(work_.by_name, by_name(index), {}, by_name), index);
}

void Mapper::sort_instances(Structure const&) {
  auto const count = static_cast<std::uint32_t>(work_.instances.size());
  work_.by_scope.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) work_.by_scope[i] = i;
  work_.by_name = work_.by_scope;
  std::ranges::sort(work_.by_scope, {}, [&](std::uint32_t i) {
    auto const& instance = work_.instances[i];
    return std::tuple(instance.name, instance.scope, instance.segment, i);
  });
  std::ranges::sort(work_.by_name, {}, [&](std::uint32_t i) {
    return std::tuple(work_.instances[i].name, work_.instances[i].segment, i);
  });
}

Index Mapper::find_event(Shape const& shape, Context const& context) const {
  for (auto const index : shape.events) {
    auto const& event = program_.events[index];
    if (event.message != "*" && event.message != message_type_) continue;
    if (event.trigger != "*" && event.trigger != trigger_) continue;
    if (event.condition != kNone) ++decisions_;
    if (const_cast<Mapper*>(this)->holds(event.condition, context)) return index;
  }
  return kNone;
}

void Mapper::choose_event(Instance& instance) {
  auto const& shape = structure_->shapes[instance.shape];
  instance.event = find_event(shape, context_of(instance.segment));
  if (instance.event == kNone) return;
  auto const& event = program_.events[instance.event];
  instance.verb = event.verb;
  instance.skip = event.skip;
}

/// Finds which resources the message tables ask for, and which segments give rows to each.
void Mapper::plan(Structure const& structure) {
  work_.instances.clear();
  work_.contributions.clear();
  work_.rows.clear();
  index_segments();
  find_places(structure);
  sort_instances(structure);
  for (auto const& [segment, row] : work_.rows) add_contribution(structure, segment, row);
  std::ranges::sort(work_.contributions, {}, [](Contribution const& c) {
    return std::tuple(c.instance, c.slot, c.segment);
  });
  for (std::uint32_t i = 0; i < work_.contributions.size(); ++i) {
    auto& instance = work_.instances[work_.contributions[i].instance];
    if (instance.contribution_count++ == 0) instance.contribution = i;
  }
  auto const count = static_cast<std::uint32_t>(work_.instances.size());
  work_.order.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) work_.order[i] = i;
  std::ranges::sort(work_.order, {}, [&](std::uint32_t i) {
    return std::tuple(work_.instances[i].shape, work_.instances[i].segment, i);
  });
  for (auto& instance : work_.instances) choose_event(instance);
}

}  // namespace sinew::mapping
