#include "contract/places.h"

#include <map>

#include "wire/hl7v2/dictionary.h"

namespace sinew::contract {
namespace {

hl7v2::StructureNode structure_of(ProfiledNode const& node) {
  hl7v2::StructureNode made{};
  made.name = node.name;
  made.is_group = node.is_group;
  made.required = node.usage == "R";
  made.repeats = node.max != 1;
  for (auto const& child : node.children) made.children.push_back(structure_of(child));
  return made;
}

}  // namespace

Places::Places(hl7v2::Message const& message, ProfiledNode const& profile)
    : message_(message),
      charset_(hl7v2::Charset::of(message)),
      structure_(structure_of(profile)),
      tree_(hl7v2::group_segments(message, structure_)),
      profiled_(tree_.nodes.size(), nullptr),
      positions_(tree_.nodes.size(), kNone),
      instances_(tree_.nodes.size(), 1),
      paths_(tree_.nodes.size()) {
  constexpr auto kNoNode = hl7v2::GroupTree::kNone;
  profiled_[0] = &profile;
  std::map<std::string, std::size_t, std::less<>> instances;
  for (std::uint32_t at = 0; at < tree_.nodes.size(); ++at) {
    auto const* const group = profiled_[at];
    if (tree_.nodes[at].segment != kNoNode) continue;
    // Of two children of one name, a segment is the first that stands behind the one before it.
    std::size_t from = 0;
    std::map<std::size_t, std::size_t> seen;
    for (auto child = tree_.nodes[at].first_child; child != kNoNode;
         child = tree_.nodes[child].next_sibling) {
      auto const& node = tree_.nodes[child];
      bool const is_group = node.segment == kNoNode;
      paths_[child] =
          std::string(node.name) + "[" + std::to_string(++instances[std::string(node.name)]) + "]";
      if (group == nullptr) continue;
      auto const count = group->children.size();
      for (std::size_t i = 0; i < count; ++i) {
        auto const index = (from + i) % count;
        auto const& candidate = group->children[index];
        if (candidate.name != node.name || candidate.is_group != is_group) continue;
        profiled_[child] = &candidate;
        positions_[child] = index + 1;
        instances_[child] = ++seen[index];
        from = index;
        break;
      }
    }
  }
}

Place Places::place_of(std::uint32_t node) const {
  bool const is_group = tree_.nodes[node].segment == hl7v2::GroupTree::kNone;
  return {is_group ? Place::Kind::group : Place::Kind::segment,
          node,
          {},
          paths_[node],
          instances_[node]};
}

std::vector<Place> Places::children(Place const& place, std::size_t position) const {
  using Kind = Place::Kind;
  std::vector<Place> found;
  if (place.kind == Kind::group) {
    for (auto child = tree_.nodes[place.node].first_child; child != hl7v2::GroupTree::kNone;
         child = tree_.nodes[child].next_sibling) {
      if (positions_[child] == position) found.push_back(place_of(child));
    }
    return found;
  }
  auto const& delimiters = message_.delimiters();
  if (place.kind == Kind::segment) {
    auto const segment = tree_.nodes[place.node].segment;
    auto const field = message_.field(segment, position);
    if (field.empty()) return found;
    auto const path = place.path + "-" + std::to_string(position);
    // The delimiters themselves are one value.
    bool const is_delimiters = position <= 2 && message_.segment_id(segment) == "MSH";
    if (is_delimiters) return {{Kind::subcomponent, 0, field, path + "[1]"}};
    auto const count = hl7v2::part_count(field, delimiters.repetition);
    for (std::size_t i = 0; i < count && i < kPlacesMax; ++i) {
      auto const raw = hl7v2::part(field, delimiters.repetition, i);
      if (!raw.empty())
        found.push_back({Kind::field, 0, raw, path + "[" + std::to_string(i + 1) + "]", i + 1});
    }
    return found;
  }
  if (place.kind == Kind::subcomponent) return found;
  bool const is_field = place.kind == Kind::field;
  auto const raw = hl7v2::part(place.raw, is_field ? delimiters.component : delimiters.subcomponent,
                               position - 1);
  if (!raw.empty()) {
    found.push_back({is_field ? Kind::component : Kind::subcomponent, 0, raw,
                     place.path + "." + std::to_string(position)});
  }
  return found;
}

std::vector<Place> Places::walk(Place const& from, RulePath const& path, std::size_t steps) const {
  std::vector<Place> places = {from};
  for (std::size_t i = 0; i < steps; ++i) {
    auto const& step = path.steps[i];
    std::vector<Place> next;
    for (auto const& place : places) {
      auto all = children(place, step.position);
      for (std::size_t at = 0; at < all.size() && next.size() < kPlacesMax; ++at) {
        if (step.instance == 0 || step.instance == at + 1) next.push_back(std::move(all[at]));
      }
    }
    places = std::move(next);
  }
  return places;
}

std::vector<Place> Places::resolve(Place const& from, RulePath const& path) const {
  return walk(from, path, path.steps.size());
}

std::vector<Place> Places::resolve_parents(Place const& from, RulePath const& path) const {
  return walk(from, path, path.steps.empty() ? 0 : path.steps.size() - 1);
}

std::string Places::text(Place const& place) const {
  auto raw = place.raw;
  auto const& delimiters = message_.delimiters();
  if (place.kind == Place::Kind::field) raw = hl7v2::part(raw, delimiters.component, 0);
  if (place.kind != Place::Kind::subcomponent) raw = hl7v2::part(raw, delimiters.subcomponent, 0);
  std::string out;
  hl7v2::append_text(out, raw, delimiters, charset_);
  return out;
}

}  // namespace sinew::contract
