#include "store/sqlite/by_body.h"

#include <algorithm>

#include "store/compress.h"

namespace sinew::store::sqlite {

Result<> keep_by_body(SearchContext& context, Rids& rids,
                      std::function<bool(json::Value resource)> const& passes) {
  Rids kept;
  for (auto const rid : rids) {
    if (context.cost != nullptr) TRY(context.cost->add_body());
    auto rows = context.connection.query("SELECT body FROM res WHERE rid=?", rid);
    if (!TRY(rows.next()) || rows.is_null(0)) continue;
    auto const document = TRY(json::Document::parse(TRY(unpack(rows.text(0)))));
    if (passes(document.root())) kept.push_back(rid);
  }
  rids = std::move(kept);
  return {};
}

Result<> keep_by_value(SearchContext& context, Rids& rids, std::vector<fhir::PathId> const& paths,
                       std::function<bool(fhir::IndexValue const&)> const& wanted) {
  std::vector<fhir::IndexValue> values;
  return keep_by_body(context, rids, [&](json::Value resource) {
    values.clear();
    fhir::extract_index(resource, values);
    return std::ranges::any_of(values, [&](fhir::IndexValue const& value) {
      return std::ranges::find(paths, value.path) != paths.end() && wanted(value);
    });
  });
}

}  // namespace sinew::store::sqlite
