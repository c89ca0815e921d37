#include "fhirpath/item.h"

#include "fhir/resource.h"

namespace sinew::fhirpath {

Decimal Item::decimal() const {
  if (is_integer(*this)) return Decimal::of(integer);
  return {number.coefficient, scale};
}

MomentKind Item::moment_kind() const {
  if (kind == ItemKind::date) return MomentKind::date;
  return kind == ItemKind::time ? MomentKind::time : MomentKind::date_time;
}

namespace {

/// True when no member's name begins with '_'. A text that only looks like one does no harm.
bool has_no_twin_names(std::string_view text) {
  for (auto at = text.find('_'); at != text.npos; at = text.find('_', at + 1)) {
    if (at > 0 && (text[at - 1] == '"' || text[at - 1] == '\\')) return false;
  }
  // `\u005f` would be one too.
  return text.find("\\u") == text.npos;
}

}  // namespace

Item item_of(json::Value resource) {
  auto item = Item::of_node(resource, {}, fhir::resource_type(resource), nullptr);
  item.has_no_twins = has_no_twin_names(resource.source());
  return item;
}

std::string_view type_name(Item const& item) {
  switch (item.kind) {
    case ItemKind::node:
      return item.type == 0 ? std::string_view() : fhir::type(item.type).name;
    case ItemKind::boolean:
      return "Boolean";
    case ItemKind::integer:
      return "Integer";
    case ItemKind::long_integer:
      return "Long";
    case ItemKind::decimal:
      return "Decimal";
    case ItemKind::string:
      return "String";
    case ItemKind::date:
      return "Date";
    case ItemKind::date_time:
      return "DateTime";
    case ItemKind::time:
      return "Time";
    case ItemKind::quantity:
      return "Quantity";
    case ItemKind::type_info:
      return "TypeInfo";
  }
  return {};
}

std::string_view type_space(Item const& item) { return item.is_node() ? "FHIR" : "System"; }

bool is_subtype(fhir::TypeId type, fhir::TypeId ancestor) {
  for (; type != 0; type = fhir::type(type).base) {
    if (type == ancestor) return true;
  }
  return false;
}

}  // namespace sinew::fhirpath
