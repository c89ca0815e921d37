#include <algorithm>
#include <unordered_map>
#include <vector>

#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::fhir {
namespace {

/// What makes two items of a list the same thing.
using KeyOf = std::string (*)(json::Value item);

/// Parts that cannot run into each other.
std::string join(std::initializer_list<json::Value> parts) {
  std::string key;
  for (auto part : parts) key.append(part.raw()).push_back('\n');
  return key;
}

std::string identifier_key(json::Value identifier) {
  return join({identifier["system"], identifier["value"]});
}

std::string reference_key(json::Value reference) {
  auto const identifier = reference["identifier"];
  return join({reference["reference"], identifier["system"], identifier["value"]});
}

std::string link_key(json::Value link) { return reference_key(link["other"]); }

/// Items of one key are the same unless both say a type and the types differ.
bool may_be_same(json::Value a, json::Value b) {
  auto const type_a = a["type"]["coding"].at(0);
  auto const type_b = b["type"]["coding"].at(0);
  return !type_a || !type_b ||
         (type_a["code"].raw() == type_b["code"].raw() &&
          type_a["system"].raw() == type_b["system"].raw());
}

/// The stored items in their order, each replaced by the incoming one that is the same thing, then
/// the incoming ones that are new.
std::vector<json::Value> unite(json::Value stored, json::Value incoming, KeyOf key_of) {
  std::vector<json::Value> items;
  std::unordered_multimap<std::string, std::size_t> places;
  for (auto item : stored.elements()) {
    places.emplace(key_of(item), items.size());
    items.push_back(item);
  }
  for (auto item : incoming.elements()) {
    auto const [first, last] = places.equal_range(key_of(item));
    auto const same = std::find_if(
        first, last, [&](auto const& entry) { return may_be_same(items[entry.second], item); });
    if (same != last) {
      items[same->second] = item;
    } else {
      places.emplace(key_of(item), items.size());
      items.push_back(item);
    }
  }
  return items;
}

/// Elements that several senders each know a part of.
struct UnitedElement {
  std::string_view type;  ///< empty: every type
  std::string_view name;
  KeyOf key_of;
};
constexpr UnitedElement kUnited[] = {
    {"", "identifier", identifier_key},
    {"Patient", "link", link_key},
    {"DiagnosticReport", "result", reference_key},  // a correction names only what it corrects
};

/// Elements of which messages give the parts one by one: the end of a visit comes with its
/// discharge, and a later message need not repeat it.
struct JoinedElement {
  std::string_view type, name;
};
constexpr JoinedElement kJoined[] = {
    {"Encounter", "period"},
    {"Encounter", "hospitalization"},
};

bool is_joined(std::string_view type_name, Element const& element) {
  return std::ranges::any_of(kJoined, [&](JoinedElement const& row) {
    return row.type == type_name && row.name == element.name.view();
  });
}

KeyOf united_by(std::string_view type_name, Element const& element) {
  if (!element.is_list) return nullptr;
  for (auto const& row : kUnited) {
    if (row.name == element.name.view() && (row.type.empty() || row.type == type_name)) {
      return row.key_of;
    }
  }
  return nullptr;
}

class Merge {
 public:
  Merge(json::Value stored, json::Value incoming, std::span<std::string_view const> clear)
      : stored_(stored), incoming_(incoming), clear_(clear) {}

  std::string run(TypeId resource) {
    auto const type_name = type(resource).name.view();
    note_choices(resource);
    writer_.begin_object();
    writer_.member("resourceType", type_name);
    for (auto const& element : elements(resource)) {
      auto const key_of = united_by(type_name, element);
      if (key_of && !is_cleared(element)) {
        write_united(element.name, key_of);
      } else if (is_joined(type_name, element) && !is_cleared(element)) {
        write_joined(element);
      } else {
        write_element(element);
      }
    }
    writer_.end_object();
    return std::move(out_);
  }

 private:
  /// A new value of another type takes the place of the stored one: `valueString` of
  /// `valueQuantity`.
  void note_choices(TypeId resource) {
    for (auto const& element : elements(resource)) {
      if (element.choice == 0 || !has(incoming_, element.name)) continue;
      if (replaced_choices_.size() <= element.choice) replaced_choices_.resize(element.choice + 1u);
      replaced_choices_[element.choice] = true;
    }
  }

  static bool has(json::Value resource, std::string_view name) {
    return resource[name] || resource[sibling(name)];
  }
  static std::string sibling(std::string_view name) { return "_" + std::string(name); }

  bool is_cleared(Element const& element) const {
    return std::ranges::find(clear_, element.name.view()) != clear_.end();
  }

  /// `?name`: the incoming value is for a resource that has none.
  bool is_kept(std::string_view name) const {
    return std::ranges::any_of(clear_, [&](std::string_view entry) {
      return entry.starts_with('?') && entry.substr(1) == name;
    });
  }

  bool is_stored_kept(Element const& element) const {
    bool const is_replaced =
        element.choice < replaced_choices_.size() && replaced_choices_[element.choice];
    return !is_replaced && !is_cleared(element);
  }

  void write_element(Element const& element) {
    auto const name = element.name.view();
    bool const is_id = name == "id";
    bool const stays = (is_id || is_kept(name)) && has(stored_, name);
    bool const from_incoming = has(incoming_, name) && !stays;
    if (!from_incoming && !is_stored_kept(element)) return;
    auto const source = from_incoming ? incoming_ : stored_;
    write_member(name, source[name]);
    auto const sibling_name = sibling(name);
    write_member(sibling_name, source[sibling_name]);
  }

  void write_member(std::string_view name, json::Value value) {
    if (!value) return;
    writer_.key(name);
    writer_.raw(value.source());
  }

  void write_joined(Element const& element) {
    auto const name = element.name.view();
    auto const stored = stored_[name];
    auto const incoming = incoming_[name];
    if (!stored || !incoming) return write_element(element);
    writer_.key(name);
    writer_.begin_object();
    for (auto const& part : elements(element.type)) {
      bool const is_new = has(incoming, part.name.view());
      auto const source = is_new ? incoming : stored;
      write_member(part.name.view(), source[part.name.view()]);
      auto const sibling_name = sibling(part.name.view());
      write_member(sibling_name, source[sibling_name]);
    }
    writer_.end_object();
  }

  void write_united(std::string_view name, KeyOf key_of) {
    auto const items = unite(stored_[name], incoming_[name], key_of);
    if (items.empty()) return;
    writer_.key(name);
    writer_.begin_array();
    for (auto item : items) writer_.raw(item.source());
    writer_.end_array();
  }

  json::Value stored_;
  json::Value incoming_;
  std::span<std::string_view const> clear_;
  std::vector<bool> replaced_choices_;
  std::string out_;
  json::Writer writer_{out_};
};

}  // namespace

Result<std::string> merge_resource(json::Value stored, json::Value incoming,
                                   std::span<std::string_view const> clear) {
  auto const resource = resource_type(incoming);
  if (resource == 0 || resource != resource_type(stored)) {
    return fail(ErrorCode::invalid, "cannot merge resources of different types", "resourceType");
  }
  return Merge(stored, incoming, clear).run(resource);
}

}  // namespace sinew::fhir
