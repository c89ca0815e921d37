#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The compiled definitions, linked into the read-only data of the program.
extern "C" char const sinew_fhir_definitions[];

namespace sinew::fhir {

/// A text of the compiled definitions: an offset and no pointer, so that the table needs neither
/// building nor relocation at start. Converts to a view that lives as long as the process.
struct Name {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  [[nodiscard]] std::string_view view() const { return {sinew_fhir_definitions + offset, length}; }
  operator std::string_view() const { return view(); }
  [[nodiscard]] bool empty() const { return length == 0; }
  [[nodiscard]] std::size_t size() const { return length; }
  friend bool operator==(Name a, std::string_view b) { return a.view() == b; }
};

/// What kind of type a row of the type table is. Source: FHIR R4 structuredefinition kind.
enum class TypeKind : std::uint8_t { primitive, complex, backbone, resource };

using TypeId = std::uint16_t;     ///< index into `types()`; 0 is "no type"
using ElementId = std::uint16_t;  ///< index into `elements()`

/// Binding strengths. Source: FHIR R4 valueset-binding-strength.
enum class Strength : std::uint8_t { none, example, preferred, extensible, required };

/// A type: a primitive, a data type, a resource, or an anonymous backbone (`Patient.contact`).
struct Type {
  Name name;  ///< "Patient", "HumanName", "code"; a backbone's path: "Patient.contact"
  TypeKind kind;
  bool is_abstract;         ///< Element, Resource, DomainResource ...: no instances of its own
  TypeId base;              ///< DomainResource, Element ...; 0 for none
  ElementId first_element;  ///< own and inherited elements, in the order of the definition
  std::uint16_t element_count;
};

/// One JSON property of a type. A choice (`value[x]`) is one row per type (`valueQuantity`, ...),
/// all with the same `choice`. Content references (`Bundle.entry.link`) are resolved.
struct Element {
  Name name;  ///< JSON name: "birthDate", "valueQuantity"
  TypeId type;
  std::uint16_t order;  ///< place of the element in its type; one place for all of a choice
  std::uint16_t min;
  bool is_list;          ///< max > 1: a JSON array
  std::uint16_t choice;  ///< 0, or the same number for all rows of one choice (unique in its type);
                         ///< `min` then speaks of the group
  Strength strength;     ///< of the binding
  std::uint16_t value_set;     ///< what `is_code_allowed` checks, when strength is required; else 0
  std::uint16_t binding;       ///< what `value_set_url` shows, whatever the strength; 0 for none
  std::uint32_t targets;       ///< first of the targets that `reference_targets` shows
  std::uint16_t target_count;  ///< 0: any resource
  bool is_summary;
  bool is_modifier;
};

[[nodiscard]] std::span<Type const> types();
[[nodiscard]] Type const& type(TypeId id);
/// The type of that name ("Patient", "HumanName", "Patient.contact"), or 0.
[[nodiscard]] TypeId find_type(std::string_view name);
/// All elements of a type (order of the definition; XML attributes and `resourceType` excluded;
/// `id` and `extension` included).
[[nodiscard]] std::span<Element const> elements(TypeId type);
/// The element whose JSON name is `name`, or nullptr. Constant time.
[[nodiscard]] Element const* find_element(TypeId type, std::string_view name);
/// Resource types a reference may point at; empty: any.
[[nodiscard]] std::span<TypeId const> reference_targets(Element const& element);

/// True when `code` is in the expansion of a required value set; true as well when the value set
/// cannot be enumerated (mime types, languages), where `code` only has to be a legal code.
[[nodiscard]] bool is_code_allowed(Element const& element, std::string_view code);
/// The same for a code of a known system.
[[nodiscard]] bool is_coding_allowed(Element const& element, std::string_view system,
                                     std::string_view code);
/// The system that a required value set takes the code from; empty when it does not say.
[[nodiscard]] std::string_view code_system(Element const& element, std::string_view code);
/// The canonical URL of the value set an element is bound to, without version; empty for none.
[[nodiscard]] std::string_view value_set_url(Element const& element);

/// True when `text` is a legal lexical form of the primitive type (code, dateTime, decimal, id
/// ...). Source: FHIR R4 datatypes.html, the regular expressions of the primitives. Looks at the
/// text alone: whether a JSON number or string carried it is not its business.
[[nodiscard]] bool is_valid_primitive(TypeId primitive, std::string_view text);

}  // namespace sinew::fhir
