#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::engine {

/// A value of a row or a parameter; nothing is NULL.
using SqlValue = std::optional<std::string>;

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;
};

/// What a statement came to. A failure says whether trying again may help.
enum class SqlFailure : std::uint8_t {
  connection,  ///< nobody is there, or the connection broke
  busy,        ///< locked, deadlocked, full, being restarted
  refused,     ///< the statement or its values
};
struct SqlError {
  SqlFailure kind = SqlFailure::refused;
  std::string what;  ///< holds no value of a row
};

/// A statement with `:name` for its parameters, as it is written in a channel file. Quoted text,
/// comments and `::` of casts are left alone.
struct SqlStatement {
  std::string text;                     ///< with $1, $2, ... in their place
  std::vector<std::string> parameters;  ///< their names, in the order of the numbers
};
/// Fails `malformed` at a quote that does not end.
[[nodiscard]] Result<SqlStatement> parse_statement(std::string_view written);

/// A connection for one thread. Parameters are bound, never written into a statement.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  /// Runs one statement. Returns at most `rows_max` of its rows.
  [[nodiscard]] virtual std::optional<SqlError> run(SqlStatement const& statement,
                                                    std::span<SqlValue const> values,
                                                    std::size_t rows_max, SqlRows* rows) = 0;
};

/// `sqlite:PATH` or `postgresql://...`. Fails `unavailable`.
[[nodiscard]] Result<std::unique_ptr<SqlConnection>> connect_sql(std::string const& address);
[[nodiscard]] Result<std::unique_ptr<SqlConnection>> connect_postgres(std::string const& address);
[[nodiscard]] Result<std::unique_ptr<SqlConnection>> connect_sqlite(std::string const& path);

}  // namespace sinew::engine
