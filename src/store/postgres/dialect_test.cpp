#include "store/postgres/dialect.h"

#include <doctest/doctest.h>

namespace sinew::store::postgres {

TEST_CASE("a statement of the search is said in PostgreSQL's words") {
  struct {
    std::string_view sqlite, postgres;
  } const rows[] = {
      {"SELECT a FROM t WHERE b=? AND c>=? AND c<?",
       "SELECT a FROM t WHERE b=$1 AND c>=$2 AND c<$3"},
      {"SELECT ver, ?1 FROM t WHERE rid=?2 OR tgt=?2",
       "SELECT ver, $1 FROM t WHERE rid=$2 OR tgt=$2"},
      {"SELECT rid FROM log WHERE vsn>? AND +tid=?", "SELECT rid FROM log WHERE vsn>$1 AND tid=$2"},
      {"SELECT lo FROM dt WHERE pid=?1+1", "SELECT lo FROM dt WHERE pid=$1+1"},
      {"SELECT rid FROM str WHERE pid=? AND instr(v, ?) > 0",
       "SELECT rid FROM str WHERE pid=$1 AND position($2 IN v) > 0"},
      {"SELECT count(*) FROM (SELECT 1 FROM tok WHERE vid=? LIMIT ?)",
       "SELECT count(*) FROM (SELECT 1 FROM tok WHERE vid=$1 LIMIT $2) AS part1"},
      {"SELECT v FROM str WHERE v>'?' AND pid IN (?, ?)",
       "SELECT v FROM str WHERE v>'?' AND pid IN ($1, $2)"},
      {"SELECT rid FROM live WHERE tid=?", "SELECT rid FROM live WHERE tid=$1 ORDER BY rid"},
  };
  for (auto const& row : rows) CHECK(translated(row.sqlite) == row.postgres);
}

TEST_CASE("rows in an order and without a limit are fetched in pieces") {
  CHECK(is_walked("SELECT rid, v FROM num WHERE pid=? ORDER BY v DESC"));
  CHECK_FALSE(is_walked("SELECT rid FROM tok WHERE vid=? ORDER BY rid DESC LIMIT ?"));
  CHECK_FALSE(is_walked("SELECT rid FROM tok WHERE vid=?"));
}

}  // namespace sinew::store::postgres
