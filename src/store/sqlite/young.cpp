#include "store/sqlite/young.h"

namespace sinew::store::sqlite {
namespace {

struct YoungRow {
  char const *count, *move, *clear;
};
// clang-format off
constexpr std::array<YoungRow, kYoungTables> kYoung = {{
    {"SELECT count(*) FROM lid0", "INSERT OR IGNORE INTO lid1 SELECT * FROM lid0", "DELETE FROM lid0"},
    {"SELECT count(*) FROM tok0", "INSERT OR IGNORE INTO tok1 SELECT * FROM tok0", "DELETE FROM tok0"},
    {"SELECT count(*) FROM idt0", "INSERT OR IGNORE INTO idt1 SELECT * FROM idt0", "DELETE FROM idt0"},
    {"SELECT count(*) FROM ref0", "INSERT OR IGNORE INTO ref1 SELECT * FROM ref0", "DELETE FROM ref0"},
    {"SELECT count(*) FROM dt0",  "INSERT OR IGNORE INTO dt1 SELECT * FROM dt0",   "DELETE FROM dt0"},
    {"SELECT count(*) FROM str0", "INSERT OR IGNORE INTO str1 SELECT * FROM str0", "DELETE FROM str0"},
    {"SELECT count(*) FROM qty0", "INSERT OR IGNORE INTO qty1 SELECT * FROM qty0", "DELETE FROM qty0"},
    {"SELECT count(*) FROM dup0", "INSERT OR IGNORE INTO dup1 SELECT * FROM dup0", "DELETE FROM dup0"},
}};
// clang-format on

}  // namespace

Result<> YoungTables::count(Connection& connection) {
  for (std::size_t i = 0; i < kYoung.size(); ++i)
    rows_[i] = static_cast<std::size_t>(TRY(connection.integer(0, kYoung[i].count)));
  return {};
}

Result<> YoungTables::move_one_if_due(Connection& connection) {
  for (std::size_t i = 0; i < kYoung.size(); ++i) {
    if (rows_[i] < rows_max_) continue;
    TRY(connection.execute(kYoung[i].move));
    TRY(connection.execute(kYoung[i].clear));
    rows_[i] = 0;
    break;
  }
  return {};
}

}  // namespace sinew::store::sqlite
