#include "store/sqlite/index_batch.h"

#include <algorithm>

#include "base/hash.h"

namespace sinew::store::sqlite {

Result<> IndexBatch::put(TypeKey type, std::int64_t rid, std::vector<IndexRow> const& rows,
                         bool adds) {
  for (auto const& row : rows) TRY(put_row(catalogue_.path_key(type, row.path), rid, row, adds));
  return {};
}

Result<> IndexBatch::put_row(PathKey path, std::int64_t rid, IndexRow const& row, bool adds) {
  auto const sequence = ++sequence_;
  switch (row.kind) {
    case IndexKind::token:
      tokens_.push_back({{TRY(value_number(path, row.text)), rid}, adds, sequence});
      return {};
    case IndexKind::hashed:
      hashed_.push_back({{path, row.low, rid}, adds, sequence});
      return {};
    case IndexKind::reference:
      references_.push_back({{path, TRY(targets_.number_of(row.text)), rid}, adds, sequence});
      return {};
    case IndexKind::date:
      dates_.push_back(
          {{path * 2 + (is_long_period(row.low, row.high) ? 1 : 0), row.low, row.high, rid},
           adds,
           sequence});
      return {};
    case IndexKind::string:
      strings_.push_back({{path, row.text, rid}, adds, sequence});
      return {};
    case IndexKind::quantity:
      quantities_.push_back(
          {{path, row.number, TRY(value_number(path, row.text)), rid}, adds, sequence});
      return {};
    case IndexKind::number:
      numbers_.push_back({{path, row.number, rid}, adds, sequence});
      return {};
    case IndexKind::uri:
      uris_.push_back({{path, row.text, rid}, adds, sequence});
      return {};
  }
  return {};
}

Result<std::int64_t> IndexBatch::value_number(PathKey path, std::string const& joined) {
  auto const hash = hash64(joined, static_cast<std::uint64_t>(path));
  auto const found = values_.find(hash);
  if (found != values_.end() && found->second.path == path && found->second.joined == joined)
    return found->second.number;
  auto const parts = split_token(joined);
  auto number = TRY(
      connection_.integer(0, "SELECT vid FROM tval WHERE pid=? AND code=? AND sys=? AND display=?",
                          path, parts.code, parts.system, parts.display));
  if (number == 0) {
    if (last_value_ == 0) last_value_ = TRY(connection_.integer(0, "SELECT max(vid) FROM tval"));
    number = ++last_value_;
    TRY(connection_.execute("INSERT INTO tval(vid, pid, code, sys, display) VALUES(?, ?, ?, ?, ?)",
                            number, path, parts.code, parts.system, parts.display));
  }
  if (values_.size() >= kValuesRememberedMax) values_.clear();
  values_.insert_or_assign(hash, Value{path, joined, number});
  return number;
}

template <class Key>
Result<> IndexBatch::flush_table(std::vector<Row<Key>>& rows, char const* insert,
                                 char const* remove) {
  std::ranges::sort(rows, std::less<>());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Of several changes of one row in the group the last one counts.
    if (i + 1 < rows.size() && rows[i + 1].key == rows[i].key) continue;
    auto const* sql = rows[i].adds ? insert : remove;
    TRY(std::apply([&](auto const&... part) { return connection_.execute(sql, part...); },
                   rows[i].key));
  }
  rows.clear();
  return {};
}

Result<> IndexBatch::flush() {
  TRY(flush_table(live_, "INSERT OR IGNORE INTO live(tid, rid) VALUES(?, ?)",
                  "DELETE FROM live WHERE tid=? AND rid=?"));
  TRY(flush_table(tokens_, "INSERT OR IGNORE INTO tok(vid, rid) VALUES(?, ?)",
                  "DELETE FROM tok WHERE vid=? AND rid=?"));
  TRY(flush_table(hashed_, "INSERT OR IGNORE INTO idt(pid, h, rid) VALUES(?, ?, ?)",
                  "DELETE FROM idt WHERE pid=? AND h=? AND rid=?"));
  TRY(flush_table(references_, "INSERT OR IGNORE INTO ref(pid, tgt, rid) VALUES(?, ?, ?)",
                  "DELETE FROM ref WHERE pid=? AND tgt=? AND rid=?"));
  TRY(flush_table(dates_, "INSERT OR IGNORE INTO dt(pid, lo, hi, rid) VALUES(?, ?, ?, ?)",
                  "DELETE FROM dt WHERE pid=? AND lo=? AND hi=? AND rid=?"));
  TRY(flush_table(strings_, "INSERT OR IGNORE INTO str(pid, v, rid) VALUES(?, ?, ?)",
                  "DELETE FROM str WHERE pid=? AND v=? AND rid=?"));
  TRY(flush_table(quantities_, "INSERT OR IGNORE INTO qty(pid, v, unit, rid) VALUES(?, ?, ?, ?)",
                  "DELETE FROM qty WHERE pid=? AND v=? AND unit=? AND rid=?"));
  TRY(flush_table(numbers_, "INSERT OR IGNORE INTO num(pid, v, rid) VALUES(?, ?, ?)",
                  "DELETE FROM num WHERE pid=? AND v=? AND rid=?"));
  return flush_table(uris_, "INSERT OR IGNORE INTO uri(pid, v, rid) VALUES(?, ?, ?)",
                     "DELETE FROM uri WHERE pid=? AND v=? AND rid=?");
}

void IndexBatch::reset() {
  live_.clear(), tokens_.clear(), hashed_.clear(), references_.clear(), dates_.clear();
  strings_.clear(), uris_.clear(), quantities_.clear(), numbers_.clear();
  values_.clear();
  last_value_ = 0;
}

}  // namespace sinew::store::sqlite
