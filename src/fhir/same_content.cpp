#include <algorithm>
#include <vector>

#include "fhir/resource.h"

namespace sinew::fhir {
namespace {

using Members = std::vector<json::Member>;

/// Sorted by name, without those that `is_ignored` names.
template <class IsIgnored>
Members sorted_members(json::Value object, IsIgnored is_ignored) {
  Members members;
  for (auto const member : object.members()) {
    if (!is_ignored(member)) members.push_back(member);
  }
  std::ranges::sort(members, {}, &json::Member::name);
  return members;
}

bool is_server_made(std::string_view name) { return name == "versionId" || name == "lastUpdated"; }

bool has_own_meta(json::Value meta) {
  auto const members = meta.members();
  return std::any_of(members.begin(), members.end(),
                     [](json::Member member) { return !is_server_made(member.name); });
}

bool has_same_scalar(json::Value a, json::Value b) {
  if (a.is_string()) {
    std::string scratch_a;
    std::string scratch_b;
    return a.text(scratch_a) == b.text(scratch_b);
  }
  return a.raw() == b.raw();
}

struct Pair {
  json::Value a, b;
};

/// Puts the values that have to be equal for the two lists of members to be equal on the stack.
bool push_members(Members const& a, Members const& b, std::vector<Pair>& pairs) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name) return false;
    pairs.push_back({a[i].value, b[i].value});
  }
  return true;
}

bool push_items(json::Value a, json::Value b, std::vector<Pair>& pairs) {
  if (a.size() != b.size()) return false;
  auto other = b.elements().begin();
  for (auto item : a.elements()) {
    pairs.push_back({item, *other});
    ++other;
  }
  return true;
}

bool compare(std::vector<Pair> pairs) {
  auto const none = [](json::Member const&) { return false; };
  while (!pairs.empty()) {
    auto const [a, b] = pairs.back();
    pairs.pop_back();
    if (a.exists() != b.exists() || a.kind() != b.kind()) return false;
    if (a.is_object()) {
      if (!push_members(sorted_members(a, none), sorted_members(b, none), pairs)) return false;
    } else if (a.is_array()) {
      if (!push_items(a, b, pairs)) return false;
    } else if (!has_same_scalar(a, b)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool same_content(json::Value a, json::Value b) {
  if (!a.is_object() || !b.is_object()) return compare({{a, b}});
  auto const is_meta = [](json::Member const& member) { return member.name == "meta"; };
  auto const is_made = [](json::Member const& member) { return is_server_made(member.name); };
  std::vector<Pair> pairs;
  if (!push_members(sorted_members(a, is_meta), sorted_members(b, is_meta), pairs)) return false;
  auto const meta_a = a["meta"];
  auto const meta_b = b["meta"];
  if (has_own_meta(meta_a) != has_own_meta(meta_b)) return false;
  if (!push_members(sorted_members(meta_a, is_made), sorted_members(meta_b, is_made), pairs)) {
    return false;
  }
  return compare(std::move(pairs));
}

}  // namespace sinew::fhir
