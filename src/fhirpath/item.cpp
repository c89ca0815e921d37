#include "fhirpath/item.h"

#include "fhir/resource.h"

namespace sinew::fhirpath {

Item Item::of_node(json::Value value, json::Value twin, fhir::TypeId type,
                   fhir::Element const* element) {
  Item item;
  item.kind = ItemKind::node;
  item.node = {value, twin};
  item.type = type;
  item.element = element;
  return item;
}

Item Item::of_boolean(bool value) {
  Item item;
  item.boolean = value;
  return item;
}

Item Item::of_integer(std::int64_t value) {
  Item item;
  item.kind = ItemKind::integer;
  item.integer = value;
  return item;
}

Item Item::of_long(std::int64_t value) {
  Item item = of_integer(value);
  item.kind = ItemKind::long_integer;
  return item;
}

Item Item::of_decimal(Decimal value) {
  Item item;
  item.kind = ItemKind::decimal;
  item.number = {value.coefficient, {}};
  item.scale = static_cast<std::uint8_t>(value.scale);
  return item;
}

Item Item::of_string(std::string_view text) {
  Item item;
  item.kind = ItemKind::string;
  item.text = text;
  return item;
}

Item Item::of_moment(Moment moment, MomentKind kind) {
  Item item;
  item.kind = kind == MomentKind::date        ? ItemKind::date
              : kind == MomentKind::date_time ? ItemKind::date_time
                                              : ItemKind::time;
  item.moment = moment;
  return item;
}

Item Item::of_quantity(Decimal value, std::string_view unit, bool is_calendar) {
  Item item = of_decimal(value);
  item.kind = ItemKind::quantity;
  item.number.unit = unit;
  item.is_calendar = is_calendar;
  return item;
}

Item Item::of_type(std::string_view space, std::string_view name) {
  Item item;
  item.kind = ItemKind::type_info;
  item.type_name = {space, name};
  return item;
}

Decimal Item::decimal() const {
  if (is_integer(*this)) return Decimal::of(integer);
  return {number.coefficient, scale};
}

MomentKind Item::moment_kind() const {
  if (kind == ItemKind::date) return MomentKind::date;
  return kind == ItemKind::time ? MomentKind::time : MomentKind::date_time;
}

Item item_of(json::Value resource) {
  return Item::of_node(resource, {}, fhir::resource_type(resource), nullptr);
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
