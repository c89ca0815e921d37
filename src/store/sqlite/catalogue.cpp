#include "store/sqlite/catalogue.h"

#include "base/check.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::int64_t kTypesMax = 256;  // the low part of a path key

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

Result<Catalogue> Catalogue::load(Connection& connection) {
  std::vector<std::string> type_names, path_names;
  for (auto const& type : fhir::types())
    if (type.kind == fhir::TypeKind::resource) type_names.emplace_back(type.name);
  for (auto const& path : fhir::index_paths()) path_names.push_back(path_name(path));

  auto const types = TRY(number(connection, "SELECT tid, name FROM type",
                                "INSERT INTO type(tid, name) VALUES(?, ?)", type_names));
  auto const paths = TRY(number(connection, "SELECT pid, name FROM path",
                                "INSERT INTO path(pid, name) VALUES(?, ?)", path_names));
  Catalogue catalogue;
  catalogue.type_names_.resize(kTypesMax);
  for (auto const& [name, key] : types) {
    if (key >= kTypesMax) return fail(ErrorCode::internal, "store: too many resource types");
    catalogue.type_keys_.emplace(name, key);
    catalogue.type_names_[static_cast<std::size_t>(key)] = name;
  }
  for (std::size_t i = 0; i < path_names.size(); ++i) {
    catalogue.path_rows_.push_back(paths.at(path_names[i]));
    catalogue.is_shared_.push_back(is_abstract(fhir::index_paths()[i].resource));
  }
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
  return path_rows_[path] * kTypesMax + (is_shared_[path] ? type : 0);
}

}  // namespace sinew::store::sqlite
