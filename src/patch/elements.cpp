#include "patch/elements.h"

#include <algorithm>

namespace sinew::patch {
namespace {

std::string twin_name(std::string_view name) { return '_' + std::string(name); }

}  // namespace

std::optional<Place> Elements::place_of(fhirpath::Item const& item) const {
  if (!item.is_node()) return {};
  auto const node = tree_.find(item.node.value.exists() ? item.node.value : item.node.twin);
  if (node == kNoNode || node == tree_.root()) return {};
  Place place;
  auto member = node;
  if (tree_.kind(tree_.parent(node)) == json::Kind::array) {
    place.index = tree_.index_of(node);
    member = tree_.parent(node);
  }
  place.owner = tree_.parent(member);
  place.name = tree_.name(member);
  if (place.name.starts_with('_')) place.name.erase(0, 1);
  return place;
}

std::size_t Elements::size(NodeId owner, std::string_view name) const {
  std::size_t size = 0;
  for (auto const& each : {std::string(name), twin_name(name)}) {
    auto const list = tree_.member(owner, each);
    if (list != kNoNode && tree_.kind(list) == json::Kind::array) {
      size = std::max(size, tree_.children(list).size());
    }
  }
  return size;
}

bool Elements::exists(NodeId owner, std::string_view name) const {
  return tree_.member(owner, name) != kNoNode || tree_.member(owner, twin_name(name)) != kNoNode;
}

Elements::Lists Elements::open_lists(NodeId owner, std::string_view name) {
  auto const open = [&](std::string const& member) {
    auto list = tree_.member(owner, member);
    if (list == kNoNode) {
      list = tree_.make(json::Kind::array);
      tree_.set_member(owner, member, list);
    }
    return list;
  };
  auto const length = size(owner, name);
  Lists const lists{open(std::string(name)), open(twin_name(name))};
  for (auto const list : {lists.values, lists.twins}) {
    while (tree_.children(list).size() < length) {
      tree_.insert(list, tree_.children(list).size(), tree_.make(json::Kind::null));
    }
  }
  return lists;
}

void Elements::close_lists(Lists lists) {
  for (auto const list : {lists.values, lists.twins}) {
    bool const says_nothing = std::ranges::all_of(
        tree_.children(list), [&](NodeId child) { return tree_.kind(child) == json::Kind::null; });
    if (says_nothing) tree_.detach(list);
  }
}

void Elements::set(NodeId owner, std::string_view name, Content content) {
  if (content.value != kNoNode) tree_.set_member(owner, name, content.value);
  if (content.twin != kNoNode) tree_.set_member(owner, twin_name(name), content.twin);
}

void Elements::insert(NodeId owner, std::string_view name, std::size_t index, Content content) {
  auto const lists = open_lists(owner, name);
  tree_.insert(lists.values, index, or_null(content.value));
  tree_.insert(lists.twins, index, or_null(content.twin));
  close_lists(lists);
}

Content Elements::remove(Place const& place) {
  Content taken;
  if (!place.index) {
    taken = {tree_.member(place.owner, place.name),
             tree_.member(place.owner, twin_name(place.name))};
    for (auto const node : {taken.value, taken.twin}) {
      if (node != kNoNode) tree_.detach(node);
    }
    return taken;
  }
  auto const lists = open_lists(place.owner, place.name);
  taken = {tree_.children(lists.values)[*place.index], tree_.children(lists.twins)[*place.index]};
  tree_.detach(taken.value);
  tree_.detach(taken.twin);
  close_lists(lists);
  return {unless_null(taken.value), unless_null(taken.twin)};
}

void Elements::replace(Place const& place, Content content) {
  if (place.index) {
    auto const lists = open_lists(place.owner, place.name);
    tree_.replace(tree_.children(lists.values)[*place.index], or_null(content.value));
    tree_.replace(tree_.children(lists.twins)[*place.index], or_null(content.twin));
    return close_lists(lists);
  }
  auto const old = tree_.member(place.owner, place.name);
  auto const old_twin = tree_.member(place.owner, twin_name(place.name));
  if (old_twin != kNoNode && content.twin == kNoNode) tree_.detach(old_twin);
  if (old != kNoNode && content.value == kNoNode) tree_.detach(old);
  set(place.owner, place.name, content);
}

NodeId Elements::twin_object(Place const& place) {
  auto const fresh = [&] { return tree_.make(json::Kind::object); };
  if (!place.index) {
    auto twin = tree_.member(place.owner, twin_name(place.name));
    if (twin == kNoNode) tree_.set_member(place.owner, twin_name(place.name), twin = fresh());
    return twin;
  }
  auto const lists = open_lists(place.owner, place.name);
  auto twin = tree_.children(lists.twins)[*place.index];
  if (tree_.kind(twin) == json::Kind::null) {
    auto const made = fresh();
    tree_.replace(twin, made);
    twin = made;
  }
  close_lists(lists);
  return twin;
}

}  // namespace sinew::patch
