// How each data type is read for each kind of search parameter.
// Source: FHIR R4 search.html, the tables under #number, #date, #string, #token, #quantity,
// #reference and #uri.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "fhir/resource.h"
#include "fhir/search_tree.h"

namespace sinew::fhir {
namespace {

using Out = std::vector<IndexValue>;

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr std::int64_t kSinceEver = std::numeric_limits<std::int64_t>::min();

IndexValue& add(Yield const& yield, ParameterType type, Out& out) {
  auto& value = out.emplace_back();
  value.path = yield.path;
  value.type = type;
  return value;
}

IndexValue& add(Yield const& yield, Out& out) { return add(yield, yield.type, out); }

// --- token

void read_coding(json::Value coding, Yield const& yield, Out& out) {
  auto const code = coding["code"];
  auto const display = coding["display"];
  if (!code && !display) return;
  auto& value = add(yield, out);
  value.system = coding["system"].text();
  value.code = code.text();
  value.text = display.text();
}

void read_concept(json::Value concept_value, Yield const& yield, Out& out) {
  auto const before = out.size();
  for (auto coding : concept_value["coding"].elements()) read_coding(coding, yield, out);
  auto const text = concept_value["text"];
  if (!text) return;
  // The text is what `:text` looks at; a row of its own only where no coding shows the same.
  auto shown = text.text();
  for (auto i = before; i < out.size(); ++i) {
    if (out[i].text.empty()) out[i].text = shown;
    if (out[i].text == shown) return;
  }
  add(yield, out).text = std::move(shown);
}

void read_identifier(json::Value identifier, Yield const& yield, Out& out) {
  auto const text = identifier["value"];
  if (!text) return;
  auto& value = add(yield, ParameterType::token, out);
  value.system = identifier["system"].text();
  value.code = text.text();
  value.text = identifier["type"]["text"].text();
}

void read_contact_point(json::Value contact_point, Yield const& yield, Out& out) {
  if (auto const text = contact_point["value"]) add(yield, out).code = text.text();
}

void read_code(json::Value code, Yield const& yield, Out& out) {
  auto& value = add(yield, out);
  value.code = code.text();
  if (yield.element != nullptr) value.system = code_system(*yield.element, value.code);
}

/// A primitive whose text is the token or the URI.
void read_text(json::Value text, Yield const& yield, Out& out) {
  add(yield, out).code = text.text();
}

// --- string

void read_string(json::Value text, Yield const& yield, Out& out) {
  if (!text.is_string()) return;
  auto& value = add(yield, out);
  value.code = text.text();
  value.text = fold_text(value.code);
}

template <std::size_t N>
void read_parts(json::Value owner, std::array<std::string_view, N> const& names, Yield const& yield,
                Out& out) {
  for (auto name : names) {
    auto const part = owner[name];
    read_string(part, yield, out);
    for (auto item : part.elements()) read_string(item, yield, out);
  }
}

void read_human_name(json::Value name, Yield const& yield, Out& out) {
  constexpr std::array<std::string_view, 5> kParts = {"family", "given", "prefix", "suffix",
                                                      "text"};
  read_parts(name, kParts, yield, out);
}

void read_address(json::Value address, Yield const& yield, Out& out) {
  constexpr std::array<std::string_view, 7> kParts = {"line",       "city",    "district", "state",
                                                      "postalCode", "country", "text"};
  read_parts(address, kParts, yield, out);
}

void read_concept_text(json::Value concept_value, Yield const& yield, Out& out) {
  read_string(concept_value["text"], yield, out);
  for (auto coding : concept_value["coding"].elements()) {
    read_string(coding["display"], yield, out);
  }
}

// --- date

void read_date(json::Value text, Yield const& yield, Out& out) {
  std::string scratch;
  auto const interval = date_interval(text.text(scratch));
  if (!interval) return;
  auto& value = add(yield, out);
  value.low = interval->first;
  value.high = interval->second;
}

void read_period(json::Value period, Yield const& yield, Out& out) {
  std::string scratch;
  auto const start = date_interval(period["start"].text(scratch));
  auto const end = date_interval(period["end"].text(scratch));
  if (!start && !end) return;
  auto& value = add(yield, out);
  value.low = start ? start->first : kSinceEver;
  value.high = end ? end->second : kForever;
}

/// "the specified scheduling details are ignored and only the outer limits matter"
void read_timing(json::Value timing, Yield const& yield, Out& out) {
  auto low = kForever;
  auto high = kSinceEver;
  std::string scratch;
  for (auto event : timing["event"].elements()) {
    auto const interval = date_interval(event.text(scratch));
    if (!interval) continue;
    low = std::min(low, interval->first);
    high = std::max(high, interval->second);
  }
  if (low < high) {
    auto& value = add(yield, out);
    value.low = low;
    value.high = high;
  } else {
    read_period(timing["repeat"]["boundsPeriod"], yield, out);
  }
}

// --- number and quantity

bool read_double(json::Value number, double& out) {
  auto const text = number.raw();
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// Adds what lies between two limits; both the same: a number.
void add_number(double low, double high, Yield const& yield, Out& out) {
  auto& value = add(yield, out);
  value.number = low;
  value.number_high = high;
}

void read_number(json::Value number, Yield const& yield, Out& out) {
  double parsed = 0;
  if (read_double(number, parsed)) add_number(parsed, parsed, yield, out);
}

void set_unit(json::Value quantity, IndexValue& value) {
  value.system = quantity["system"].text();
  value.code = quantity["code"].text();
  value.unit = quantity["unit"].text();
}

/// A quantity with a comparator stands for all that it may be: `< 5` is everything below 5.
/// Source: FHIR R4 datatypes.html#Quantity, search.html#quantity.
void read_quantity(json::Value quantity, Yield const& yield, Out& out) {
  double parsed = 0;
  if (!read_double(quantity["value"], parsed)) return;
  std::string scratch;
  auto const comparator = quantity["comparator"].text(scratch);
  double low = parsed;
  double high = parsed;
  if (comparator.starts_with('<')) {
    low = -kInfinite;
    if (comparator == "<") high = std::nextafter(parsed, -kInfinite);
  } else if (comparator.starts_with('>')) {
    high = kInfinite;
    if (comparator == ">") low = std::nextafter(parsed, kInfinite);
  }
  add_number(low, high, yield, out);
  set_unit(quantity, out.back());
}

void read_money(json::Value money, Yield const& yield, Out& out) {
  double parsed = 0;
  if (!read_double(money["value"], parsed)) return;
  add_number(parsed, parsed, yield, out);
  out.back().system = "urn:iso:std:iso:4217";
  out.back().code = money["currency"].text();
}

/// "If the low or high element is missing, the meaning is that the low or high boundaries are not
/// known", and searched as if there were none. Source: FHIR R4 datatypes.html#Range.
void read_range(json::Value range, Yield const& yield, Out& out) {
  double low = -kInfinite;
  double high = kInfinite;
  bool const has_low = read_double(range["low"]["value"], low);
  bool const has_high = read_double(range["high"]["value"], high);
  if (!has_low && !has_high) return;
  if (!has_low) low = -kInfinite;
  if (!has_high) high = kInfinite;
  add_number(low, high, yield, out);
  set_unit(range[has_low ? "low" : "high"], out.back());
}

// --- reference and uri

void add_reference(std::string_view text, TypeId named_type, Yield const& yield, Out& out) {
  auto const parsed = parse_reference(text);
  if (parsed.kind == ReferenceKind::none || parsed.kind == ReferenceKind::fragment) return;
  auto& value = add(yield, out);
  value.target = parsed.type != 0 ? parsed.type : named_type;
  if (!parsed.version.empty()) text = text.substr(0, text.rfind("/_history/"));
  value.code = text;
}

void read_reference(json::Value reference, Yield const& yield, Out& out) {
  std::string scratch;
  auto const named_type = find_type(reference["type"].raw());
  add_reference(reference["reference"].text(scratch), named_type, yield, out);
  read_identifier(reference["identifier"], yield, out);
}

void read_canonical(json::Value canonical, Yield const& yield, Out& out) {
  auto const text = canonical.text();
  if (text.empty() || text[0] == '#') return;
  auto const target = parse_reference(text.substr(0, text.find('|'))).type;
  auto const add_form = [&](std::string_view form) {
    auto& value = add(yield, out);
    value.code = form;
    value.target = target;
  };
  if (auto const bar = text.find('|'); bar != text.npos)
    add_form(std::string_view(text).substr(0, bar));
  add_form(text);
}

/// `Bundle.entry[0].resource`: the resource itself is what is referred to.
void read_resource(json::Value resource, Yield const& yield, Out& out) {
  auto const type_id = resource_type(resource);
  if (type_id == 0 || resource_id(resource).empty()) return;
  auto& value = add(yield, out);
  value.target = type_id;
  value.code = std::string(type(type_id).name) + "/" + std::string(resource_id(resource));
}

struct Row {
  ParameterType parameter;
  std::string_view type;
  ReadValue read;
};

using P = ParameterType;
constexpr auto kReaders = std::to_array<Row>({
    {P::number, "decimal", read_number},
    {P::number, "integer", read_number},
    {P::number, "positiveInt", read_number},
    {P::number, "unsignedInt", read_number},
    {P::number, "Range", read_range},
    {P::date, "date", read_date},
    {P::date, "dateTime", read_date},
    {P::date, "instant", read_date},
    {P::date, "Period", read_period},
    {P::date, "Timing", read_timing},
    {P::string, "string", read_string},
    {P::string, "markdown", read_string},
    {P::string, "HumanName", read_human_name},
    {P::string, "Address", read_address},
    {P::string, "CodeableConcept", read_concept_text},
    {P::token, "Coding", read_coding},
    {P::token, "CodeableConcept", read_concept},
    {P::token, "Identifier", read_identifier},
    {P::token, "ContactPoint", read_contact_point},
    {P::token, "code", read_code},
    {P::token, "boolean", read_text},
    {P::token, "string", read_text},
    {P::token, "id", read_text},
    {P::token, "uri", read_text},
    {P::token, "canonical", read_text},
    {P::reference, "Reference", read_reference},
    {P::reference, "canonical", read_canonical},
    {P::reference, "uri", read_canonical},
    {P::reference, "Resource", read_resource},
    {P::quantity, "Quantity", read_quantity},
    {P::quantity, "Age", read_quantity},
    {P::quantity, "Duration", read_quantity},
    {P::quantity, "Money", read_money},
    {P::quantity, "Range", read_range},
    {P::uri, "uri", read_text},
    {P::uri, "url", read_text},
    {P::uri, "canonical", read_canonical},
    {P::uri, "oid", read_text},
    {P::uri, "uuid", read_text},
});

}  // namespace

ReadValue find_reader(ParameterType parameter, TypeId value_type) {
  auto const name = type(value_type).name.view();
  for (auto const& row : kReaders) {
    if (row.parameter == parameter && row.type == name) return row.read;
  }
  return nullptr;
}

void read_not_false(json::Value value, Yield const& yield, Out& out) {
  bool const is_false = value.kind() == json::Kind::boolean && !value.boolean();
  add(yield, out).code = is_false ? "false" : "true";
}

}  // namespace sinew::fhir
