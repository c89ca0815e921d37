#pragma once

#include <sqlite3.h>

#include <cstddef>

#include "base/result.h"

namespace sinew::store::sqlite {

/// Rows in memory that one statement inserts: while it runs they are the table `fresh`, with the
/// columns a, b, c, d and e.
///
/// OPTIMIZATION: a statement for each row costs three times as much as the row.
class FreshRows {
 public:
  virtual ~FreshRows() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Hands a value to SQLite (`sqlite3_result_*`). What it points to lives until the statement
  /// ends.
  virtual void give(std::size_t row, int column, sqlite3_context* out) const = 0;
};

/// Makes `fresh` known to a connection. Its rows are those of `*shown`, none where that is null;
/// `shown` has to outlive the connection.
[[nodiscard]] Result<> add_fresh_table(sqlite3* handle, FreshRows const** shown);

}  // namespace sinew::store::sqlite
