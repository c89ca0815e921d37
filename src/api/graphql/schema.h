#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"

namespace sinew::graphql {

// The types and fields of the graph, worked out from the element tables and the search parameters
// whenever they are asked for. Source: FHIR R4 graphql.html.

enum class TypeKind : std::uint8_t {
  query,       ///< the root of a query of the system
  element,     ///< a data type or a resource of a known type
  resource,    ///< a resource of any type
  connection,  ///< a page of a search
  edge,        ///< a match of a search
  open,        ///< not known before the answer is made: whatever a resource of any type leads to
  json,        ///< a part of the answer to __schema and __type
};

struct Type {
  TypeKind kind = TypeKind::open;
  fhir::TypeId id = 0;  ///< of an element; of what a connection or edge holds, 0 for any
  bool operator==(Type const&) const = default;
};

enum class FieldKind : std::uint8_t {
  element,        ///< a member of the JSON
  twin,           ///< `_birthDate`: id and extensions of a primitive
  resource_type,  ///< `resourceType`
  type_name,      ///< `__typename`
  target,         ///< `resource` of a Reference
  read,           ///< `Patient(id:)`
  list,           ///< `PatientList(...)`
  connection,     ///< `PatientConnection(...)`
  member,         ///< of a connection or edge, or of JSON
  schema,         ///< `__schema`
  schema_type,    ///< `__type(name:)`
};

struct Field {
  FieldKind kind = FieldKind::element;
  Type type;  ///< of its values
  bool is_list = false;
  bool is_leaf = false;                    ///< a scalar: takes no selection
  bool is_reverse = false;                 ///< list, connection: below a resource, so `_reference`
  fhir::Element const* element = nullptr;  ///< element, twin
};

/// The field of that name, or nothing. Of an `open` type and of JSON every name is one.
[[nodiscard]] std::optional<Field> find_field(Type const& owner, std::string_view name);

/// `Patient`, `PatientContact`, `PatientConnection`, `Query`.
[[nodiscard]] std::string type_name(Type const& type);
/// What the graph calls a type of the tables: `PatientContact` for `Patient.contact`.
[[nodiscard]] std::string graph_name(fhir::TypeId id);

/// Whether a fragment on a type of that name applies. Nothing when there is no such type.
[[nodiscard]] std::optional<bool> applies(std::string_view condition, Type const& type);
/// The type of that name, for what is selected in a fragment on it.
[[nodiscard]] std::optional<Type> find_type(std::string_view name);

[[nodiscard]] bool is_resource(fhir::TypeId id);  ///< has instances, or is abstract

/// A search parameter under the name it has here: `-` becomes `_`.
/// Source: FHIR R4 graphql.html#searching.
struct SearchArgument {
  std::string parameter;      ///< as REST knows it
  bool is_reference = false;  ///< may stand in `_reference`
};
[[nodiscard]] std::optional<SearchArgument> find_search_argument(fhir::TypeId type,
                                                                 std::string_view name);

}  // namespace sinew::graphql
