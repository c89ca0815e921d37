#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fhir/search_tree.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// A search parameter that is not R4's, as the table `parameter` keeps it.
struct ParameterRow {
  std::int64_t seq = 0;
  std::int64_t source = 0;  ///< 0: a package; else the rid of the SearchParameter
  fhir::ParameterDefinition definition;
};
inline constexpr std::int64_t kFromPackage = 0;

[[nodiscard]] Result<std::vector<ParameterRow>> load_parameters(Connection& connection);
/// Writes what differs between the two lists; the second begins with the rows of the first.
Result<> save_parameters(Connection& connection, std::vector<ParameterRow> const& before,
                         std::vector<ParameterRow> const& after);

/// The tables of R4 and these; null where there are none.
[[nodiscard]] std::shared_ptr<fhir::SearchTables const> tables_of(
    std::vector<ParameterRow> const& rows, std::uint64_t generation);

/// Puts definitions of one source in force, each in place of the one with its URL. A definition of
/// something that R4 answers itself is left out. Returns the new list, which begins with the rows
/// of the old one; what could not be taken is said in `faults`.
[[nodiscard]] std::vector<ParameterRow> with_definitions(
    std::vector<ParameterRow> rows, std::int64_t source,
    std::vector<fhir::ParameterDefinition> const& definitions, std::vector<std::string>& faults);

/// The resource types with instances that a path of that type concerns.
[[nodiscard]] std::vector<fhir::TypeId> types_of_path(fhir::PathId path);

}  // namespace sinew::store::sqlite
