// Reading single values out of collections, types, and texts of values.

#include <algorithm>
#include <array>

#include "fhirpath/machine.h"

namespace sinew::fhirpath {
namespace {

constexpr auto kSystemTypes =
    std::to_array<std::string_view>({"Any", "Boolean", "Date", "DateTime", "Decimal", "Integer",
                                     "Long", "Quantity", "String", "Time", "TypeInfo"});

}  // namespace

Got Machine::single(Range range, Item& out) {
  if (range.empty()) return Got::nothing;
  if (range.size() > 1) {
    fail(ErrorCode::invalid, "expected a single item, found several");
    return Got::failure;
  }
  out = plain(items_[range.begin]);
  // A primitive that has only extensions has no value.
  if (out.is_node() && !out.node.value.exists()) return Got::nothing;
  return Got::value;
}

Got Machine::text(Range range, std::string_view& out) {
  Item item;
  auto const got = single(range, item);
  if (got != Got::value) return got;
  if (item.kind == ItemKind::string) return out = item.text, Got::value;
  // A FHIR primitive of another type is taken as written: `birthDate.startsWith('19')`.
  if (auto const& original = items_[range.begin]; original.is_node()) {
    if (auto const written = lexical(original)) return out = *written, Got::value;
  }
  fail(ErrorCode::invalid, "expected a text");
  return Got::failure;
}

Got Machine::integer(Range range, std::int64_t& out) {
  Item item;
  auto const got = single(range, item);
  if (got != Got::value) return got;
  if (is_integer(item)) return out = item.integer, Got::value;
  fail(ErrorCode::invalid, "expected an integer");
  return Got::failure;
}

Got Machine::decimal(Range range, Decimal& out) {
  Item item;
  auto const got = single(range, item);
  if (got != Got::value) return got;
  if (is_number(item)) return out = item.decimal(), Got::value;
  fail(ErrorCode::invalid, "expected a number");
  return Got::failure;
}

bool Machine::truth(Range range, Truth& out) {
  out = Truth::unknown;
  if (range.size() == 1 && items_[range.begin].kind == ItemKind::boolean) {
    return out = truth_of(items_[range.begin].boolean), true;
  }
  if (range.size() > 1 && program_->is_r4_definition) return out = Truth::yes, true;
  Item item;
  auto const got = single(range, item);
  if (got != Got::value) return got == Got::nothing;
  // Source: FHIRPath N1 #singleton-evaluation-of-collections
  out = truth_of(item.kind != ItemKind::boolean || item.boolean);
  return true;
}

TypeSpecifier specify_type(std::string_view space, std::string_view name) {
  TypeSpecifier type;
  type.name = name;
  if (space != "System") type.fhir_type = fhir::find_type(name);
  type.may_be_fhir = type.fhir_type != 0;
  type.may_be_system = space != "FHIR" && std::ranges::binary_search(kSystemTypes, name);
  type.is_known = type.may_be_fhir || type.may_be_system;
  return type;
}

bool is_of_type(Item const& item, TypeSpecifier const& type, bool exactly) {
  if (!item.is_node()) {
    if (!type.may_be_system) return false;
    return type_name(item) == type.name || (type.name == "Any" && !exactly);
  }
  if (!type.may_be_fhir) {
    if (item.type != 0 || type.is_known) return false;
    // A type that R4 does not know, of a resource that says what it is.
    std::string scratch;
    return item.node.value["resourceType"].text(scratch) == type.name;
  }
  if (item.type == 0) {
    auto const kind = item.node.value.exists() ? item.node.value.kind() : json::Kind::null;
    return (kind == json::Kind::string && type.name == "string") ||
           (kind == json::Kind::boolean && type.name == "boolean") ||
           (kind == json::Kind::number && (type.name == "decimal" || type.name == "integer"));
  }
  // DEVIATION: `as` and `ofType` on primitives take the very type, as the official suite has it
  // (testFHIRPathAsFunction11): a code is a string for `is` alone.
  if (exactly && fhir::type(item.type).kind == fhir::TypeKind::primitive) {
    return item.type == type.fhir_type;
  }
  return is_subtype(item.type, type.fhir_type);
}

std::optional<std::string> to_text(Machine& machine, Item const& item) {
  if (auto const written = item.is_node() ? machine.lexical(item) : std::nullopt) {
    return std::string(*written);
  }
  auto const value = machine.plain(item);
  switch (value.kind) {
    case ItemKind::boolean:
      return value.boolean ? "true" : "false";
    case ItemKind::integer:
    case ItemKind::long_integer:
      return std::to_string(value.integer);
    case ItemKind::decimal:
      return to_string(value.decimal());
    case ItemKind::string:
      return std::string(value.text);
    case ItemKind::date:
    case ItemKind::date_time:
    case ItemKind::time:
      return to_string(value.moment, value.moment_kind());
    case ItemKind::quantity: {
      auto const number = to_string(value.decimal());
      auto const unit = std::string(value.number.unit);
      return value.is_calendar ? number + " " + unit : number + " '" + unit + "'";
    }
    case ItemKind::type_info:
      return std::string(value.type_name.space) + "." + std::string(value.type_name.name);
    case ItemKind::node:
      break;
  }
  return std::nullopt;
}

}  // namespace sinew::fhirpath
