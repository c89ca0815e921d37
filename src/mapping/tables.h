#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mapping/program.h"

namespace sinew::mapping {

/// The kinds of table files, by folder or by name.
enum class TableKind : std::uint8_t {
  message,
  segment,
  type,
  code,
  identity,
  required,
  event,
  ignore,
  structure,
  extension,
  system
};

/// The cells of a row, by position in the columns of its kind (`columns_of`).
inline constexpr std::size_t kColumnsMax = 7;

/// One row of the effective tables, with blame.
struct TableRow {
  std::array<std::string_view, kColumnsMax> cells;
  std::string_view file;  ///< path below the map folder
  std::uint32_t line = 0;
  std::uint16_t layer = 0;  ///< which layer says so
  [[nodiscard]] std::string_view key() const { return cells[0]; }
  [[nodiscard]] std::string where() const;
};

/// One effective table: the rows of all layers under one path.
struct EffectiveTable {
  TableKind kind;
  std::string_view stem;  ///< path without `.tsv`: "segment/PID.Patient"
  std::vector<TableRow> rows;
  /// The file name without folder: "PID.Patient".
  [[nodiscard]] std::string_view name() const { return stem.substr(stem.rfind('/') + 1); }
};

/// The column names of a kind, in the order of TableRow::cells.
[[nodiscard]] std::span<std::string_view const> columns_of(TableKind kind);

/// The layers laid over one another. Views point into the texts of `layers`.
struct EffectiveTables {
  std::deque<EffectiveTable> tables;  ///< sorted by stem
  std::vector<std::string> layers;
  [[nodiscard]] EffectiveTable const* find(std::string_view stem) const;
};

/// Reads and overlays. Every mistake of form becomes an Issue; rows that can be used are kept.
[[nodiscard]] EffectiveTables overlay(std::span<Layer const> layers, std::vector<Issue>& issues);

}  // namespace sinew::mapping
