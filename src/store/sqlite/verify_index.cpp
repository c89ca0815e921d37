#include <algorithm>
#include <array>

#include "store/compress.h"
#include "store/sqlite/index_batch.h"
#include "store/sqlite/index_lookup.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verifier.h"

// The index tables against the bodies, in both directions.

namespace sinew::store::sqlite {
namespace {

/// How the columns of a table stand in a Row: `a`, `b`, `c`, the number, the text.
enum class Shape : std::uint8_t { a_b_c, a_number, a_number_b, a_text };

struct TableRow {
  std::string_view name;
  IndexKind kind;
  Shape shape;
  char const *count, *scan;
  char const *remove, *remove_old;  ///< `remove_old` null: there is one tree only
};
// clang-format off
constexpr auto kTables = std::to_array<TableRow>({
    {"tok", IndexKind::token, Shape::a_b_c,
     "SELECT count(*) FROM tok", "SELECT rid, vid FROM tok ORDER BY vid, rid",
     "DELETE FROM tok0 WHERE vid=? AND rid=?", "DELETE FROM tok1 WHERE vid=? AND rid=?"},
    {"idt", IndexKind::hashed, Shape::a_b_c,
     "SELECT count(*) FROM idt", "SELECT rid, pid, h FROM idt ORDER BY pid, h, rid",
     "DELETE FROM idt0 WHERE pid=? AND h=? AND rid=?", "DELETE FROM idt1 WHERE pid=? AND h=? AND rid=?"},
    {"ref", IndexKind::reference, Shape::a_b_c,
     "SELECT count(*) FROM ref", "SELECT rid, pid, tgt FROM ref ORDER BY pid, tgt, rid",
     "DELETE FROM ref0 WHERE pid=? AND tgt=? AND rid=?", "DELETE FROM ref1 WHERE pid=? AND tgt=? AND rid=?"},
    {"dt", IndexKind::date, Shape::a_b_c,
     "SELECT count(*) FROM dt", "SELECT rid, pid, lo, hi FROM dt ORDER BY pid, lo, hi, rid",
     "DELETE FROM dt0 WHERE pid=? AND lo=? AND hi=? AND rid=?", "DELETE FROM dt1 WHERE pid=? AND lo=? AND hi=? AND rid=?"},
    {"str", IndexKind::string, Shape::a_text,
     "SELECT count(*) FROM str", "SELECT rid, pid, v FROM str ORDER BY pid, v, rid",
     "DELETE FROM str0 WHERE pid=? AND v=? AND rid=?", "DELETE FROM str1 WHERE pid=? AND v=? AND rid=?"},
    {"qty", IndexKind::quantity, Shape::a_number_b,
     "SELECT count(*) FROM qty", "SELECT rid, pid, v, unit FROM qty ORDER BY pid, v, unit, rid",
     "DELETE FROM qty0 WHERE pid=? AND v=? AND unit=? AND rid=?", "DELETE FROM qty1 WHERE pid=? AND v=? AND unit=? AND rid=?"},
    {"num", IndexKind::number, Shape::a_number,
     "SELECT count(*) FROM num", "SELECT rid, pid, v FROM num ORDER BY pid, v, rid",
     "DELETE FROM num WHERE pid=? AND v=? AND rid=?", nullptr},
    {"uri", IndexKind::uri, Shape::a_text,
     "SELECT count(*) FROM uri", "SELECT rid, pid, v FROM uri ORDER BY pid, v, rid",
     "DELETE FROM uri WHERE pid=? AND v=? AND rid=?", nullptr},
});
// clang-format on

constexpr std::size_t kWantedMax = 4096;  // resources whose rows are kept at hand
constexpr std::uint64_t kProgressRows = 4096;

std::size_t table_of(IndexKind kind) {
  return static_cast<std::size_t>(std::ranges::find(kTables, kind, &TableRow::kind) -
                                  kTables.begin());
}

Verifier::Row read_row(TableRow const& table, Cursor const& cursor) {
  Verifier::Row row;
  row.table = table.name;
  row.a = cursor.integer(1);
  switch (table.shape) {
    case Shape::a_b_c:
      if (table.kind != IndexKind::token) row.b = cursor.integer(2);
      if (table.kind == IndexKind::date) row.c = cursor.integer(3);
      break;
    case Shape::a_number:
      row.number = cursor.real(2);
      break;
    case Shape::a_number_b:
      row.number = cursor.real(2);
      row.b = cursor.integer(3);
      break;
    case Shape::a_text:
      row.text = cursor.text(2);
      break;
  }
  return row;
}

Result<> remove_by(Connection& connection, char const* sql, IndexKind kind,
                   Verifier::Row const& row, std::int64_t rid) {
  switch (kind) {
    case IndexKind::token:
      return connection.execute(sql, row.a, rid);
    case IndexKind::hashed:
    case IndexKind::reference:
      return connection.execute(sql, row.a, row.b, rid);
    case IndexKind::date:
      return connection.execute(sql, row.a, row.b, row.c, rid);
    case IndexKind::string:
    case IndexKind::uri:
      return connection.execute(sql, row.a, row.text, rid);
    case IndexKind::quantity:
      return connection.execute(sql, row.a, row.number, row.b, rid);
    case IndexKind::number:
      return connection.execute(sql, row.a, row.number, rid);
  }
  return {};
}

Result<std::int64_t> value_number(Connection& connection, PathKey path, std::string const& joined) {
  auto const parts = split_token(joined);
  return connection.integer(0,
                            "SELECT vid FROM tval WHERE pid=? AND code=? AND sys=? AND display=?",
                            path, parts.code, parts.system, parts.display);
}

/// What a resource that is damaged itself should have cannot be told.
Result<std::vector<IndexRow>> rows_of_body(std::string_view packed) {
  auto const document = TRY(json::Document::parse(TRY(unpack(packed))));
  return index_rows(document.root());
}

}  // namespace

Result<std::set<Verifier::Row>> table_rows(Connection& connection, Catalogue const& catalogue,
                                           TypeKey type, std::int64_t,
                                           std::vector<IndexRow> const& rows) {
  std::set<Verifier::Row> out;
  for (auto const& row : rows) {
    auto const path = catalogue.path_key(type, row.path);
    Verifier::Row one;
    one.table = kTables[table_of(row.kind)].name;
    one.a = path;
    switch (row.kind) {
      case IndexKind::token:
        one.a = TRY(value_number(connection, path, row.text));
        break;
      case IndexKind::hashed:
        one.b = row.low;
        break;
      case IndexKind::reference:
        one.b = TRY(load_number(connection, catalogue, row.text));
        break;
      case IndexKind::date:
        one.a = path * 2 + (is_long_period(row.low, row.high) ? 1 : 0);
        one.b = row.low;
        one.c = row.high;
        break;
      case IndexKind::quantity:
        one.number = row.number;
        one.b = TRY(value_number(connection, path, row.text));
        break;
      case IndexKind::number:
        one.number = row.number;
        break;
      case IndexKind::string:
      case IndexKind::uri:
        one.text = row.text;
        break;
    }
    out.insert(std::move(one));
  }
  return out;
}

Result<std::vector<IndexRow>> rows_that_should_be(Connection& connection, std::int64_t rid,
                                                  TypeKey& type) {
  auto rows = connection.query("SELECT tid, body FROM res WHERE rid=?", rid);
  if (!TRY(rows.next())) return std::vector<IndexRow>();
  type = rows.integer(0);
  if (rows.is_null(1)) return std::vector<IndexRow>();
  return rows_of_body(rows.text(1));
}

// ------------------------------------------------------------------ what is missing

Result<> Verifier::check_resource(TypeKey type, std::int64_t rid, std::string_view packed) {
  auto const rows = rows_of_body(packed);
  if (!rows) {
    unreadable_.insert(rid);
    return found("res", rid, "the body cannot be read", nullptr);
  }
  ++report_.resources;
  for (auto const& row : *rows) {
    auto const table = table_of(row.kind);
    ++expected_[table];
    ++report_.rows;
    if (TRY(has_row(connection_, catalogue_, type, rid, row))) continue;
    ++missing_[table];
    TRY(found(kTables[table].name, rid, "a row is missing", [&](Applier& applier) -> Result<> {
      TypeKey now_type = 0;
      TRY(applier.index().flush());
      applier.index().reset();  // it may know numbers of values that are gone
      auto const wanted = TRY(rows_that_should_be(applier.connection(), rid, now_type));
      auto const lacking =
          TRY(missing_rows(applier.connection(), catalogue_, now_type, rid, wanted));
      TRY(applier.index().add(now_type, rid, lacking));
      return applier.index().flush();
    }));
  }
  return {};
}

Result<> Verifier::check_resources() {
  expected_.assign(kTables.size(), 0);
  missing_.assign(kTables.size(), 0);
  auto const total = static_cast<std::uint64_t>(
      TRY(connection_.integer(0, "SELECT count(*) FROM res WHERE body IS NOT NULL")));
  auto rows = connection_.query("SELECT rid, tid, body FROM res WHERE body IS NOT NULL");
  std::uint64_t done = 0;
  while (TRY(rows.next())) {
    TRY(check_resource(rows.integer(1), rows.integer(0), rows.text(2)));
    if (++done % kProgressRows == 0) progress("resources", done, total);
  }
  progress("resources", done, total);
  return {};
}

// ------------------------------------------------------------------ what is too many

Result<std::set<Verifier::Row> const*> Verifier::wanted_of(std::int64_t rid) {
  auto const known = wanted_.find(rid);
  if (known != wanted_.end()) return &known->second;
  if (wanted_.size() >= kWantedMax) wanted_.clear();
  TypeKey type = 0;
  auto const rows = TRY(rows_that_should_be(connection_, rid, type));
  auto wanted = TRY(table_rows(connection_, catalogue_, type, rid, rows));
  return &wanted_.emplace(rid, std::move(wanted)).first->second;
}

/// `is_twice`: the same row was passed just before, in the other tree.
Result<> Verifier::check_row(Row const& row, std::int64_t rid, bool is_twice) {
  if (!is_twice && (unreadable_.contains(rid) || TRY(wanted_of(rid))->contains(row))) return {};
  auto const& table = *std::ranges::find(kTables, row.table, &TableRow::name);
  auto const what = is_twice ? "a row is there twice" : "a row is too many";
  return found(row.table, rid, what, [&, row, rid](Applier& applier) -> Result<> {
    auto& connection = applier.connection();
    TRY(applier.index().flush());
    TypeKey type = 0;
    auto const rows = TRY(rows_that_should_be(connection, rid, type));
    auto const wanted = TRY(table_rows(connection, catalogue_, type, rid, rows));
    bool const stays = wanted.contains(row);
    if (stays && !is_twice) return {};
    TRY(remove_by(connection, table.remove, table.kind, row, rid));
    if (stays || table.remove_old == nullptr) return {};
    return remove_by(connection, table.remove_old, table.kind, row, rid);
  });
}

Result<> Verifier::check_rows_of(std::size_t table_number) {
  auto const& table = kTables[table_number];
  auto rows = connection_.query(table.scan);
  Row before;
  std::int64_t rid_before = 0;
  std::uint64_t done = 0;
  while (TRY(rows.next())) {
    auto row = read_row(table, rows);
    auto const rid = rows.integer(0);
    bool const is_twice = rid == rid_before && row == before;
    TRY(check_row(row, rid, is_twice));
    before = std::move(row);
    rid_before = rid;
    if (++done % kProgressRows == 0) progress(table.name, done, 0);
  }
  return {};
}

/// Every row that should be there is, but for those found missing: where a table has as many rows
/// as that, it has no others, and need not be read.
Result<> Verifier::check_index_tables() {
  for (std::size_t i = 0; i < kTables.size(); ++i) {
    auto const count = static_cast<std::uint64_t>(TRY(connection_.integer(0, kTables[i].count)));
    progress(kTables[i].name, count, count);
    if (count == expected_[i] - missing_[i]) continue;
    TRY(check_rows_of(i));
  }
  return {};
}

}  // namespace sinew::store::sqlite
