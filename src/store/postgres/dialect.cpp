#include "store/postgres/dialect.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace sinew::store::postgres {
namespace {

struct Row {
  std::string_view sqlite, postgres;
};
// clang-format off
/// What no rule covers. Codes may be longer than an entry of a B-tree: their digest is indexed.
constexpr auto kStatements = std::to_array<Row>({
    {"SELECT vid FROM tval WHERE pid=? AND code=? AND sys=?",
     "SELECT vid FROM tval WHERE pid=$1 AND md5(code)=md5($2) AND code=$2 AND sys=$3"},
    {"SELECT vid FROM tval WHERE pid=? AND code=?",
     "SELECT vid FROM tval WHERE pid=$1 AND md5(code)=md5($2) AND code=$2"},
    {"SELECT (SELECT count(*) FROM tok0 WHERE vid=?1) + (SELECT count(*) FROM tok1 WHERE vid=?1)",
     "SELECT count(*) FROM tok WHERE vid=$1"},
    {"SELECT (SELECT count(*) FROM idt0 WHERE pid=?1 AND h=?2) + (SELECT count(*) FROM idt1 WHERE pid=?1 AND h=?2)",
     "SELECT count(*) FROM idt WHERE pid=$1 AND h=$2"},
    {"SELECT (SELECT count(*) FROM ref0 WHERE pid=?1 AND tgt=?2) + (SELECT count(*) FROM ref1 WHERE pid=?1 AND tgt=?2)",
     "SELECT count(*) FROM ref WHERE pid=$1 AND tgt=$2"},
    // By the name's hash first, however small the tables seem to the planner.
    {"SELECT res.rid, ver, upd, body IS NOT NULL FROM lid JOIN res ON res.rid=lid.rid WHERE lid.h=? AND res.tid=? AND res.id=?",
     "SELECT rid, ver, upd, body IS NOT NULL FROM res WHERE rid = ANY(ARRAY(SELECT rid FROM lid WHERE h=$1)) AND tid=$2 AND id=$3"},
    // The order of the primary key, which SQLite's tables have by themselves.
    {"SELECT rid FROM live WHERE tid=?", "SELECT rid FROM live WHERE tid=$1 ORDER BY rid"},
    // A list of numbers, as JSON writes it.
    {"SELECT rid FROM tok WHERE vid=? AND rid IN (SELECT value FROM json_each(?))",
     "SELECT rid FROM tok WHERE vid=$1 AND rid = ANY(string_to_array(btrim(convert_from($2, 'UTF8'), '[]'), ',')::bigint[])"},
    {"SELECT rid FROM idt WHERE pid=? AND h=? AND rid IN (SELECT value FROM json_each(?))",
     "SELECT rid FROM idt WHERE pid=$1 AND h=$2 AND rid = ANY(string_to_array(btrim(convert_from($3, 'UTF8'), '[]'), ',')::bigint[])"},
    {"SELECT rid FROM ref WHERE pid=? AND tgt=? AND rid IN (SELECT value FROM json_each(?))",
     "SELECT rid FROM ref WHERE pid=$1 AND tgt=$2 AND rid = ANY(string_to_array(btrim(convert_from($3, 'UTF8'), '[]'), ',')::bigint[])"},
    {"SELECT rid FROM ref WHERE pid=? AND tgt=? LIMIT 1001",
     "SELECT rid FROM ref WHERE pid=$1 AND tgt=$2 ORDER BY rid LIMIT 1001"},
});
// clang-format on

/// One pass over a statement, rule by rule.
class Translation {
 public:
  explicit Translation(std::string_view text) : rest_(text) {}

  std::string run() {
    while (!rest_.empty()) step();
    return std::move(out_);
  }

 private:
  void take(std::size_t count) {
    out_.append(rest_.substr(0, count));
    rest_.remove_prefix(count);
  }

  void step() {
    if (rest_[0] == '\'') return take(rest_.find('\'', 1) + 1);
    if (rest_[0] == '?') return parameter();
    // `+column`: SQLite is not to use an index for it. PostgreSQL weighs that itself.
    if (rest_[0] == '+' && rest_.size() > 1 && is_ascii_alpha(rest_[1]) && !out_.empty() &&
        out_.back() == ' ')
      return rest_.remove_prefix(1);
    if (rest_.starts_with("instr(")) return instr();
    if (rest_[0] == '(') {
      opened_.push_back(out_.ends_with("FROM "));
      return take(1);
    }
    if (rest_[0] == ')') {
      take(1);
      if (!opened_.empty() && opened_.back()) out_.append(" AS part" + std::to_string(++parts_));
      if (!opened_.empty()) opened_.pop_back();
      return;
    }
    take(1);
  }

  void parameter() {
    rest_.remove_prefix(1);
    out_ += '$';
    if (!rest_.empty() && is_ascii_digit(rest_[0])) {
      while (!rest_.empty() && is_ascii_digit(rest_[0])) take(1);
      return;
    }
    out_ += std::to_string(++numbered_);
  }

  /// `instr(text, part)` is `position(part IN text)`.
  void instr() {
    rest_.remove_prefix(std::string_view("instr(").size());
    auto const comma = rest_.find(", ");
    auto const text = std::string(rest_.substr(0, comma));
    rest_.remove_prefix(comma + 2);
    out_ += "position(";
    while (!rest_.empty() && rest_[0] != ')') step();
    out_ += " IN " + text + ")";
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  std::string_view rest_;
  std::string out_;
  std::vector<bool> opened_;  ///< parentheses: true for what stands in FROM and needs a name
  int numbered_ = 0, parts_ = 0;
};

}  // namespace

std::string translated(std::string_view sqlite) {
  auto const row = std::ranges::find(kStatements, sqlite, &Row::sqlite);
  if (row != kStatements.end()) return std::string(row->postgres);
  return Translation(sqlite).run();
}

bool is_walked(std::string_view sqlite) {
  return sqlite.find(" ORDER BY ") != sqlite.npos && sqlite.find(" LIMIT ") == sqlite.npos;
}

}  // namespace sinew::store::postgres
