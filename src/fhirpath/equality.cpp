#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/text.h"
#include "fhirpath/machine.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath {
namespace {

/// Compares two JSON values: members in any order, numbers by value. With a stack of its own.
bool is_same_tree(Machine& machine, json::Value left, json::Value right) {
  std::vector<std::pair<json::Value, json::Value>> open{{left, right}};
  std::string scratch_a, scratch_b;
  while (!open.empty()) {
    auto const [a, b] = open.back();
    open.pop_back();
    if (!machine.spend(1)) return false;
    if (a.exists() != b.exists()) return false;
    if (!a.exists()) continue;
    if (a.kind() != b.kind() || a.size() != b.size()) return false;
    if (a.source().data() == b.source().data()) continue;
    if (a.is_object()) {
      for (auto const [name, member] : a.members()) open.emplace_back(member, b[name]);
    } else if (a.is_array()) {
      auto other = b.elements().begin();
      for (auto const item : a.elements()) open.emplace_back(item, *other), ++other;
    } else if (a.is_number()) {
      auto const number_a = parse_decimal(a.raw());
      auto const number_b = parse_decimal(b.raw());
      if (!number_a || !number_b ? a.raw() != b.raw() : compare(*number_a, *number_b) != 0) {
        return false;
      }
    } else if (a.raw() != b.raw() && a.text(scratch_a) != b.text(scratch_b)) {
      return false;
    }
  }
  return true;
}

/// Case and runs of white space do not count. Source: FHIRPath N1 #equivalent.
bool is_equivalent_text(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    bool const space_a = is_ascii_space(a[i]);
    bool const space_b = is_ascii_space(b[j]);
    if (space_a != space_b) return false;
    if (space_a) {
      ++i, ++j;
      continue;
    }
    if (to_ascii_lower(a[i]) != to_ascii_lower(b[j])) return false;
    ++i, ++j;
  }
  return i == a.size() && j == b.size();
}

Truth equal_moments(Item const& a, Item const& b) {
  if ((a.kind == ItemKind::time) != (b.kind == ItemKind::time)) return Truth::no;
  auto const order = compare(a.moment, b.moment);
  return order ? truth_of(*order == 0) : Truth::unknown;
}

Truth equal_quantities(Machine& machine, Item const& a, Item const& b) {
  auto const* const units = machine.units().find(a, b);
  // "If the dimensions of the quantities differ, the result is empty"; so for unknown units.
  if (units == nullptr) return Truth::unknown;
  return truth_of(ucum::compare(a.decimal(), units->a, b.decimal(), units->b, units->ratio) == 0);
}

/// A number beside a quantity is one in the unit '1'.
Item as_quantity(Item const& item) {
  return is_number(item) ? Item::of_quantity(item.decimal(), "1", false) : item;
}

bool are_both_number_or_quantity(Item const& a, Item const& b) {
  return (a.kind == ItemKind::quantity && (b.kind == ItemKind::quantity || is_number(b))) ||
         (b.kind == ItemKind::quantity && is_number(a));
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t more) {
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;
  hash = (hash ^ more) * kMix;
  return hash ^ hash >> 32;
}

std::uint64_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text); }

/// Of an object: its text members, whatever their order.
std::uint64_t hash_tree(json::Value value) {
  std::uint64_t sum = value.size();
  if (!value.is_object()) return sum;
  for (auto const [name, member] : value.members()) {
    auto const raw = member.raw();
    bool const is_plain = member.is_string() && raw.find('\\') == raw.npos;
    sum += is_plain ? mix(hash_text(name), hash_text(raw)) : hash_text(name);
  }
  return sum;
}

}  // namespace

Truth equals(Machine& machine, Item const& left, Item const& right) {
  Item made_a, made_b;
  auto const& a = machine.plain(left, made_a);
  auto const& b = machine.plain(right, made_b);
  if (a.kind == ItemKind::string && b.kind == ItemKind::string) {
    return truth_of(a.text == b.text);
  }
  if (a.is_node() || b.is_node()) {
    if (!a.is_node() || !b.is_node()) return Truth::no;
    return truth_of(is_same_tree(machine, a.node.value, b.node.value) &&
                    is_same_tree(machine, a.node.value.exists() ? json::Value() : a.node.twin,
                                 b.node.value.exists() ? json::Value() : b.node.twin));
  }
  if (is_number(a) && is_number(b)) return truth_of(compare(a.decimal(), b.decimal()) == 0);
  if (are_both_number_or_quantity(a, b))
    return equal_quantities(machine, as_quantity(a), as_quantity(b));
  if (is_moment(a) && is_moment(b)) return equal_moments(a, b);
  if (a.kind != b.kind) return Truth::no;
  if (a.kind == ItemKind::boolean) return truth_of(a.boolean == b.boolean);
  return truth_of(a.type_name.space == b.type_name.space && a.type_name.name == b.type_name.name);
}

Truth equals(Machine& machine, Range a, Range b) {
  if (a.empty() || b.empty()) return Truth::unknown;
  if (a.size() != b.size()) return Truth::no;
  auto result = Truth::yes;
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    auto const truth = equals(machine, machine.at(a.begin + i), machine.at(b.begin + i));
    if (truth == Truth::no) return Truth::no;
    if (truth == Truth::unknown) result = Truth::unknown;
  }
  return result;
}

