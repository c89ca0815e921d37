#include "store/sqlite/database.h"

#include "base/check.h"

namespace sinew::store::sqlite {
namespace {

constexpr int kBusyWaitMs = 5000;

// secure_delete zeroes freed pages, which costs a write for each; the file holds patient data in
// any case, so its protection is the disk's encryption.
// auto_vacuum takes effect in a new file only, and lets it become shorter again.
constexpr char kWriterSettings[] =
    "PRAGMA auto_vacuum=INCREMENTAL;"
    "PRAGMA page_size=8192;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA secure_delete=FAST;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-24576;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA foreign_keys=OFF;";
constexpr char kReaderSettings[] =
    "PRAGMA query_only=ON;"
    "PRAGMA cache_size=-4096;"
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;";

}  // namespace

Failure database_failure(sqlite3* handle) {
  int const code = sqlite3_errcode(handle);
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return fail(ErrorCode::unavailable, std::string("database: ") + sqlite3_errmsg(handle));
    default:
      return fail(ErrorCode::internal, std::string("database: ") + sqlite3_errmsg(handle));
  }
}

Result<Connection> Connection::open(std::string const& path, Mode mode, bool create) {
  sqlite3* handle = nullptr;
  int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  int const code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Connection connection(handle);
  if (code != SQLITE_OK) {
    if (handle == nullptr) return fail(ErrorCode::unavailable, "database: out of memory");
    return fail(ErrorCode::unavailable, std::string("database: ") + sqlite3_errmsg(handle), path);
  }
  sqlite3_busy_timeout(handle, kBusyWaitMs);
  TRY(connection.run(mode == Mode::write ? kWriterSettings : kReaderSettings));
  if (mode == Mode::write) {
    connection.fresh_ = std::make_unique<FreshRows const*>(nullptr);
    TRY(add_fresh_table(handle, connection.fresh_.get()));
  }
  return connection;
}

Result<> Connection::execute_with(FreshRows const& rows, char const* sql) {
  SINEW_CHECK(fresh_ != nullptr);
  *fresh_ = &rows;
  auto done = execute(sql);
  *fresh_ = nullptr;
  return done;
}

Result<> Connection::run(char const* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return database_failure(handle_.get());
  return {};
}

sqlite3_stmt* Connection::prepare(char const* sql) {
  auto& slot = statements_[sql];
  if (!slot) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    slot.reset(statement);
  }
  // A literal of ours that does not compile, or a store whose schema was changed by hand, shows
  // as an error of the first step: a null statement cannot be stepped.
  return slot.get();
}

Result<bool> Cursor::next() {
  if (is_foreign()) return foreign_->next();
  if (statement_ == nullptr) return database_failure(handle_);
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return database_failure(handle_);
  }
}

std::string_view Cursor::text(int column) const {
  if (is_foreign()) return foreign_->text(column);
  auto const* bytes = static_cast<char const*>(sqlite3_column_blob(statement_, column));
  auto const size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, std::size_t(size));
}

}  // namespace sinew::store::sqlite
