#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "fhir/search_definition.h"
#include "fhir/search_index.h"
#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

using TypeKey = std::int64_t;  ///< a resource type, as this file numbers it
using PathKey = std::int64_t;  ///< an indexed path of one resource type, as this file numbers it

/// What there is to search by at one moment. A search takes it before its snapshot, so that a path
/// that counts as indexed is indexed in what the search sees.
struct Definitions {
  std::shared_ptr<fhir::SearchTables const> tables;  ///< null: R4's alone
  std::unordered_set<PathKey> unready;               ///< paths that an index job is still filling
};

/// The numbers this database file gave to resource types and element paths. They stay the same
/// when a later program knows more of them. Filled when the store opens; paths are added when
/// search parameters are, before anybody can ask for them.
class Catalogue {
 public:
  /// Of the types, and of the paths in force for this thread.
  [[nodiscard]] static Result<Catalogue> load(Connection& connection);

  /// The paths that the database did not know when it was loaded.
  [[nodiscard]] std::vector<fhir::PathId> const& added() const { return added_; }
  /// The rows that the paths in force for this thread have, those from `first` on; new names get
  /// one. Fails `too_large` for more paths than there is room for.
  [[nodiscard]] static Result<std::vector<std::int64_t>> number_paths(Connection& connection,
                                                                      std::size_t first);
  /// Makes them known; those already known stay. One caller at a time.
  void add_paths(std::size_t first, std::vector<std::int64_t> const& rows);
  [[nodiscard]] std::size_t path_count() const { return path_count_; }

  [[nodiscard]] std::shared_ptr<Definitions const> definitions() const {
    return definitions_->load();
  }
  void publish(std::shared_ptr<Definitions const> definitions) const {
    definitions_->store(std::move(definitions));
  }

  [[nodiscard]] std::optional<TypeKey> type_key(std::string_view name) const;
  [[nodiscard]] std::string_view type_name(TypeKey key) const;
  /// `type` is the type of the resource: paths of Resource and DomainResource are one per type.
  [[nodiscard]] PathKey path_key(TypeKey type, fhir::PathId path) const;
  /// The same of a path that is not known yet.
  [[nodiscard]] static PathKey path_key(TypeKey type, fhir::PathId path, std::int64_t row);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, TypeKey, Hash, std::equal_to<>> type_keys_;
  std::vector<std::string> type_names_;
  struct Path {
    std::int64_t row = 0;
    bool is_shared = false;  ///< of an abstract type
  };
  /// By fhir::PathId. Others read while paths are added, so it never moves.
  std::unique_ptr<Path[]> paths_;
  std::size_t path_count_ = 0;
  std::vector<fhir::PathId> added_;
  std::unique_ptr<std::atomic<std::shared_ptr<Definitions const>>> definitions_;
};

}  // namespace sinew::store::sqlite
