#include <memory>

#include "store/compress.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/verifier.h"

// Everything beside the index: the file itself, which resources live, their names and numbers, the
// order of commit, and the marks of the journal.

namespace sinew::store::sqlite {
namespace {

/// Runs a query whose rows are the faults of one kind; its first column is their number. `visit`
/// may mend: what is read here is a snapshot.
template <class Visit>
Result<> each(Connection& connection, char const* sql, Visit const& visit) {
  auto rows = connection.query(sql);
  while (TRY(rows.next())) TRY(visit(rows.integer(0)));
  return {};
}

}  // namespace

Result<std::string> Verifier::shown(std::int64_t rid) {
  if (rid == 0) return std::string();
  auto rows = connection_.query("SELECT tid, id FROM res WHERE rid=?", rid);
  if (!TRY(rows.next())) return "number " + std::to_string(rid);
  return key_of(catalogue_.type_name(rows.integer(0)), rows.text(1));
}

Result<> Verifier::found(std::string_view table, std::int64_t rid, std::string what,
                         Mend const& mend) {
  ++report_.faults;
  bool repaired = false;
  if (writer_ != nullptr && mend) {
    TRY(writer_->perform_and_wait([&](Applier& applier) -> Result<> {
      fhir::SearchScope const scope(catalogue_.definitions()->tables);
      return mend(applier);
    }));
    repaired = true;
    ++report_.repaired;
  }
  if (report_.listed.size() < options_.faults_max)
    report_.listed.push_back({std::string(table), TRY(shown(rid)), std::move(what), repaired});
  return {};
}

Result<> Verifier::check_file() {
  progress("file", 0, 0);
  auto rows = connection_.query("PRAGMA quick_check(10)");
  while (TRY(rows.next()))
    if (rows.text(0) != "ok") TRY(found("file", 0, std::string(rows.text(0)), nullptr));
  return {};
}

Result<> Verifier::check_live() {
  progress("live", 0, 0);
  TRY(each(connection_,
           "SELECT rid FROM res WHERE body IS NOT NULL AND NOT EXISTS "
           "(SELECT 1 FROM live WHERE live.tid=res.tid AND live.rid=res.rid)",
           [&](std::int64_t rid) {
             return found("live", rid, "a row is missing", [rid](Applier& applier) {
               return applier.connection().execute(
                   "INSERT OR IGNORE INTO live(tid, rid) "
                   "SELECT tid, rid FROM res WHERE rid=? AND body IS NOT NULL",
                   rid);
             });
           }));
  return each(connection_,
              "SELECT rid FROM live WHERE NOT EXISTS (SELECT 1 FROM res WHERE res.rid=live.rid "
              "AND res.tid=live.tid AND res.body IS NOT NULL)",
              [&](std::int64_t rid) {
                return found("live", rid, "a row is too many", [rid](Applier& applier) {
                  return applier.connection().execute(
                      "DELETE FROM live WHERE rid=? AND NOT EXISTS (SELECT 1 FROM res WHERE "
                      "res.rid=live.rid AND res.tid=live.tid AND res.body IS NOT NULL)",
                      rid);
                });
              });
}

Result<> Verifier::check_names() {
  progress("lid", 0, 0);
  std::uint64_t expected = 0, missing = 0;
  {
    auto rows = connection_.query("SELECT rid, tid, id FROM res");
    while (TRY(rows.next())) {
      ++expected;
      auto const rid = rows.integer(0);
      auto const hash = hash_of_key(key_of(catalogue_.type_name(rows.integer(1)), rows.text(2)));
      auto const one =
          TRY(connection_.integer(0, "SELECT 1 FROM lid WHERE h=? AND rid=?", hash, rid));
      if (one != 0) continue;
      ++missing;
      TRY(found("lid", rid, "a row is missing", [hash, rid](Applier& applier) {
        return applier.connection().execute("INSERT OR IGNORE INTO lid0(h, rid) VALUES(?, ?)", hash,
                                            rid);
      }));
    }
  }
  auto const count =
      static_cast<std::uint64_t>(TRY(connection_.integer(0, "SELECT count(*) FROM lid")));
  if (count == expected - missing) return {};
  std::pair<std::int64_t, std::int64_t> before;
  auto rows = connection_.query("SELECT h, rid FROM lid ORDER BY h, rid");
  for (bool is_first = true; TRY(rows.next()); is_first = false) {
    auto const hash = rows.integer(0);
    auto const rid = rows.integer(1);
    bool const is_twice = !is_first && before == std::pair(hash, rid);
    before = {hash, rid};
    auto const name = TRY(shown(rid));
    if (!is_twice && hash_of_key(name) == hash) continue;
    TRY(found(
        "lid", rid, is_twice ? "a row is there twice" : "a row is too many",
        [hash, rid, is_twice](Applier& applier) -> Result<> {
          TRY(applier.connection().execute("DELETE FROM lid0 WHERE h=? AND rid=?", hash, rid));
          if (is_twice) return {};
          return applier.connection().execute("DELETE FROM lid1 WHERE h=? AND rid=?", hash, rid);
        }));
  }
  return {};
}

Result<> Verifier::check_tally() {
  progress("tally", 0, 0);
  return each(connection_,
              "SELECT tid FROM (SELECT tid, live AS n FROM tally UNION ALL "
              "SELECT tid, -count(*) AS n FROM res WHERE body IS NOT NULL GROUP BY tid) "
              "GROUP BY tid HAVING sum(n)<>0",
              [&](std::int64_t type) {
                auto const what = std::string(catalogue_.type_name(type)) + " are counted wrong";
                return found("tally", 0, what, [type](Applier& applier) -> Result<> {
                  auto& connection = applier.connection();
                  auto const live =
                      TRY(connection.integer(
                          0, "SELECT count(*) FROM res WHERE tid=? AND body IS NOT NULL", type)) -
                      applier.tally_to_come(type);
                  return connection.execute(
                      "INSERT INTO tally(tid, live) VALUES(?, ?) "
                      "ON CONFLICT(tid) DO UPDATE SET live=excluded.live",
                      type, live);
                });
              });
}

/// An entry is finished or pending, and found again by what makes it the same message.
Result<> Verifier::check_journal() {
  progress("journal", 0, 0);
  auto const remove = [&](std::string_view table, char const* find, char const* sql) {
    return each(connection_, find, [&, table, sql](std::int64_t id) {
      return found(table, 0, "a mark is too many",
                   [id, sql](Applier& applier) { return applier.connection().execute(sql, id); });
    });
  };
  TRY(remove("pending",
             "SELECT id FROM pending WHERE id IN (SELECT id FROM jstate) OR id NOT IN (SELECT id "
             "FROM journal)",
             "DELETE FROM pending WHERE id=?"));
  TRY(remove("jstate", "SELECT id FROM jstate WHERE id NOT IN (SELECT id FROM journal)",
             "DELETE FROM jstate WHERE id=?"));
  TRY(each(connection_,
           "SELECT id FROM journal WHERE id NOT IN (SELECT id FROM jstate) AND id NOT IN (SELECT "
           "id FROM pending)",
           [&](std::int64_t id) {
             // What has caused a version was applied; what has not is to be.
             return found("pending", 0, "a mark is missing", [id](Applier& applier) -> Result<> {
               auto& connection = applier.connection();
               auto const caused = TRY(connection.integer(
                   0, "SELECT 1 FROM res WHERE cause=? UNION ALL SELECT 1 FROM hist WHERE cause=?",
                   id, id));
               if (caused == 0)
                 return connection.execute("INSERT OR IGNORE INTO pending(id) VALUES(?)", id);
               auto const applied = static_cast<std::int64_t>(JournalStatus::applied);
               return connection.execute(
                   "INSERT OR IGNORE INTO jstate(id, status, reason, program, upd) "
                   "SELECT id, ?, '', 0, received FROM journal WHERE id=?",
                   applied, id);
             });
           }));
  return check_duplicates();
}

/// What was written meanwhile may move from the log into the file: a snapshot holds it back.
Result<> Verifier::renew_snapshot() {
  TRY(connection_.execute("COMMIT"));
  return connection_.execute("BEGIN");
}

Result<VerifyReport> Verifier::run() {
  TRY(check_file());
  TRY(check_live());
  TRY(check_names());
  TRY(check_tally());
  TRY(renew_snapshot());
  TRY(check_resources());
  TRY(check_index_tables());
  TRY(renew_snapshot());
  TRY(check_log());
  TRY(renew_snapshot());
  TRY(check_journal());
  return std::move(report_);
}

Result<VerifyReport> SqliteStore::verify(VerifyOptions const& options) {
  if (options.repair && !writer_)
    return fail(ErrorCode::unavailable, "the store is open for reading only");
  auto const definitions = catalogue_.definitions();
  if (!definitions->unready.empty())
    return fail(ErrorCode::unavailable, "an index job is under way; verify when it has finished");
  fhir::SearchScope const scope(definitions->tables);
  auto lease = TRY(readers_.lease());
  return Verifier(*lease, catalogue_, options, options.repair ? writer_.get() : nullptr).run();
}

}  // namespace sinew::store::sqlite
