#include "fhirpath/location.h"

#include "fhirpath/program.h"
#include "json/write.h"

namespace sinew::fhirpath {
namespace {

bool holds(json::Value outer, json::Value inner) {
  auto const whole = outer.source();
  auto const part = inner.source();
  return whole.data() <= part.data() && part.data() + part.size() <= whole.data() + whole.size();
}

enum class Names : bool { fhirpath, json };

/// Walks from the root to the value, always into the member that holds it.
std::string locate(json::Value root, Item const& item, Names names) {
  if (!item.is_node()) return {};
  auto const target = item.node.value.exists() ? item.node.value : item.node.twin;
  if (!target.exists() || !holds(root, target)) return {};
  std::string scratch;
  auto path = std::string(root["resourceType"].text(scratch));
  if (path.empty()) path = "$";
  auto type = item_of(root).type;
  for (auto at = root; at.source().data() != target.source().data();) {
    json::Member next;
    for (auto const member : at.members()) {
      if (holds(member.value, target)) next = member;
    }
    if (!next.value.exists()) return {};
    auto name = next.name;
    if (name.starts_with('_')) name.remove_prefix(1);
    auto const* const element = type == 0 ? nullptr : fhir::find_element(type, name);
    auto const shown =
        element != nullptr && names == Names::fhirpath ? choice_name(*element) : name;
    path += "." + std::string(shown);
    at = next.value;
    if (at.is_array()) {
      std::size_t index = 0;
      for (auto const one : at.elements()) {
        if (holds(one, target)) {
          at = one;
          break;
        }
        ++index;
      }
      if (at.is_array()) return {};
      path += "[" + std::to_string(index) + "]";
    }
    type = element == nullptr ? fhir::TypeId{0} : element->type;
    if (at["resourceType"].exists()) type = item_of(at).type;
  }
  return path;
}

std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

}  // namespace

std::string location_of(json::Value root, Item const& item) {
  return locate(root, item, Names::fhirpath);
}

std::string json_location_of(json::Value root, Item const& item) {
  return locate(root, item, Names::json);
}

std::string json_of(Item const& item) {
  switch (item.kind) {
    case ItemKind::node:
      return item.node.value.exists() ? json::print(item.node.value) : json::print(item.node.twin);
    case ItemKind::boolean:
      return item.boolean ? "true" : "false";
    case ItemKind::integer:
    case ItemKind::long_integer:
      return std::to_string(item.integer);
    case ItemKind::decimal:
      return to_string(item.decimal());
    case ItemKind::string:
      return quoted(item.text);
    case ItemKind::date:
    case ItemKind::date_time:
    case ItemKind::time:
      return quoted(to_string(item.moment, item.moment_kind()));
    case ItemKind::quantity: {
      auto const unit = quoted(item.number.unit);
      auto const start = "{\"value\":" + to_string(item.decimal()) + ",\"unit\":" + unit;
      if (item.is_calendar) return start + "}";
      return start + ",\"system\":\"http://unitsofmeasure.org\",\"code\":" + unit + "}";
    }
    case ItemKind::type_info:
      return "{\"namespace\":" + quoted(item.type_name.space) +
             ",\"name\":" + quoted(item.type_name.name) + "}";
  }
  return "null";
}

}  // namespace sinew::fhirpath
