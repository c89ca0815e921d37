#include "fhir/definitions.h"

#include "fhir/table_format.h"

namespace sinew::fhir {
namespace {

table::Header const& header() {
  return *reinterpret_cast<table::Header const*>(sinew_fhir_definitions);
}

template <class Row>
std::span<Row const> rows(table::Section section) {
  return {reinterpret_cast<Row const*>(sinew_fhir_definitions + section.offset), section.count};
}

constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// The number of the row called `name`, or kNone. Tables are half empty, so the search ends.
template <class Rows, class NameOf>
std::uint32_t find(table::Index index, std::string_view name, Rows const* first, NameOf name_of) {
  auto const* slots = rows<std::uint16_t>(header().slots).data() + index.first;
  for (auto slot = table::hash_name(name) & index.mask; slots[slot] != 0;
       slot = (slot + 1) & index.mask) {
    if (name_of(first[slots[slot] - 1]).view() == name) return slots[slot] - 1u;
  }
  return kNone;
}

table::ValueSet const& value_set(std::uint16_t number) {
  return rows<table::ValueSet>(header().value_sets)[number];
}

bool is_legal_code(std::string_view code) {
  static TypeId const kCode = find_type("code");
  return is_valid_primitive(kCode, code);
}

/// The first of the rows with that code, up to the end of the set; empty when there is none.
std::span<table::Code const> find_codes(table::ValueSet const& set, std::string_view code) {
  auto const codes = rows<table::Code>(header().codes).subspan(set.first_code, set.code_count);
  auto const row = find(set.index, code, codes.data(), [](auto const& c) { return c.code; });
  return row == kNone ? std::span<table::Code const>() : codes.subspan(row);
}

}  // namespace

std::span<Type const> types() { return rows<Type>(header().types); }

Type const& type(TypeId id) { return types()[id < types().size() ? id : 0]; }

TypeId find_type(std::string_view name) {
  auto const row =
      find(header().type_index, name, types().data(), [](auto const& t) { return t.name; });
  return row == kNone ? TypeId{0} : static_cast<TypeId>(row);
}

std::span<Element const> elements(TypeId id) {
  auto const& owner = type(id);
  return rows<Element>(header().elements).subspan(owner.first_element, owner.element_count);
}

Element const* find_element(TypeId id, std::string_view name) {
  if (id >= types().size()) return nullptr;
  auto const* first = elements(id).data();
  auto const row = find(rows<table::Index>(header().element_indexes)[id], name, first,
                        [](auto const& e) { return e.name; });
  return row == kNone ? nullptr : first + row;
}

std::span<TypeId const> reference_targets(Element const& element) {
  return rows<TypeId>(header().targets).subspan(element.targets, element.target_count);
}

std::string_view value_set_url(Element const& element) { return value_set(element.binding).url; }

bool is_code_allowed(Element const& element, std::string_view code) {
  if (element.value_set == 0) return true;
  auto const& set = value_set(element.value_set);
  if (set.code_count == 0) return is_legal_code(code);
  return !find_codes(set, code).empty();
}

bool is_coding_allowed(Element const& element, std::string_view system, std::string_view code) {
  if (element.value_set == 0) return true;
  auto const& set = value_set(element.value_set);
  if (set.code_count == 0) return is_legal_code(code);
  for (auto const& row : find_codes(set, code)) {
    if (row.code.view() != code) break;
    if (row.system.view() == system) return true;
  }
  return false;
}

std::string_view code_system(Element const& element, std::string_view code) {
  if (element.value_set == 0) return {};
  auto const codes = find_codes(value_set(element.value_set), code);
  return codes.empty() ? std::string_view() : codes.front().system.view();
}

}  // namespace sinew::fhir