bool are_equivalent(Machine& machine, Item const& left, Item const& right) {
  Item made_a, made_b;
  auto const& a = machine.plain(left, made_a);
  auto const& b = machine.plain(right, made_b);
  if (a.kind == ItemKind::string && b.kind == ItemKind::string) {
    return is_equivalent_text(a.text, b.text);
  }
  if (is_number(a) && is_number(b)) {
    auto const scale = std::min(normalized(a.decimal()).scale, normalized(b.decimal()).scale);
    return compare(round(a.decimal(), scale, Rounding::half_away),
                   round(b.decimal(), scale, Rounding::half_away)) == 0;
  }
  if (are_both_number_or_quantity(a, b)) {
    return are_equivalent_quantities(machine.units(), as_quantity(a), as_quantity(b));
  }
  if (is_moment(a) && is_moment(b)) {
    return (a.kind == ItemKind::time) == (b.kind == ItemKind::time) &&
           equivalent(a.moment, b.moment);
  }
  return equals(machine, a, b) == Truth::yes;
}

bool are_equivalent(Machine& machine, Range a, Range b) {
  if (a.size() != b.size()) return false;
  std::vector<bool> used(b.size());
  for (auto i = a.begin; i < a.end; ++i) {
    bool found = false;
    for (std::uint32_t j = 0; j < b.size() && !found; ++j) {
      if (used[j] || !machine.spend(1)) continue;
      found = are_equivalent(machine, machine.at(i), machine.at(b.begin + j));
      if (found) used[j] = true;
    }
    if (!found) return false;
  }
  return true;
}

std::uint64_t hash_of(Machine& machine, Item const& item) {
  auto const value = machine.plain(item);
  switch (value.kind) {
    case ItemKind::string:
      return hash_text(value.text);
    case ItemKind::integer:
    case ItemKind::long_integer:
    case ItemKind::decimal: {
      // Whole parts are equal where values are; a quantity may equal a number, see below.
      auto const number = normalized(value.decimal());
      return mix(static_cast<std::uint64_t>(number.coefficient),
                 static_cast<std::uint64_t>(number.scale));
    }
    case ItemKind::boolean:
      return value.boolean ? 1 : 2;
    case ItemKind::node:
      return hash_tree(value.node.value);
    default:
      return static_cast<std::uint64_t>(ItemKind::date);  // equality decides
  }
}

bool is_in(Machine& machine, Item const& item, Range range) {
  for (auto i = range.begin; i < range.end; ++i) {
    if (!machine.spend(1)) return false;
    if (equals(machine, item, machine.at(i)) == Truth::yes) return true;
  }
  return false;
}

bool push_distinct(Machine& machine, Range range) { return push_union(machine, range, {}); }

bool push_union(Machine& machine, Range a, Range b) {
  constexpr std::uint32_t kFewItems = 16;  // below, comparing is cheaper than hashing
  auto const begin = machine.size();
  bool const hashes = a.size() + b.size() > kFewItems;
  std::unordered_multimap<std::uint64_t, std::uint32_t> seen;
  for (auto const range : {a, b}) {
    for (auto i = range.begin; i < range.end; ++i) {
      Item const item = machine.at(i);
      bool found = false;
      if (hashes) {
        auto const hash = hash_of(machine, item);
        auto [at, end] = seen.equal_range(hash);
        for (; at != end && !found; ++at) {
          if (!machine.spend(1)) return false;
          found = equals(machine, item, machine.at(at->second)) == Truth::yes;
        }
        if (!found) seen.emplace(hash, machine.size());
      } else {
        found = is_in(machine, item, {begin, machine.size()});
      }
      if (!machine.spend(1)) return false;
      if (!found) machine.push(item);
    }
  }
  return true;
}

Got compare(Machine& machine, Item const& left, Item const& right, std::strong_ordering& order) {
  Item made_a, made_b;
  auto const& a = machine.plain(left, made_a);
  auto const& b = machine.plain(right, made_b);
  if (is_integer(a) && is_integer(b)) return order = a.integer <=> b.integer, Got::value;
  if (is_number(a) && is_number(b)) {
    return order = compare(a.decimal(), b.decimal()), Got::value;
  }
  if (a.kind == ItemKind::string && b.kind == ItemKind::string) {
    auto const result = a.text.compare(b.text);
    return order = result <=> 0, Got::value;
  }
  bool const are_moments =
      is_moment(a) && is_moment(b) && (a.kind == ItemKind::time) == (b.kind == ItemKind::time);
  if (are_moments) {
    auto const known = compare(a.moment, b.moment);
    if (!known) return Got::nothing;
    return order = *known, Got::value;
  }
  if (are_both_number_or_quantity(a, b)) {
    auto const quantity_a = as_quantity(a);
    auto const quantity_b = as_quantity(b);
    auto const* const units = machine.units().find(quantity_a, quantity_b);
    if (units == nullptr) return Got::nothing;
    order = ucum::compare(a.decimal(), units->a, b.decimal(), units->b, units->ratio);
    return Got::value;
  }
  machine.fail(ErrorCode::invalid, "these types have no order between them");
  return Got::failure;
}

}  // namespace sinew::fhirpath
