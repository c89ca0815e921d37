#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// The tables whose keys come in no order (hashes, references, values). Each is two trees: new rows
/// go to a small young one (`tok0`), which now and then is moved, in key order, into the old one
/// (`tok1`), in pieces of a few ms with commits between them. A view (`tok`) reads both.
///
/// OPTIMIZATION: a row put straight into a large tree dirties a page of its own, 8 KB of
/// write-ahead log for 20 bytes; the last tenth of 100,000 messages cost 1.7 times the second.
/// In the order in which they fall due.
enum class Young : std::uint8_t {
  names,       ///< lid
  tokens,      ///< tok
  hashed,      ///< idt
  references,  ///< ref
  dates,       ///< dt
  strings,     ///< str
  quantities,  ///< qty
  duplicates,  ///< dup
};
inline constexpr std::size_t kYoungTables = 8;

/// How many rows are in each young tree. The writer's.
class YoungTables {
 public:
  /// `rows_max`  rows of a young tree at which it begins to be moved.
  explicit YoungTables(std::size_t rows_max) : rows_max_(rows_max) {}
  Result<> count(Connection& connection);
  void add(Young table, std::size_t rows) {
    rows_[static_cast<std::size_t>(table)] += rows;
    arrived_ += rows;
  }
  /// Moves a piece of a young tree that has grown to its limit, if there is one: for no longer than
  /// kHold, unless more rows than that came with the commit, which then takes as many along.
  Result<> move_piece_if_due(Connection& connection);

 private:
  using Time = std::chrono::steady_clock;
  static constexpr auto kHold = std::chrono::milliseconds(10);
  /// A piece is measured, and the next is made so long that it takes about this.
  static constexpr auto kPiece = std::chrono::milliseconds(2);
  static constexpr std::size_t kPieceRowsMin = 64, kPieceRowsMax = 8192;

  [[nodiscard]] bool find_due();
  Result<> move_piece(Connection& connection);

  std::size_t rows_max_;
  std::array<std::size_t, kYoungTables> rows_{};
  std::size_t moving_ = kYoungTables;  ///< the table that is being moved; that number: none
  std::size_t left_ = 0;               ///< rows of it that are still to go
  std::size_t arrived_ = 0;            ///< rows of all tables since the last commit
  std::size_t piece_rows_ = kPieceRowsMin;
};

}  // namespace sinew::store::sqlite
