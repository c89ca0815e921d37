#include "store/index_row.h"
#include "store/postgres/postgres_store.h"

namespace sinew::store::postgres {
namespace {

/// Displays are there as they are searched for, folded, which is nothing to show. The dictionary
/// keeps what was in use once: a value counts when a list still has a resource.
constexpr char kTokens[] =
    "SELECT v.sys, v.code FROM tval v "
    "WHERE v.pid=$1 AND EXISTS(SELECT 1 FROM tok WHERE tok.vid=v.vid) LIMIT $2";
constexpr char kUris[] = "SELECT DISTINCT v FROM uri WHERE pid=$1 ORDER BY v LIMIT $2";

}  // namespace

Result<std::vector<ValueInUse>> PostgresStore::values_in_use(std::string_view type,
                                                             std::string_view parameter,
                                                             std::size_t count_max) {
  auto const* const known = fhir::find_parameter(fhir::find_type(type), parameter);
  if (known == nullptr)
    return fail(ErrorCode::invalid, "the type has no such parameter", std::string(parameter));
  std::vector<ValueInUse> values;
  auto const key = catalogue_.type_key(type);
  if (!key) return values;
  auto lease = TRY(pool_.lease());
  for (auto const path : known->paths) {
    bool const is_uri = known->type == fhir::ParameterType::uri;
    bool const is_token = known->type == fhir::ParameterType::token && !is_hashed_token(path);
    if (!is_uri && !is_token)
      return fail(ErrorCode::not_supported, "the values of this parameter are not listed",
                  std::string(parameter));
    auto const rows = TRY(lease.session().ask(
        is_uri ? kUris : kTokens,
        Parameters().add(catalogue_.path_key(*key, path)).add(count_max - values.size())));
    for (int i = 0; i < rows.rows(); ++i) {
      if (is_uri)
        values.push_back({{}, std::string(rows.bytes(i, 0)), {}});
      else
        values.push_back({std::string(rows.bytes(i, 0)), std::string(rows.bytes(i, 1)), {}});
    }
  }
  return values;
}

}  // namespace sinew::store::postgres
