#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "fhir/search_index.h"
#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

using TypeKey = std::int64_t;  ///< a resource type, as this file numbers it
using PathKey = std::int64_t;  ///< an indexed path of one resource type, as this file numbers it

/// The numbers this database file gave to resource types and element paths. They stay the same
/// when a later program knows more of them. Filled when the store opens, constant afterwards.
class Catalogue {
 public:
  [[nodiscard]] static Result<Catalogue> load(Connection& connection);

  [[nodiscard]] std::optional<TypeKey> type_key(std::string_view name) const;
  [[nodiscard]] std::string_view type_name(TypeKey key) const;
  /// `type` is the type of the resource: paths of Resource and DomainResource are one per type.
  [[nodiscard]] PathKey path_key(TypeKey type, fhir::PathId path) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, TypeKey, Hash, std::equal_to<>> type_keys_;
  std::vector<std::string> type_names_;
  std::vector<std::int64_t> path_rows_;  ///< by fhir::PathId
  std::vector<bool> is_shared_;          ///< by fhir::PathId: of an abstract type
};

}  // namespace sinew::store::sqlite
