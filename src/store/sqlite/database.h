#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "store/sqlite/fresh_rows.h"

namespace sinew::store::sqlite {

/// Bytes that are bound as a BLOB rather than as TEXT.
struct Blob {
  std::string_view bytes;
};

class Cursor;

/// A statement of a database that is not SQLite. Parameters are numbered from 1, columns from 0.
class ForeignStatement {
 public:
  virtual ~ForeignStatement() = default;
  virtual void bind(int index, std::int64_t value) = 0;
  virtual void bind(int index, double value) = 0;
  virtual void bind(int index, std::string_view bytes) = 0;
  /// Runs it when it is not running, and moves to the next row. False: there is none.
  [[nodiscard]] virtual Result<bool> next() = 0;
  virtual void reset() = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual double real(int column) const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  /// The view dies with the next call of `next`.
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
};

/// Another database with the same tables (store/postgres): what is written against Connection and
/// Cursor, the search and the history, runs on it unchanged.
class ForeignDatabase {
 public:
  virtual ~ForeignDatabase() = default;
  /// The statement with that text, which is a literal; ready to be bound. Never null.
  [[nodiscard]] virtual ForeignStatement* prepare(char const* sql) = 0;
  /// Who counts what statements cost, in steps of SQLite's machine; false: that is enough, and
  /// what runs is to fail. Empty: nobody.
  virtual void count_steps(std::function<bool(std::uint64_t steps)> count) = 0;
};

/// One connection and its prepared statements. Used by one thread at a time.
class Connection {
 public:
  enum class Mode : std::uint8_t { write, read };
  [[nodiscard]] static Result<Connection> open(std::string const& path, Mode mode, bool create);
  explicit Connection(std::unique_ptr<ForeignDatabase> foreign) : foreign_(std::move(foreign)) {}

  /// Runs SQL text of any number of statements, with no parameters.
  Result<> run(char const* sql);

  /// Starts a statement. Statements are prepared once and kept by the address of their text, so
  /// `sql` has to be a literal. Parameters are bound in order; they have to outlive the cursor.
  template <class... Parameters>
  [[nodiscard]] Cursor query(char const* sql, Parameters const&... parameters);

  /// A statement without rows.
  template <class... Parameters>
  Result<> execute(char const* sql, Parameters const&... parameters);

  /// A statement that reads `rows` as the table `fresh`. For connections that write.
  Result<> execute_with(FreshRows const& rows, char const* sql);

  /// The first column of the first row, or `otherwise`.
  template <class... Parameters>
  [[nodiscard]] Result<std::int64_t> integer(std::int64_t otherwise, char const* sql,
                                             Parameters const&... parameters);

  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  /// Null for another database.
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  /// Null for SQLite.
  [[nodiscard]] ForeignDatabase* foreign() const { return foreign_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  [[nodiscard]] sqlite3_stmt* prepare(char const* sql);

  std::unique_ptr<FreshRows const*> fresh_;  ///< what `fresh` shows; outlives the handle
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<char const*, std::unique_ptr<sqlite3_stmt, Close>> statements_;
  std::unique_ptr<ForeignDatabase> foreign_;
};

/// A running statement. Reset when it goes out of scope.
class Cursor {
 public:
  Cursor(sqlite3* handle, sqlite3_stmt* statement) : handle_(handle), statement_(statement) {}
  explicit Cursor(ForeignStatement* foreign)
      : handle_(nullptr), statement_(nullptr), foreign_(foreign) {}
  Cursor(Cursor&& other) noexcept
      : handle_(other.handle_),
        statement_(std::exchange(other.statement_, nullptr)),
        foreign_(std::exchange(other.foreign_, nullptr)) {}
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor() {
    if (statement_ != nullptr) sqlite3_reset(statement_);
    if (is_foreign()) foreign_->reset();
  }

  /// Moves to the next row. False: there is none.
  [[nodiscard]] Result<bool> next();

  [[nodiscard]] std::int64_t integer(int column) const {
    if (is_foreign()) return foreign_->integer(column);
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] double real(int column) const {
    if (is_foreign()) return foreign_->real(column);
    return sqlite3_column_double(statement_, column);
  }
  [[nodiscard]] bool is_null(int column) const {
    if (is_foreign()) return foreign_->is_null(column);
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  /// The view dies with the next call of `next`.
  [[nodiscard]] std::string_view text(int column) const;

  template <std::integral Integer>
  void bind(int index, Integer value) {
    if (is_foreign()) return foreign_->bind(index, static_cast<std::int64_t>(value));
    sqlite3_bind_int64(statement_, index, static_cast<std::int64_t>(value));
  }
  void bind(int index, double value) {
    if (is_foreign()) return foreign_->bind(index, value);
    sqlite3_bind_double(statement_, index, value);
  }
  void bind(int index, std::string_view value) {
    if (is_foreign()) return foreign_->bind(index, value);
    sqlite3_bind_text64(statement_, index, value.data() != nullptr ? value.data() : "",
                        value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind(int index, Blob value) {
    if (is_foreign()) return foreign_->bind(index, value.bytes);
    sqlite3_bind_blob64(statement_, index, value.bytes.data() != nullptr ? value.bytes.data() : "",
                        value.bytes.size(), SQLITE_STATIC);
  }

 private:
  [[nodiscard]] bool is_foreign() const { return foreign_ != nullptr; }
  sqlite3* handle_;
  sqlite3_stmt* statement_;
  ForeignStatement* foreign_ = nullptr;
};

/// What SQLite reported, as one of our errors: no room or no access is `unavailable`.
[[nodiscard]] Failure database_failure(sqlite3* handle);

template <class... Parameters>
Cursor Connection::query(char const* sql, Parameters const&... parameters) {
  auto cursor = foreign_ ? Cursor(foreign_->prepare(sql)) : Cursor(handle_.get(), prepare(sql));
  int index = 0;
  (cursor.bind(++index, parameters), ...);
  return cursor;
}

template <class... Parameters>
Result<> Connection::execute(char const* sql, Parameters const&... parameters) {
  auto cursor = query(sql, parameters...);
  auto const row = cursor.next();
  if (!row) return Result<bool>(row).failure();
  return {};
}

template <class... Parameters>
Result<std::int64_t> Connection::integer(std::int64_t otherwise, char const* sql,
                                         Parameters const&... parameters) {
  auto cursor = query(sql, parameters...);
  bool const found = TRY(cursor.next());
  return found && !cursor.is_null(0) ? cursor.integer(0) : otherwise;
}

}  // namespace sinew::store::sqlite
