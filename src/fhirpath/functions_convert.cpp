// Source: FHIRPath N1 #conversion. `convertsToX` is true exactly where `toX` gives something.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhirpath/functions.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath::functions {
namespace {

using Convert = std::optional<Item>(Machine&, Call const&, Item const&);

std::optional<Item> boolean_of(Machine&, Call const&, Item const& item) {
  constexpr auto kYes = std::to_array<std::string_view>({"true", "t", "yes", "y", "1", "1.0"});
  constexpr auto kNo = std::to_array<std::string_view>({"false", "f", "no", "n", "0", "0.0"});
  if (item.kind == ItemKind::boolean) return item;
  if (is_number(item)) {
    if (compare(item.decimal(), Decimal::of(1)) == 0) return Item::of_boolean(true);
    if (compare(item.decimal(), Decimal::of(0)) == 0) return Item::of_boolean(false);
    return std::nullopt;
  }
  if (item.kind != ItemKind::string) return std::nullopt;
  auto const text = to_lower(item.text);
  if (std::ranges::find(kYes, text) != kYes.end()) return Item::of_boolean(true);
  if (std::ranges::find(kNo, text) != kNo.end()) return Item::of_boolean(false);
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(Item const& item) {
  if (is_integer(item)) return item.integer;
  if (item.kind == ItemKind::boolean) return item.boolean ? 1 : 0;
  if (item.kind != ItemKind::string) return std::nullopt;
  auto text = item.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_integer<std::int64_t>(text);
}

std::optional<Item> integer_of(Machine&, Call const&, Item const& item) {
  auto const value = whole_number(item);
  if (!value || *value > kIntegerMax || *value < -kIntegerMax - 1) return std::nullopt;
  return Item::of_integer(*value);
}

std::optional<Item> long_of(Machine&, Call const&, Item const& item) {
  auto const value = whole_number(item);
  return value ? std::optional(Item::of_long(*value)) : std::nullopt;
}

std::optional<Item> decimal_of(Machine&, Call const&, Item const& item) {
  if (is_number(item)) return Item::of_decimal(item.decimal());
  if (item.kind == ItemKind::boolean) {
    return Item::of_decimal(item.boolean ? Decimal{10, 1} : Decimal{0, 1});
  }
  if (item.kind != ItemKind::string || item.text.find_first_of("eE") != item.text.npos) {
    return std::nullopt;
  }
  auto const value = parse_decimal(item.text);
  return value ? std::optional(Item::of_decimal(*value)) : std::nullopt;
}

std::optional<Item> moment_from_text(Item const& item, MomentKind kind) {
  if (item.kind != ItemKind::string) return std::nullopt;
  auto const moment = parse_moment(item.text, kind);
  return moment ? std::optional(Item::of_moment(*moment, kind)) : std::nullopt;
}

std::optional<Item> date_of_item(Machine&, Call const&, Item const& item) {
  if (item.kind == ItemKind::string) {
    if (auto const date = moment_from_text(item, MomentKind::date)) return date;
  }
  auto source = item;
  if (item.kind == ItemKind::string) {
    auto const whole = moment_from_text(item, MomentKind::date_time);
    if (!whole) return std::nullopt;
    source = *whole;
  }
  if (source.kind != ItemKind::date && source.kind != ItemKind::date_time) return std::nullopt;
  auto moment = source.moment;
  moment.precision = std::min(moment.precision, Precision::day);
  moment.has_offset = false;
  moment.offset = 0;
  return Item::of_moment(moment, MomentKind::date);
}

std::optional<Item> date_time_of(Machine&, Call const&, Item const& item) {
  if (item.kind == ItemKind::date_time) return item;
  if (item.kind == ItemKind::date) return Item::of_moment(item.moment, MomentKind::date_time);
  return moment_from_text(item, MomentKind::date_time);
}

std::optional<Item> time_from(Machine&, Call const&, Item const& item) {
  if (item.kind == ItemKind::time) return item;
  auto text = item;
  if (item.kind == ItemKind::string && item.text.starts_with('T')) text.text.remove_prefix(1);
  return moment_from_text(text, MomentKind::time);
}

/// `5`, `5.5 'mg'`, `4 days`. Source: FHIRPath N1 #toquantity, the regular expression given there.
std::optional<Item> quantity_from_text(Machine& m, std::string_view text) {
  auto const end = std::min(text.find_first_not_of("+-0123456789."), text.size());
  auto const value = parse_decimal(text.substr(0, end));
  if (!value) return std::nullopt;
  auto const unit = sinew::trim(text.substr(end));
  if (unit.empty()) return Item::of_quantity(*value, "1", false);
  if (unit.size() > 2 && unit.starts_with('\'') && unit.ends_with('\'')) {
    return Item::of_quantity(*value, m.texts().keep(unit.substr(1, unit.size() - 2)), false);
  }
  if (!calendar_unit(unit)) return std::nullopt;
  return Item::of_quantity(*value, m.texts().keep(unit), true);
}

std::optional<Item> quantity_of(Machine& m, Call const& c, Item const& item) {
  std::optional<Item> quantity;
  if (item.kind == ItemKind::quantity) quantity = item;
  if (is_number(item)) quantity = Item::of_quantity(item.decimal(), "1", false);
  if (item.kind == ItemKind::boolean) {
    quantity = Item::of_quantity(item.boolean ? Decimal{10, 1} : Decimal{0, 1}, "1", false);
  }
  if (item.kind == ItemKind::string) quantity = quantity_from_text(m, item.text);
  if (!quantity || c.count == 0) return quantity;
  std::string_view wanted;
  if (m.text(c.arguments[0], wanted) != Got::value) return std::nullopt;
  auto const from = ucum::parse_unit(unit_code(*quantity));
  auto const as_word = Item::of_quantity({}, wanted, calendar_unit(wanted).has_value());
  auto const to = ucum::parse_unit(unit_code(as_word));
  if (!from || !to || !ucum::are_comparable(*from, *to)) return std::nullopt;
  auto const value = ucum::convert(quantity->decimal(), *from, *to);
  if (!value) return std::nullopt;
  return Item::of_quantity(*value, wanted, as_word.is_calendar);
}

std::optional<Item> string_of(Machine& m, Call const&, Item const& item) {
  auto const text = to_text(m, item);
  return text ? std::optional(Item::of_string(m.texts().keep(*text))) : std::nullopt;
}

bool convert(Machine& m, Call const& c, Convert* function) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  if (auto const result = function(m, c, item)) m.push(*result);
  return m.spend(0);
}

bool can_convert(Machine& m, Call const& c, Convert* function) {
  Item item;
  auto const got = m.single(c.input, item);
  if (got != Got::value) return got == Got::nothing;
  m.push_boolean(function(m, c, item).has_value());
  return m.spend(0);
}

}  // namespace

