#include "store/sqlite/young.h"

#include <algorithm>
#include <utility>

namespace sinew::store::sqlite {
namespace {

/// The first rows of a young tree, moved and taken out.
struct YoungRow {
  char const *count, *move, *clear;
};
// clang-format off
constexpr std::array<YoungRow, kYoungTables> kYoung = {{
    {"SELECT count(*) FROM lid0",
     "INSERT OR IGNORE INTO lid1 SELECT * FROM lid0 ORDER BY h, rid LIMIT ?",
     "DELETE FROM lid0 WHERE (h, rid) IN (SELECT h, rid FROM lid0 ORDER BY h, rid LIMIT ?)"},
    {"SELECT count(*) FROM tok0",
     "INSERT OR IGNORE INTO tok1 SELECT * FROM tok0 ORDER BY vid, rid LIMIT ?",
     "DELETE FROM tok0 WHERE (vid, rid) IN (SELECT vid, rid FROM tok0 ORDER BY vid, rid LIMIT ?)"},
    {"SELECT count(*) FROM idt0",
     "INSERT OR IGNORE INTO idt1 SELECT * FROM idt0 ORDER BY pid, h, rid LIMIT ?",
     "DELETE FROM idt0 WHERE (pid, h, rid) IN (SELECT pid, h, rid FROM idt0 ORDER BY pid, h, rid LIMIT ?)"},
    {"SELECT count(*) FROM ref0",
     "INSERT OR IGNORE INTO ref1 SELECT * FROM ref0 ORDER BY pid, tgt, rid LIMIT ?",
     "DELETE FROM ref0 WHERE (pid, tgt, rid) IN (SELECT pid, tgt, rid FROM ref0 ORDER BY pid, tgt, rid LIMIT ?)"},
    {"SELECT count(*) FROM dt0",
     "INSERT OR IGNORE INTO dt1 SELECT * FROM dt0 ORDER BY pid, lo, hi, rid LIMIT ?",
     "DELETE FROM dt0 WHERE (pid, lo, hi, rid) IN (SELECT pid, lo, hi, rid FROM dt0 ORDER BY pid, lo, hi, rid LIMIT ?)"},
    {"SELECT count(*) FROM str0",
     "INSERT OR IGNORE INTO str1 SELECT * FROM str0 ORDER BY pid, v, rid LIMIT ?",
     "DELETE FROM str0 WHERE (pid, v, rid) IN (SELECT pid, v, rid FROM str0 ORDER BY pid, v, rid LIMIT ?)"},
    {"SELECT count(*) FROM qty0",
     "INSERT OR IGNORE INTO qty1 SELECT * FROM qty0 ORDER BY pid, v, unit, rid LIMIT ?",
     "DELETE FROM qty0 WHERE (pid, v, unit, rid) IN (SELECT pid, v, unit, rid FROM qty0 ORDER BY pid, v, unit, rid LIMIT ?)"},
    {"SELECT count(*) FROM dup0",
     "INSERT OR IGNORE INTO dup1 SELECT * FROM dup0 ORDER BY h, id LIMIT ?",
     "DELETE FROM dup0 WHERE (h, id) IN (SELECT h, id FROM dup0 ORDER BY h, id LIMIT ?)"},
}};
// clang-format on

}  // namespace

Result<> YoungTables::count(Connection& connection) {
  for (std::size_t i = 0; i < kYoung.size(); ++i)
    rows_[i] = static_cast<std::size_t>(TRY(connection.integer(0, kYoung[i].count)));
  moving_ = kYoungTables;
  left_ = arrived_ = 0;
  return {};
}

bool YoungTables::find_due() {
  if (moving_ < kYoungTables) return true;
  auto const due = std::ranges::find_if(rows_, [&](std::size_t rows) { return rows >= rows_max_; });
  if (due == rows_.end()) return false;
  moving_ = static_cast<std::size_t>(due - rows_.begin());
  left_ = *due;
  return true;
}

Result<> YoungTables::move_piece(Connection& connection) {
  auto const began = Time::now();
  auto const piece = std::min(piece_rows_, left_);
  TRY(connection.execute(kYoung[moving_].move, piece));
  TRY(connection.execute(kYoung[moving_].clear, piece));
  left_ -= piece;
  rows_[moving_] -= piece;
  if (left_ == 0) moving_ = kYoungTables;
  auto const took = Time::now() - began;
  piece_rows_ = took < kPiece ? piece_rows_ * 2 : piece_rows_ / 2;
  piece_rows_ = std::clamp(piece_rows_, kPieceRowsMin, kPieceRowsMax);
  return {};
}

Result<> YoungTables::move_piece_if_due(Connection& connection) {
  auto const arrived = std::exchange(arrived_, 0);
  if (!find_due()) return {};
  auto const began = Time::now();
  auto const left_before = left_;
  do {
    TRY(move_piece(connection));
  } while (left_ > 0 && (Time::now() - began < kHold || left_before - left_ < arrived));
  return {};
}

}  // namespace sinew::store::sqlite
