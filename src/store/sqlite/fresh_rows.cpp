#include "store/sqlite/fresh_rows.h"

#include <new>

// A virtual table of SQLite that can only be read from its first row to its last.
// Source: sqlite.org/vtab.html, "Eponymous-only virtual tables".

namespace sinew::store::sqlite {
namespace {

struct Table : sqlite3_vtab {
  FreshRows const** shown = nullptr;
};

struct Position : sqlite3_vtab_cursor {
  FreshRows const* rows = nullptr;
  std::size_t row = 0;
};

Position& position(sqlite3_vtab_cursor* cursor) { return *static_cast<Position*>(cursor); }

int connect(sqlite3* handle, void* shown, int, char const* const*, sqlite3_vtab** out, char**) {
  int const code = sqlite3_declare_vtab(handle, "CREATE TABLE fresh(a, b, c, d, e)");
  if (code != SQLITE_OK) return code;
  auto* const table = new (std::nothrow) Table{};
  if (table == nullptr) return SQLITE_NOMEM;
  table->shown = static_cast<FreshRows const**>(shown);
  *out = table;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int choose_plan(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  *out = new (std::nothrow) Position{};
  return *out == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Position*>(cursor);
  return SQLITE_OK;
}

int to_first_row(sqlite3_vtab_cursor* cursor, int, char const*, int, sqlite3_value**) {
  position(cursor).rows = *static_cast<Table*>(cursor->pVtab)->shown;
  position(cursor).row = 0;
  return SQLITE_OK;
}

int to_next_row(sqlite3_vtab_cursor* cursor) {
  ++position(cursor).row;
  return SQLITE_OK;
}

int is_at_end(sqlite3_vtab_cursor* cursor) {
  auto const& at = position(cursor);
  return at.rows == nullptr || at.row >= at.rows->size() ? 1 : 0;
}

int give_column(sqlite3_vtab_cursor* cursor, sqlite3_context* out, int column) {
  auto const& at = position(cursor);
  at.rows->give(at.row, column, out);
  return SQLITE_OK;
}

int give_number(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(position(cursor).row);
  return SQLITE_OK;
}

sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect;  // without xCreate it is there by its name alone
  module.xBestIndex = choose_plan;
  module.xDisconnect = disconnect;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = to_first_row;
  module.xNext = to_next_row;
  module.xEof = is_at_end;
  module.xColumn = give_column;
  module.xRowid = give_number;
  return module;
}

}  // namespace

Result<> add_fresh_table(sqlite3* handle, FreshRows const** shown) {
  static sqlite3_module const module = make_module();
  if (sqlite3_create_module(handle, "fresh", &module, shown) != SQLITE_OK)
    return fail(ErrorCode::internal, "database: the table of fresh rows cannot be made");
  return {};
}

}  // namespace sinew::store::sqlite