bool to_boolean(Machine& m, Call const& c) { return convert(m, c, boolean_of); }
bool to_integer(Machine& m, Call const& c) { return convert(m, c, integer_of); }
bool to_long(Machine& m, Call const& c) { return convert(m, c, long_of); }
bool to_decimal(Machine& m, Call const& c) { return convert(m, c, decimal_of); }
bool to_date(Machine& m, Call const& c) { return convert(m, c, date_of_item); }
bool to_date_time(Machine& m, Call const& c) { return convert(m, c, date_time_of); }
bool to_time(Machine& m, Call const& c) { return convert(m, c, time_from); }
bool to_quantity(Machine& m, Call const& c) { return convert(m, c, quantity_of); }
bool to_string(Machine& m, Call const& c) {
  if (c.input.size() == 1) {
    // From the node itself, so that a date or number comes out as it was written.
    auto const text = to_text(m, Item(m.at(c.input.begin)));
    if (text) m.push_text(*text);
    return m.spend(0);
  }
  return convert(m, c, string_of);
}
bool converts_to_boolean(Machine& m, Call const& c) { return can_convert(m, c, boolean_of); }
bool converts_to_integer(Machine& m, Call const& c) { return can_convert(m, c, integer_of); }
bool converts_to_long(Machine& m, Call const& c) { return can_convert(m, c, long_of); }
bool converts_to_decimal(Machine& m, Call const& c) { return can_convert(m, c, decimal_of); }
bool converts_to_date(Machine& m, Call const& c) { return can_convert(m, c, date_of_item); }
bool converts_to_date_time(Machine& m, Call const& c) { return can_convert(m, c, date_time_of); }
bool converts_to_time(Machine& m, Call const& c) { return can_convert(m, c, time_from); }
bool converts_to_quantity(Machine& m, Call const& c) { return can_convert(m, c, quantity_of); }
bool converts_to_string(Machine& m, Call const& c) { return can_convert(m, c, string_of); }

}  // namespace sinew::fhirpath::functions
