#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// The tables whose keys come in no order (hashes, references, values). Each is two trees: new rows
/// go to a small young one (`tok0`), which now and then is moved whole, in key order, into the old
/// one (`tok1`). A view (`tok`) reads both.
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
  /// `rows_max`  rows of a young tree at which it is moved.
  explicit YoungTables(std::size_t rows_max) : rows_max_(rows_max) {}
  Result<> count(Connection& connection);
  void add(Young table, std::size_t rows) { rows_[static_cast<std::size_t>(table)] += rows; }
  /// Moves one young tree that has grown to its limit, if there is one: one at a time, so that no
  /// commit waits for more than that.
  Result<> move_one_if_due(Connection& connection);

 private:
  std::size_t rows_max_;
  std::array<std::size_t, kYoungTables> rows_{};
};

}  // namespace sinew::store::sqlite
