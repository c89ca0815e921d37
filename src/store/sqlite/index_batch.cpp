#include "store/sqlite/index_batch.h"

#include <algorithm>

#include "base/hash.h"

namespace sinew::store::sqlite {
namespace {

void give_part(sqlite3_context* out, std::int64_t part) { sqlite3_result_int64(out, part); }
void give_part(sqlite3_context* out, double part) { sqlite3_result_double(out, part); }
void give_part(sqlite3_context* out, std::string const& part) {
  sqlite3_result_text64(out, part.data(), part.size(), SQLITE_STATIC, SQLITE_UTF8);
}

/// Keys of one index as rows for SQLite, a column for each part.
template <class Key>
struct KeysToInsert final : FreshRows {
  std::vector<Key const*> keys;

  [[nodiscard]] std::size_t size() const override { return keys.size(); }
  void give(std::size_t row, int column, sqlite3_context* out) const override {
    auto const give_nth = [&]<std::size_t... n>(std::index_sequence<n...>) {
      ((static_cast<int>(n) == column ? give_part(out, std::get<n>(*keys[row])) : void()), ...);
    };
    give_nth(std::make_index_sequence<std::tuple_size_v<Key>>());
  }
};

}  // namespace

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
  constexpr std::size_t kNodeBytes = 128;
  if (value_bytes_ > kValueBytesMax) {
    values_.clear();
    value_bytes_ = 0;
  }
  value_bytes_ += kNodeBytes + joined.size();
  values_.insert_or_assign(hash, Value{path, joined, number});
  return number;
}

template <class Key>
Result<std::size_t> IndexBatch::flush_table(std::vector<Row<Key>>& rows, Statements const& sql) {
  std::ranges::sort(rows, std::less<>());
  KeysToInsert<Key> added;
  for (std::size_t first = 0, last = 0; first < rows.size(); first = last + 1) {
    last = first;
    while (last + 1 < rows.size() && rows[last + 1].key == rows[first].key) ++last;
    // A row that was added and dropped in the group, or dropped and added, is as it was before.
    if (rows[first].adds != rows[last].adds) continue;
    if (rows[first].adds) {
      added.keys.push_back(&rows[first].key);
      continue;
    }
    auto const run = [&](char const* text) {
      return std::apply([&](auto const&... part) { return connection_.execute(text, part...); },
                        rows[first].key);
    };
    TRY(run(sql.remove));
    if (sql.remove_old != nullptr && connection_.changes() == 0) TRY(run(sql.remove_old));
  }
  if (!added.keys.empty()) TRY(connection_.execute_with(added, sql.insert));
  rows.clear();
  return added.keys.size();
}

template <class Key>
Result<> IndexBatch::flush_young(std::vector<Row<Key>>& rows, Young table, Statements const& sql) {
  young_.add(table, TRY(flush_table(rows, sql)));
  return {};
}

/// Rows that are only ever added.
template <class Key>
Result<> IndexBatch::insert_all(std::vector<Key>& keys, char const* sql) {
  if (keys.empty()) return {};
  std::ranges::sort(keys);
  KeysToInsert<Key> added;
  for (auto const& key : keys) added.keys.push_back(&key);
  TRY(connection_.execute_with(added, sql));
  keys.clear();
  return {};
}

Result<> IndexBatch::flush_names() {
  young_.add(Young::names, names_.size());
  return insert_all(names_, "INSERT INTO lid0 SELECT a, b FROM fresh");
}

Result<> IndexBatch::flush() {
  TRY(insert_all(versions_, "INSERT INTO log SELECT a, b, c, d, e FROM fresh"));
  TRY(flush_names());
  young_.add(Young::duplicates, duplicates_.size());
  TRY(insert_all(duplicates_, "INSERT INTO dup0 SELECT a, b FROM fresh"));
  // clang-format off
  TRY(flush_table(live_, {"INSERT OR IGNORE INTO live SELECT a, b FROM fresh", "DELETE FROM live WHERE tid=? AND rid=?", nullptr}));
  TRY(flush_young(tokens_, Young::tokens, {"INSERT OR IGNORE INTO tok0 SELECT a, b FROM fresh", "DELETE FROM tok0 WHERE vid=? AND rid=?", "DELETE FROM tok1 WHERE vid=? AND rid=?"}));
  TRY(flush_young(hashed_, Young::hashed, {"INSERT OR IGNORE INTO idt0 SELECT a, b, c FROM fresh", "DELETE FROM idt0 WHERE pid=? AND h=? AND rid=?", "DELETE FROM idt1 WHERE pid=? AND h=? AND rid=?"}));
  TRY(flush_young(references_, Young::references, {"INSERT OR IGNORE INTO ref0 SELECT a, b, c FROM fresh", "DELETE FROM ref0 WHERE pid=? AND tgt=? AND rid=?", "DELETE FROM ref1 WHERE pid=? AND tgt=? AND rid=?"}));
  TRY(flush_young(dates_, Young::dates, {"INSERT OR IGNORE INTO dt0 SELECT a, b, c, d FROM fresh", "DELETE FROM dt0 WHERE pid=? AND lo=? AND hi=? AND rid=?", "DELETE FROM dt1 WHERE pid=? AND lo=? AND hi=? AND rid=?"}));
  TRY(flush_young(strings_, Young::strings, {"INSERT OR IGNORE INTO str0 SELECT a, b, c FROM fresh", "DELETE FROM str0 WHERE pid=? AND v=? AND rid=?", "DELETE FROM str1 WHERE pid=? AND v=? AND rid=?"}));
  TRY(flush_young(quantities_, Young::quantities, {"INSERT OR IGNORE INTO qty0 SELECT a, b, c, d FROM fresh", "DELETE FROM qty0 WHERE pid=? AND v=? AND unit=? AND rid=?", "DELETE FROM qty1 WHERE pid=? AND v=? AND unit=? AND rid=?"}));
  TRY(flush_table(numbers_, {"INSERT OR IGNORE INTO num SELECT a, b, c FROM fresh", "DELETE FROM num WHERE pid=? AND v=? AND rid=?", nullptr}));
  TRY(flush_table(uris_, {"INSERT OR IGNORE INTO uri SELECT a, b, c FROM fresh", "DELETE FROM uri WHERE pid=? AND v=? AND rid=?", nullptr}));
  // clang-format on
  return {};
}

void IndexBatch::reset() {
  live_.clear(), tokens_.clear(), hashed_.clear(), references_.clear(), dates_.clear();
  strings_.clear(), uris_.clear(), quantities_.clear(), numbers_.clear();
  versions_.clear(), names_.clear(), duplicates_.clear();
  values_.clear();
  value_bytes_ = 0;
  last_value_ = 0;
}

}  // namespace sinew::store::sqlite
