#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew {

/// A text table: UTF-8, tab-separated, one row a line, first line the column names.
/// Lines that begin with '#' are comments, blank lines separate. Cells are trimmed of spaces;
/// cells missing at the end of a row are empty. There is no quoting: a cell holds no tab.
class Table {
 public:
  struct Row {
    std::size_t line = 0;  ///< 1-based line in the file, for messages
    std::vector<std::string_view> cells;
  };

  /// Reads a table. `name` is used in errors (`name:line`). The views point into `text`.
  /// Fails `malformed` when there is no header line, a column is unnamed or named twice, or a row
  /// has more cells than the header.
  [[nodiscard]] static Result<Table> parse(std::string_view text, std::string_view name);

  std::vector<std::string_view> const& columns() const { return columns_; }
  std::vector<Row> const& rows() const { return rows_; }
  std::string const& name() const { return name_; }

  /// The index of a column, if the table has it.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view column_name) const;
  /// The cell of a row in a named column; empty where the table has no such column.
  [[nodiscard]] std::string_view cell(Row const& row, std::string_view column_name) const;
  /// `name:line`.
  [[nodiscard]] std::string where(Row const& row) const;

 private:
  std::string name_;
  std::vector<std::string_view> columns_;
  std::vector<Row> rows_;
};

}  // namespace sinew
