#pragma once

#include <string_view>

#include "fhir/definitions.h"
#include "mapping/model.h"

namespace sinew::mapping {

/// The lexical form of a FHIR primitive type; `none` for a type that is not primitive.
[[nodiscard]] Primitive primitive_of(fhir::TypeId type);

/// The parts of a table's name: `XCN.Practitioner.director`.
struct TableName {
  std::string_view source;   ///< segment or v2 type
  std::string_view type;     ///< FHIR type
  std::string_view variant;  ///< may be empty
};
[[nodiscard]] TableName table_name(std::string_view name);
/// True when a cell of `as` has the form of a table's name.
[[nodiscard]] bool is_table_name(std::string_view text);
/// What stands in for a v2 type that later versions replaced: CE, CNE, CF -> CWE, TS -> DTM.
[[nodiscard]] std::string_view newer_type(std::string_view v2_type);
/// The type of a resource name: "Observation:bp" -> "Observation".
[[nodiscard]] std::string_view type_of_name(std::string_view name);

}  // namespace sinew::mapping
