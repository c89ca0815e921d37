#include "base/table.h"

#include <algorithm>

#include "base/text.h"

namespace sinew {

Result<Table> Table::parse(std::string_view text, std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Table table;
  table.name_ = name;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    auto const end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || line.starts_with('#')) continue;
    auto cells = split(line, '\t');
    std::ranges::transform(cells, cells.begin(), trim);
    auto const at = table.name_ + ":" + std::to_string(number);
    if (table.columns_.empty()) {
      auto sorted = cells;
      std::ranges::sort(sorted);
      if (std::ranges::adjacent_find(sorted) != sorted.end() || sorted.front().empty()) {
        return fail(ErrorCode::malformed, "a column has no name or the name of another", at);
      }
      table.columns_ = std::move(cells);
      continue;
    }
    if (cells.size() > table.columns_.size()) {
      return fail(ErrorCode::malformed,
                  "row has " + std::to_string(cells.size()) + " cells, the header names " +
                      std::to_string(table.columns_.size()),
                  at);
    }
    cells.resize(table.columns_.size());
    table.rows_.push_back({number, std::move(cells)});
  }
  if (table.columns_.empty()) return fail(ErrorCode::malformed, "no header line", table.name_);
  return table;
}

std::optional<std::size_t> Table::column(std::string_view column_name) const {
  auto const found = std::ranges::find(columns_, column_name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::string_view Table::cell(Row const& row, std::string_view column_name) const {
  auto const index = column(column_name);
  return index ? row.cells[*index] : std::string_view{};
}

std::string Table::where(Row const& row) const { return name_ + ":" + std::to_string(row.line); }

}  // namespace sinew
