#include <sqlite3.h>

#include "engine/connectors/sql.h"

namespace sinew::engine {
namespace {

constexpr int kBusyMilliseconds = 5000;

struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

class SqliteConnection final : public SqlConnection {
 public:
  explicit SqliteConnection(sqlite3* database) : database_(database) {}
  SqliteConnection(SqliteConnection const&) = delete;
  SqliteConnection& operator=(SqliteConnection const&) = delete;
  ~SqliteConnection() override { sqlite3_close_v2(database_); }

  std::optional<SqlError> run(SqlStatement const& statement, std::span<SqlValue const> values,
                              std::size_t rows_max, SqlRows* rows) override {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(database_, statement.text.c_str(), -1, &raw, nullptr) != SQLITE_OK)
      return error();
    std::unique_ptr<sqlite3_stmt, FinishStatement> const prepared(raw);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // $1 is a name to SQLite.
      auto const index = sqlite3_bind_parameter_index(raw, ('$' + std::to_string(i + 1)).c_str());
      auto const& value = values[i];
      int const bound = value ? sqlite3_bind_text64(raw, index, value->data(), value->size(),
                                                    SQLITE_STATIC, SQLITE_UTF8)
                              : sqlite3_bind_null(raw, index);
      if (bound != SQLITE_OK) return error();
    }
    if (rows != nullptr) {
      for (int column = 0; column < sqlite3_column_count(raw); ++column)
        rows->columns.emplace_back(sqlite3_column_name(raw, column));
    }
    while (true) {
      int const step = sqlite3_step(raw);
      if (step == SQLITE_DONE) return std::nullopt;
      if (step != SQLITE_ROW) return error();
      if (rows == nullptr) continue;
      if (rows->rows.size() == rows_max) return std::nullopt;
      take_row(raw, *rows);
    }
  }

 private:
  static void take_row(sqlite3_stmt* statement, SqlRows& rows) {
    auto& out = rows.rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        out.emplace_back();
        continue;
      }
      auto const* const text =
          reinterpret_cast<char const*>(sqlite3_column_text(statement, column));
      out.emplace_back(
          std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
    }
  }

  [[nodiscard]] SqlError error() const {
    constexpr int kPrimary = 0xff;
    switch (sqlite3_errcode(database_) & kPrimary) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_FULL:
      case SQLITE_IOERR:
      case SQLITE_NOMEM:
        return {SqlFailure::busy, sqlite3_errmsg(database_)};
      case SQLITE_CANTOPEN:
      case SQLITE_NOTADB:
        return {SqlFailure::connection, sqlite3_errmsg(database_)};
      default:
        return {SqlFailure::refused, sqlite3_errmsg(database_)};
    }
  }

  sqlite3* database_;
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> connect_sqlite(std::string const& path) {
  sqlite3* database = nullptr;
  // Not made where it is missing: a name that is misspelt is not an empty database.
  int const opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  auto connection = std::make_unique<SqliteConnection>(database);
  if (opened != SQLITE_OK) {
    return fail(ErrorCode::unavailable,
                "cannot open the database: " + std::string(sqlite3_errmsg(database)), path);
  }
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  return std::unique_ptr<SqlConnection>(std::move(connection));
}

}  // namespace sinew::engine
