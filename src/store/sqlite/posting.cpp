#include "store/sqlite/posting.h"

#include <algorithm>
#include <array>
#include <string>

namespace sinew::store::sqlite {
namespace {

/// The statements of one table. A list is found by `a`, and by `b` where `is_pair`.
struct PostingRow {
  PostingTable table;
  bool is_pair;
  char const *length, *whole_length, *all, *newest;
  std::array<char const*, 2> next;  ///< the first row not before a resource, old tree and young one
  char const* among;                ///< of resources given as text, for another database
};
// clang-format off
constexpr auto kPostings = std::to_array<PostingRow>({
    {PostingTable::token, false,
     "SELECT count(*) FROM (SELECT 1 FROM tok WHERE vid=? LIMIT ?)",
     "SELECT (SELECT count(*) FROM tok0 WHERE vid=?1) + (SELECT count(*) FROM tok1 WHERE vid=?1)",
     "SELECT rid FROM tok WHERE vid=?",
     "SELECT rid FROM tok WHERE vid=? AND rid<? ORDER BY rid DESC LIMIT ?",
     {"SELECT rid FROM tok1 WHERE vid=? AND rid>=? LIMIT 1", "SELECT rid FROM tok0 WHERE vid=? AND rid>=? LIMIT 1"},
     "SELECT rid FROM tok WHERE vid=? AND rid IN (SELECT value FROM json_each(?))"},
    {PostingTable::hashed, true,
     "SELECT count(*) FROM (SELECT 1 FROM idt WHERE pid=? AND h=? LIMIT ?)",
     "SELECT (SELECT count(*) FROM idt0 WHERE pid=?1 AND h=?2) + (SELECT count(*) FROM idt1 WHERE pid=?1 AND h=?2)",
     "SELECT rid FROM idt WHERE pid=? AND h=?",
     "SELECT rid FROM idt WHERE pid=? AND h=? AND rid<? ORDER BY rid DESC LIMIT ?",
     {"SELECT rid FROM idt1 WHERE pid=? AND h=? AND rid>=? LIMIT 1", "SELECT rid FROM idt0 WHERE pid=? AND h=? AND rid>=? LIMIT 1"},
     "SELECT rid FROM idt WHERE pid=? AND h=? AND rid IN (SELECT value FROM json_each(?))"},
    {PostingTable::reference, true,
     "SELECT count(*) FROM (SELECT 1 FROM ref WHERE pid=? AND tgt=? LIMIT ?)",
     "SELECT (SELECT count(*) FROM ref0 WHERE pid=?1 AND tgt=?2) + (SELECT count(*) FROM ref1 WHERE pid=?1 AND tgt=?2)",
     "SELECT rid FROM ref WHERE pid=? AND tgt=?",
     "SELECT rid FROM ref WHERE pid=? AND tgt=? AND rid<? ORDER BY rid DESC LIMIT ?",
     {"SELECT rid FROM ref1 WHERE pid=? AND tgt=? AND rid>=? LIMIT 1", "SELECT rid FROM ref0 WHERE pid=? AND tgt=? AND rid>=? LIMIT 1"},
     "SELECT rid FROM ref WHERE pid=? AND tgt=? AND rid IN (SELECT value FROM json_each(?))"},
});
// clang-format on

PostingRow const& row_of(Posting const& posting) {
  return *std::ranges::find(kPostings, posting.table, &PostingRow::table);
}

/// A statement about a list, with what it needs besides.
template <class... Parameters>
Cursor query(Connection& connection, Posting const& posting, char const* sql,
             Parameters const&... parameters) {
  return row_of(posting).is_pair ? connection.query(sql, posting.a, posting.b, parameters...)
                                 : connection.query(sql, posting.a, parameters...);
}

template <class... Parameters>
Result<std::size_t> count(Connection& connection, Posting const& posting, char const* sql,
                          Parameters const&... parameters) {
  auto rows = query(connection, posting, sql, parameters...);
  return TRY(rows.next()) ? static_cast<std::size_t>(rows.integer(0)) : std::size_t{0};
}

template <class... Parameters>
Result<> read(Connection& connection, Posting const& posting, Rids& out, char const* sql,
              Parameters const&... parameters) {
  auto rows = query(connection, posting, sql, parameters...);
  while (TRY(rows.next())) out.push_back(rows.integer(0));
  return {};
}

/// Candidate, row, candidate, row: whichever is behind catches up.
Result<> leap(Connection& connection, Posting const& posting, char const* next, Rids const& rids,
              Rids& out) {
  auto candidate = rids.begin();
  while (candidate != rids.end()) {
    auto rows = query(connection, posting, next, *candidate);
    if (!TRY(rows.next())) break;
    auto const row = rows.integer(0);
    candidate = std::lower_bound(candidate, rids.end(), row);
    if (candidate == rids.end() || *candidate != row) continue;
    out.push_back(row);
    ++candidate;
  }
  return {};
}

}  // namespace

Result<std::size_t> length_of(Connection& connection, Posting const& posting, std::size_t most) {
  return count(connection, posting, row_of(posting).length, most);
}

Result<std::size_t> whole_length_of(Connection& connection, Posting const& posting) {
  return count(connection, posting, row_of(posting).whole_length);
}

Result<> read_posting(Connection& connection, Posting const& posting, Rids& out) {
  return read(connection, posting, out, row_of(posting).all);
}

Result<> read_newest(Connection& connection, Posting const& posting, std::int64_t before,
                     std::size_t limit, Rids& out) {
  return read(connection, posting, out, row_of(posting).newest, before, limit);
}

Result<> read_common(Connection& connection, Posting const& posting, Rids const& rids, Rids& out) {
  if (connection.foreign() == nullptr) {
    for (auto const* next : row_of(posting).next) TRY(leap(connection, posting, next, rids, out));
    return {};
  }
  // Another database has one tree, and each question is a way to it and back.
  std::string text = "[";
  for (auto const rid : rids) text += (text.size() > 1 ? "," : "") + std::to_string(rid);
  text += ']';
  return read(connection, posting, out, row_of(posting).among, std::string_view(text));
}

}  // namespace sinew::store::sqlite
