#include "store/sqlite/schema.h"

#include <array>

namespace sinew::store::sqlite {
namespace {

/// Version 1.
///
/// `rid` numbers resources in the order of their first mention, so a reference has a key before
/// its target exists (`ver` 0). Index tables hold live resources only, in one key order each, and
/// no reverse index: an update extracts the previous version again and writes the difference.
/// Journal rows are never rewritten: what became of an entry is in `jstate`, and `pending` lists
/// those nothing became of yet. Entries that nothing became of may be among the arrivals only.
constexpr char kVersion1[] = R"sql(
CREATE TABLE type(tid INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE path(pid INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE tally(tid INTEGER PRIMARY KEY, live INTEGER NOT NULL);

-- current versions; ver 0: mentioned only; cause 0: the API; body NULL: deleted
CREATE TABLE res(rid INTEGER PRIMARY KEY, tid INTEGER NOT NULL, id TEXT NOT NULL,
  ver INTEGER NOT NULL, upd INTEGER NOT NULL, born INTEGER NOT NULL, cause INTEGER NOT NULL,
  body BLOB);
CREATE TABLE hist(rid INTEGER, ver INTEGER, upd INTEGER NOT NULL, cause INTEGER NOT NULL, body BLOB,
  PRIMARY KEY(rid, ver)) WITHOUT ROWID;
CREATE TABLE lid(h INTEGER, rid INTEGER, PRIMARY KEY(h, rid)) WITHOUT ROWID;
CREATE TABLE live(tid INTEGER, rid INTEGER, PRIMARY KEY(tid, rid)) WITHOUT ROWID;
-- every version of every resource in the order of commit: system history, _lastUpdated
CREATE TABLE log(vsn INTEGER PRIMARY KEY, tid INTEGER, rid INTEGER, ver INTEGER, upd INTEGER);

CREATE TABLE tval(vid INTEGER PRIMARY KEY, pid INTEGER, code TEXT, sys TEXT, display TEXT);
CREATE UNIQUE INDEX tval_code ON tval(pid, code, sys, display);
CREATE TABLE tok(vid INTEGER, rid INTEGER, PRIMARY KEY(vid, rid)) WITHOUT ROWID;
CREATE TABLE idt(pid INTEGER, h INTEGER, rid INTEGER, PRIMARY KEY(pid, h, rid)) WITHOUT ROWID;
CREATE TABLE ref(pid INTEGER, tgt INTEGER, rid INTEGER, PRIMARY KEY(pid, tgt, rid)) WITHOUT ROWID;
CREATE TABLE dt(pid INTEGER, lo INTEGER, hi INTEGER, rid INTEGER,
  PRIMARY KEY(pid, lo, hi, rid)) WITHOUT ROWID;
CREATE TABLE str(pid INTEGER, v TEXT, rid INTEGER, PRIMARY KEY(pid, v, rid)) WITHOUT ROWID;
CREATE TABLE qty(pid INTEGER, v REAL, unit INTEGER, rid INTEGER,
  PRIMARY KEY(pid, v, unit, rid)) WITHOUT ROWID;
CREATE TABLE num(pid INTEGER, v REAL, rid INTEGER, PRIMARY KEY(pid, v, rid)) WITHOUT ROWID;
CREATE TABLE uri(pid INTEGER, v TEXT, rid INTEGER, PRIMARY KEY(pid, v, rid)) WITHOUT ROWID;

CREATE TABLE journal(id INTEGER PRIMARY KEY, received INTEGER NOT NULL, feed TEXT NOT NULL,
  lane INTEGER NOT NULL, control_id TEXT NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,
  bytes BLOB NOT NULL);
CREATE TABLE jstate(id INTEGER PRIMARY KEY, status INTEGER NOT NULL, reason TEXT NOT NULL,
  program INTEGER NOT NULL, upd INTEGER NOT NULL);
CREATE TABLE program(gid INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE);
CREATE TABLE pending(id INTEGER PRIMARY KEY);
CREATE TABLE dup(h INTEGER, id INTEGER, PRIMARY KEY(h, id)) WITHOUT ROWID;
CREATE TABLE outbox(id INTEGER PRIMARY KEY, cause INTEGER NOT NULL, made INTEGER NOT NULL,
  payload BLOB NOT NULL);
)sql";

/// Version 2: the tables with keys in no order become two trees each (see young.h).
constexpr char kVersion2[] = R"sql(
ALTER TABLE lid RENAME TO lid1;
CREATE TABLE lid0(h INTEGER, rid INTEGER, PRIMARY KEY(h, rid)) WITHOUT ROWID;
CREATE VIEW lid AS SELECT * FROM lid1 UNION ALL SELECT * FROM lid0;
ALTER TABLE tok RENAME TO tok1;
CREATE TABLE tok0(vid INTEGER, rid INTEGER, PRIMARY KEY(vid, rid)) WITHOUT ROWID;
CREATE VIEW tok AS SELECT * FROM tok1 UNION ALL SELECT * FROM tok0;
ALTER TABLE idt RENAME TO idt1;
CREATE TABLE idt0(pid INTEGER, h INTEGER, rid INTEGER, PRIMARY KEY(pid, h, rid)) WITHOUT ROWID;
CREATE VIEW idt AS SELECT * FROM idt1 UNION ALL SELECT * FROM idt0;
ALTER TABLE ref RENAME TO ref1;
CREATE TABLE ref0(pid INTEGER, tgt INTEGER, rid INTEGER, PRIMARY KEY(pid, tgt, rid)) WITHOUT ROWID;
CREATE VIEW ref AS SELECT * FROM ref1 UNION ALL SELECT * FROM ref0;
ALTER TABLE dt RENAME TO dt1;
CREATE TABLE dt0(pid INTEGER, lo INTEGER, hi INTEGER, rid INTEGER,
  PRIMARY KEY(pid, lo, hi, rid)) WITHOUT ROWID;
CREATE VIEW dt AS SELECT * FROM dt1 UNION ALL SELECT * FROM dt0;
ALTER TABLE str RENAME TO str1;
CREATE TABLE str0(pid INTEGER, v TEXT, rid INTEGER, PRIMARY KEY(pid, v, rid)) WITHOUT ROWID;
CREATE VIEW str AS SELECT * FROM str1 UNION ALL SELECT * FROM str0;
ALTER TABLE qty RENAME TO qty1;
CREATE TABLE qty0(pid INTEGER, v REAL, unit INTEGER, rid INTEGER,
  PRIMARY KEY(pid, v, unit, rid)) WITHOUT ROWID;
CREATE VIEW qty AS SELECT * FROM qty1 UNION ALL SELECT * FROM qty0;
ALTER TABLE dup RENAME TO dup1;
CREATE TABLE dup0(h INTEGER, id INTEGER, PRIMARY KEY(h, id)) WITHOUT ROWID;
CREATE VIEW dup AS SELECT * FROM dup1 UNION ALL SELECT * FROM dup0;
)sql";

/// Version 3: a number of its own, by which the files of arrivals say whose they are.
constexpr char kVersion3[] = R"sql(
CREATE TABLE store(identity INTEGER NOT NULL);
INSERT INTO store(identity) VALUES(random());
)sql";

/// Version 4: search parameters beyond R4's, and the index that is filled for them.
///
/// Definitions are only ever added, or put out of force: their order gives the paths their numbers
/// in memory. `source` 0: a package; else the rid of the SearchParameter. In `job`, `path` is the
/// key of a path, 0 for all; resources up to `next` are done.
constexpr char kVersion4[] = R"sql(
CREATE TABLE parameter(seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, in_force INTEGER NOT NULL,
  definition TEXT NOT NULL);
CREATE TABLE job(id INTEGER PRIMARY KEY, tid INTEGER NOT NULL, path INTEGER NOT NULL,
  name TEXT NOT NULL, next INTEGER NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,
  started INTEGER NOT NULL, finished INTEGER NOT NULL);
)sql";

/// Version 5: entries that are taken up again, and whether they are passed on again. Those that
/// were removed since the start may still be in a file of arrivals; they are not to come back from
/// there.
constexpr char kVersion5[] = R"sql(
ALTER TABLE pending ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
CREATE TABLE forgotten(id INTEGER PRIMARY KEY);
)sql";

constexpr auto kMigrations =
    std::to_array<char const*>({kVersion1, kVersion2, kVersion3, kVersion4, kVersion5});

}  // namespace

Result<> create_or_migrate(Connection& connection) {
  auto const version = TRY(connection.integer(0, "PRAGMA user_version"));
  if (version > static_cast<std::int64_t>(kMigrations.size()))
    return fail(ErrorCode::not_supported, "the store was written by a newer program");
  for (auto step = static_cast<std::size_t>(version); step < kMigrations.size(); ++step) {
    TRY(connection.run("BEGIN IMMEDIATE"));
    TRY(connection.run(kMigrations[step]));
    auto const mark = "PRAGMA user_version=" + std::to_string(step + 1);
    TRY(connection.run(mark.c_str()));
    TRY(connection.run("COMMIT"));
  }
  return {};
}

}  // namespace sinew::store::sqlite
