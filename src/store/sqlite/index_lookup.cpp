#include "store/sqlite/index_lookup.h"

#include "store/sqlite/index_batch.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

/// The number of a token or unit; 0: it has none.
Result<std::int64_t> value_number(Connection& connection, PathKey path, std::string const& joined) {
  auto const parts = split_token(joined);
  return connection.integer(0,
                            "SELECT vid FROM tval WHERE pid=? AND code=? AND sys=? AND display=?",
                            path, parts.code, parts.system, parts.display);
}

}  // namespace

Result<bool> has_row(Connection& connection, Catalogue const& catalogue, TypeKey type,
                     std::int64_t rid, IndexRow const& row) {
  auto const path = catalogue.path_key(type, row.path);
  auto const found = [&](Result<std::int64_t> one) -> Result<bool> { return TRY(one) != 0; };
  switch (row.kind) {
    case IndexKind::token: {
      auto const value = TRY(value_number(connection, path, row.text));
      return found(connection.integer(0, "SELECT 1 FROM tok WHERE vid=? AND rid=?", value, rid));
    }
    case IndexKind::hashed:
      return found(connection.integer(0, "SELECT 1 FROM idt WHERE pid=? AND h=? AND rid=?", path,
                                      row.low, rid));
    case IndexKind::reference: {
      auto const target = TRY(load_number(connection, catalogue, row.text));
      return found(connection.integer(0, "SELECT 1 FROM ref WHERE pid=? AND tgt=? AND rid=?", path,
                                      target, rid));
    }
    case IndexKind::date:
      return found(connection.integer(0, "SELECT 1 FROM dt WHERE pid=? AND lo=? AND hi=? AND rid=?",
                                      path * 2 + (is_long_period(row.low, row.high) ? 1 : 0),
                                      row.low, row.high, rid));
    case IndexKind::string:
      return found(connection.integer(0, "SELECT 1 FROM str WHERE pid=? AND v=? AND rid=?", path,
                                      row.text, rid));
    case IndexKind::quantity: {
      auto const unit = TRY(value_number(connection, path, row.text));
      return found(connection.integer(0,
                                      "SELECT 1 FROM qty WHERE pid=? AND v=? AND unit=? AND rid=?",
                                      path, row.number, unit, rid));
    }
    case IndexKind::number:
      return found(connection.integer(0, "SELECT 1 FROM num WHERE pid=? AND v=? AND rid=?", path,
                                      row.number, rid));
    case IndexKind::uri:
      return found(connection.integer(0, "SELECT 1 FROM uri WHERE pid=? AND v=? AND rid=?", path,
                                      row.text, rid));
  }
  return false;
}

Result<std::vector<IndexRow>> missing_rows(Connection& connection, Catalogue const& catalogue,
                                           TypeKey type, std::int64_t rid,
                                           std::vector<IndexRow> const& rows) {
  std::vector<IndexRow> missing;
  for (auto const& row : rows)
    if (!TRY(has_row(connection, catalogue, type, rid, row))) missing.push_back(row);
  return missing;
}

}  // namespace sinew::store::sqlite
