#include "mapping/names.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::mapping {
namespace {

struct PrimitiveRow {
  std::string_view type;
  Primitive primitive;
};
// clang-format off
constexpr auto kPrimitives = std::to_array<PrimitiveRow>({
    {"string",       Primitive::string},
    {"markdown",     Primitive::markdown},
    {"code",         Primitive::code},
    {"uri",          Primitive::uri},
    {"url",          Primitive::url},
    {"canonical",    Primitive::uri},
    {"id",           Primitive::id},
    {"oid",          Primitive::oid},
    {"uuid",         Primitive::uuid},
    {"date",         Primitive::date},
    {"dateTime",     Primitive::date_time},
    {"instant",      Primitive::instant},
    {"time",         Primitive::time},
    {"boolean",      Primitive::boolean},
    {"decimal",      Primitive::decimal},
    {"integer",      Primitive::integer},
    {"unsignedInt",  Primitive::unsigned_integer},
    {"positiveInt",  Primitive::positive_integer},
    {"base64Binary", Primitive::base64},
});

struct Renamed {
  std::string_view old_type, new_type;
};
// Source: HL7 v2.6 and v2.7, data types withdrawn in favour of others.
constexpr auto kRenamed = std::to_array<Renamed>({
    {"CE",  "CWE"},
    {"CNE", "CWE"},
    {"CF",  "CWE"},
    {"TS",  "DTM"},
    {"CK",  "CX"},
    {"CN",  "XCN"},
    {"PN",  "XPN"},
    {"AD",  "XAD"},
    {"TN",  "XTN"},
});
// clang-format on

}  // namespace

Primitive primitive_of(fhir::TypeId type) {
  auto const& definition = fhir::type(type);
  if (definition.kind != fhir::TypeKind::primitive) return Primitive::none;
  auto const* const row =
      std::ranges::find(kPrimitives, definition.name.view(), &PrimitiveRow::type);
  return row == kPrimitives.end() ? Primitive::none : row->primitive;
}

TableName table_name(std::string_view name) {
  TableName out;
  auto const dot = name.find('.');
  out.source = name.substr(0, dot);
  if (dot == std::string_view::npos) return out;
  auto const rest = name.substr(dot + 1);
  auto const second = rest.find('.');
  out.type = rest.substr(0, second);
  if (second != std::string_view::npos) out.variant = rest.substr(second + 1);
  return out;
}

bool is_table_name(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (is_ascii_upper(text[at]) || is_ascii_digit(text[at]))) ++at;
  if (at < 2 || at + 1 >= text.size() || text[at] != '.') return false;
  return is_ascii_alpha(text[at + 1]) && text.find_first_of("('\", ") == std::string_view::npos;
}

std::string_view newer_type(std::string_view v2_type) {
  auto const* const row = std::ranges::find(kRenamed, v2_type, &Renamed::old_type);
  return row == kRenamed.end() ? std::string_view{} : row->new_type;
}

std::string_view type_of_name(std::string_view name) { return name.substr(0, name.find(':')); }

}  // namespace sinew::mapping
