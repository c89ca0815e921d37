#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fhir/definitions.h"
#include "fhirpath/decimal.h"
#include "fhirpath/moment.h"
#include "json/json.h"

namespace sinew::fhirpath {

enum class ItemKind : std::uint8_t {
  node,  ///< a place in a document
  boolean,
  integer,
  long_integer,
  decimal,
  string,
  date,
  date_time,
  time,
  quantity,
  type_info,  ///< what `type()` gives
};

/// One item of a collection: a node of a FHIR document or a value of FHIRPath's own types. Cheap to
/// copy; texts and nodes are views that die with the document, the expression, or the next
/// evaluation, whichever they came from.
struct Item {
  /// A node keeps its place: `value` is the JSON value, missing where a primitive has nothing but
  /// extensions; `twin` is what stands beside it as `_name`.
  struct Node {
    json::Value value;
    json::Value twin;
  };
  struct Number {
    Int128 coefficient;
    std::string_view unit;  ///< quantity: UCUM code, or the calendar word
  };
  struct TypeName {
    std::string_view space;  ///< `System` or `FHIR`
    std::string_view name;
  };

  union {
    Node node;
    Number number;
    TypeName type_name;
    std::string_view text;
    std::int64_t integer;
    Moment moment;
    bool boolean;
  };
  fhir::Element const* element = nullptr;  ///< node: the element it is a value of; none for a root
  fhir::TypeId type = 0;                   ///< node: its FHIR type; 0 where it is not known
  ItemKind kind = ItemKind::boolean;
  std::uint8_t scale = 0;  ///< decimal, quantity
  /// node: nothing called `_name` stands below, so that none is looked for. Handed down to
  /// children. OPTIMIZATION: true of most resources; saves a look-up for every primitive
  /// (paths 1.2x).
  bool has_no_twins = false;
  bool is_calendar = false;  ///< quantity: the unit is a word such as `days`, not a UCUM code

  Item() : boolean(false) {}

  [[nodiscard]] static Item of_node(json::Value value, json::Value twin, fhir::TypeId type,
                                    fhir::Element const* element);
  [[nodiscard]] static Item of_boolean(bool value);
  [[nodiscard]] static Item of_integer(std::int64_t value);
  [[nodiscard]] static Item of_long(std::int64_t value);
  [[nodiscard]] static Item of_decimal(Decimal value);
  [[nodiscard]] static Item of_string(std::string_view text);
  [[nodiscard]] static Item of_moment(Moment moment, MomentKind kind);
  [[nodiscard]] static Item of_quantity(Decimal value, std::string_view unit, bool is_calendar);
  [[nodiscard]] static Item of_type(std::string_view space, std::string_view name);

  [[nodiscard]] bool is_node() const { return kind == ItemKind::node; }
  /// decimal, quantity; also integer and long_integer
  [[nodiscard]] Decimal decimal() const;
  /// date, date_time, time
  [[nodiscard]] MomentKind moment_kind() const;
};

[[nodiscard]] inline bool is_integer(Item const& item) {
  return item.kind == ItemKind::integer || item.kind == ItemKind::long_integer;
}
[[nodiscard]] inline bool is_number(Item const& item) {
  return is_integer(item) || item.kind == ItemKind::decimal;
}
[[nodiscard]] inline bool is_moment(Item const& item) {
  return item.kind == ItemKind::date || item.kind == ItemKind::date_time ||
         item.kind == ItemKind::time;
}

inline Item Item::of_node(json::Value value, json::Value twin, fhir::TypeId type,
                          fhir::Element const* element) {
  Item item;
  item.kind = ItemKind::node;
  item.node = {value, twin};
  item.type = type;
  item.element = element;
  return item;
}

inline Item Item::of_boolean(bool value) {
  Item item;
  item.boolean = value;
  return item;
}

inline Item Item::of_integer(std::int64_t value) {
  Item item;
  item.kind = ItemKind::integer;
  item.integer = value;
  return item;
}

inline Item Item::of_long(std::int64_t value) {
  Item item = of_integer(value);
  item.kind = ItemKind::long_integer;
  return item;
}

inline Item Item::of_decimal(Decimal value) {
  Item item;
  item.kind = ItemKind::decimal;
  item.number = {value.coefficient, {}};
  item.scale = static_cast<std::uint8_t>(value.scale);
  return item;
}

inline Item Item::of_string(std::string_view text) {
  Item item;
  item.kind = ItemKind::string;
  item.text = text;
  return item;
}

inline Item Item::of_moment(Moment moment, MomentKind kind) {
  Item item;
  item.kind = kind == MomentKind::date        ? ItemKind::date
              : kind == MomentKind::date_time ? ItemKind::date_time
                                              : ItemKind::time;
  item.moment = moment;
  return item;
}

inline Item Item::of_quantity(Decimal value, std::string_view unit, bool is_calendar) {
  Item item = of_decimal(value);
  item.kind = ItemKind::quantity;
  item.number.unit = unit;
  item.is_calendar = is_calendar;
  return item;
}

inline Item Item::of_type(std::string_view space, std::string_view name) {
  Item item;
  item.kind = ItemKind::type_info;
  item.type_name = {space, name};
  return item;
}

/// The item for a whole resource, its type taken from `resourceType`.
[[nodiscard]] Item item_of(json::Value resource);

/// `Integer`, `DateTime`; of a node the name of its FHIR type, `` where that is not known.
[[nodiscard]] std::string_view type_name(Item const& item);
/// `System` or `FHIR`.
[[nodiscard]] std::string_view type_space(Item const& item);

/// Like nodes: a type that is `ancestor` or comes from it.
[[nodiscard]] bool is_subtype(fhir::TypeId type, fhir::TypeId ancestor);

}  // namespace sinew::fhirpath
