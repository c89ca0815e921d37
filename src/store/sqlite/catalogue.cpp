#include "store/sqlite/catalogue.h"

#include <algorithm>

#include "base/check.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::int64_t kTypesMax = 256;  // the low part of a path key
constexpr std::size_t kPathsMax = 16384;

/// The numbers of the names in one of the two tables, new names added to it.
Result<std::unordered_map<std::string, std::int64_t>> number(
    Connection& connection, char const* select, char const* insert,
    std::vector<std::string> const& names) {
  std::unordered_map<std::string, std::int64_t> keys;
  std::int64_t last = 0;
  {
    auto rows = connection.query(select);
    while (TRY(rows.next())) {
      keys.emplace(rows.text(1), rows.integer(0));
      last = std::max(last, rows.integer(0));
    }
  }
  for (auto const& name : names) {
    if (!keys.emplace(name, last + 1).second) continue;
    TRY(connection.execute(insert, ++last, name));
  }
  return keys;
}

std::string path_name(fhir::IndexPath const& path) {
  std::string name(path.expression);
  name.append(" as ").append(std::to_string(static_cast<int>(path.type)));
  return std::string(fhir::type(path.resource).name) + ": " + name;
}

bool is_abstract(fhir::TypeId type) {
  auto const name = fhir::type(type).name;
  return name == "Resource" || name == "DomainResource";
}

}  // namespace

Result<std::vector<std::int64_t>> Catalogue::number_paths(Connection& connection,
                                                          std::size_t first) {
  auto const paths = fhir::index_paths();
  if (paths.size() > kPathsMax)
    return fail(ErrorCode::too_large, "too many search parameters for one store");
  std::vector<std::string> names;
  for (std::size_t i = first; i < paths.size(); ++i) names.push_back(path_name(paths[i]));
  auto const keys = TRY(number(connection, "SELECT pid, name FROM path",
                               "INSERT INTO path(pid, name) VALUES(?, ?)", names));
  std::vector<std::int64_t> rows;
  for (auto const& name : names) rows.push_back(keys.at(name));
  return rows;
}

void Catalogue::add_paths(std::size_t first, std::vector<std::int64_t> const& rows) {
  auto const paths = fhir::index_paths();
  for (auto id = std::max(first, path_count_); id < first + rows.size(); ++id) {
    SINEW_CHECK(id < kPathsMax && id < paths.size());
    paths_[id] = {rows[id - first], is_abstract(paths[id].resource)};
  }
  path_count_ = std::max(path_count_, first + rows.size());
}

Result<Catalogue> Catalogue::load(Connection& connection) {
  std::vector<std::string> type_names;
  for (auto const& type : fhir::types())
    if (type.kind == fhir::TypeKind::resource) type_names.emplace_back(type.name);
  auto const types = TRY(number(connection, "SELECT tid, name FROM type",
                                "INSERT INTO type(tid, name) VALUES(?, ?)", type_names));
  Catalogue catalogue;
  catalogue.type_names_.resize(kTypesMax);
  for (auto const& [name, key] : types) {
    if (key >= kTypesMax) return fail(ErrorCode::internal, "store: too many resource types");
    catalogue.type_keys_.emplace(name, key);
    catalogue.type_names_[static_cast<std::size_t>(key)] = name;
  }
  auto const known = TRY(connection.integer(0, "SELECT max(pid) FROM path"));
  auto const rows = TRY(number_paths(connection, 0));
  catalogue.paths_ = std::make_unique<Path[]>(kPathsMax);
  catalogue.add_paths(0, rows);
  for (std::size_t id = 0; id < rows.size(); ++id)
    if (rows[id] > known) catalogue.added_.push_back(static_cast<fhir::PathId>(id));
  catalogue.definitions_ = std::make_unique<std::atomic<std::shared_ptr<Definitions const>>>(
      std::make_shared<Definitions const>());
  return catalogue;
}

std::optional<TypeKey> Catalogue::type_key(std::string_view name) const {
  auto const found = type_keys_.find(name);
  if (found == type_keys_.end()) return std::nullopt;
  return found->second;
}

std::string_view Catalogue::type_name(TypeKey key) const {
  SINEW_CHECK(key >= 0 && key < kTypesMax);
  return type_names_[static_cast<std::size_t>(key)];
}

PathKey Catalogue::path_key(TypeKey type, fhir::PathId path) const {
  return paths_[path].row * kTypesMax + (paths_[path].is_shared ? type : 0);
}

PathKey Catalogue::path_key(TypeKey type, fhir::PathId path, std::int64_t row) {
  return row * kTypesMax + (is_abstract(fhir::index_paths()[path].resource) ? type : 0);
}

}  // namespace sinew::store::sqlite
