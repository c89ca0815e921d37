#include "store/index_row.h"
#include "store/sqlite/sqlite_store.h"

namespace sinew::store::sqlite {
namespace {

using Values = std::vector<ValueInUse>;

/// Displays are there as they are searched for, folded, which is nothing to show. The dictionary
/// keeps what was in use once: a value counts when a list still has a resource.
Result<> add_tokens(Connection& connection, PathKey path, std::size_t count_max, Values& values) {
  auto rows = connection.query(
      "SELECT sys, code FROM tval v WHERE pid=? AND (EXISTS(SELECT 1 FROM tok1 WHERE "
      "vid=v.vid) OR EXISTS(SELECT 1 FROM tok0 WHERE vid=v.vid))",
      path);
  while (values.size() < count_max && TRY(rows.next())) {
    values.push_back({std::string(rows.text(0)), std::string(rows.text(1)), {}});
  }
  return {};
}

/// Steps from value to value, whatever the number of resources that have each.
Result<> add_uris(Connection& connection, PathKey path, std::size_t count_max, Values& values) {
  std::string last;
  while (values.size() < count_max) {
    auto rows =
        connection.query("SELECT v FROM uri WHERE pid=? AND v>? ORDER BY v LIMIT 1", path, last);
    if (!TRY(rows.next())) return {};
    values.push_back({{}, std::string(rows.text(0)), {}});
    last = values.back().code;
  }
  return {};
}

}  // namespace

Result<Values> SqliteStore::values_in_use(std::string_view type, std::string_view parameter,
                                          std::size_t count_max) {
  auto const* const known = fhir::find_parameter(fhir::find_type(type), parameter);
  if (known == nullptr) {
    return fail(ErrorCode::invalid, "the type has no such parameter", std::string(parameter));
  }
  Values values;
  auto const key = catalogue_.type_key(type);
  if (!key) return values;
  auto lease = TRY(readers_.lease());
  for (auto const path : known->paths) {
    auto const row = catalogue_.path_key(*key, path);
    if (known->type == fhir::ParameterType::uri) {
      TRY(add_uris(*lease, row, count_max, values));
    } else if (known->type == fhir::ParameterType::token && !is_hashed_token(path)) {
      TRY(add_tokens(*lease, row, count_max, values));
    } else {
      return fail(ErrorCode::not_supported, "the values of this parameter are not listed",
                  std::string(parameter));
    }
  }
  return values;
}

}  // namespace sinew::store::sqlite
