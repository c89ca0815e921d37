#include "store/postgres/schema.h"

#include <array>
#include <chrono>
#include <random>
#include <thread>

namespace sinew::store::postgres {
namespace {

/// The shapes of store/sqlite/schema.cpp, which says what each table is; without the young trees.
///
/// Texts are bytes: they compare the same on every database whatever its locale, and a sender may
/// have written anything. No sequences: numbers come from `commit_order`, one row that is locked
/// for the length of a commit, so that versions are numbered in the order in which they can be
/// seen, however many processes write. No triggers, types or functions of our own.
constexpr auto kVersion1 = std::to_array<char const*>({
    "CREATE TABLE type(tid bigint PRIMARY KEY, name bytea NOT NULL)",
    "CREATE TABLE path(pid bigint PRIMARY KEY, name bytea NOT NULL)",
    "CREATE TABLE tally(tid bigint PRIMARY KEY, live bigint NOT NULL)",
    "CREATE TABLE res(rid bigint PRIMARY KEY, tid bigint NOT NULL, id bytea NOT NULL, "
    "ver bigint NOT NULL, upd bigint NOT NULL, born bigint NOT NULL, cause bigint NOT NULL, "
    "body bytea)",
    "CREATE TABLE hist(rid bigint, ver bigint, upd bigint NOT NULL, cause bigint NOT NULL, "
    "body bytea, PRIMARY KEY(rid, ver))",
    "CREATE TABLE lid(h bigint, rid bigint, PRIMARY KEY(h, rid))",
    "CREATE TABLE live(tid bigint, rid bigint, PRIMARY KEY(tid, rid))",
    "CREATE TABLE log(vsn bigint PRIMARY KEY, tid bigint NOT NULL, rid bigint NOT NULL, "
    "ver bigint NOT NULL, upd bigint NOT NULL)",
    "CREATE TABLE tval(vid bigint PRIMARY KEY, pid bigint NOT NULL, code bytea NOT NULL, "
    "sys bytea NOT NULL, display bytea NOT NULL)",
    "CREATE INDEX tval_code ON tval(pid, md5(code))",
    "CREATE TABLE tok(vid bigint, rid bigint, PRIMARY KEY(vid, rid))",
    "CREATE TABLE idt(pid bigint, h bigint, rid bigint, PRIMARY KEY(pid, h, rid))",
    "CREATE TABLE ref(pid bigint, tgt bigint, rid bigint, PRIMARY KEY(pid, tgt, rid))",
    "CREATE TABLE dt(pid bigint, lo bigint, hi bigint, rid bigint, PRIMARY KEY(pid, lo, hi, rid))",
    "CREATE TABLE str(pid bigint, v bytea, rid bigint, PRIMARY KEY(pid, v, rid))",
    "CREATE TABLE qty(pid bigint, v double precision, unit bigint, rid bigint, "
    "PRIMARY KEY(pid, v, unit, rid))",
    "CREATE TABLE num(pid bigint, v double precision, rid bigint, PRIMARY KEY(pid, v, rid))",
    "CREATE TABLE uri(pid bigint, v bytea, rid bigint, PRIMARY KEY(pid, v, rid))",
    "CREATE TABLE journal(id bigint PRIMARY KEY, received bigint NOT NULL, feed bytea NOT NULL, "
    "lane bigint NOT NULL, control_id bytea NOT NULL, type bytea NOT NULL, sender bytea NOT NULL, "
    "bytes bytea NOT NULL)",
    "CREATE TABLE jstate(id bigint PRIMARY KEY, status bigint NOT NULL, reason bytea NOT NULL, "
    "program bigint NOT NULL, upd bigint NOT NULL)",
    "CREATE TABLE program(gid bigint PRIMARY KEY, digest bytea NOT NULL)",
    // Entries that nothing became of yet, and the process that is to bring them about.
    "CREATE TABLE pending(id bigint PRIMARY KEY, owner bigint NOT NULL)",
    "CREATE INDEX pending_owner ON pending(owner, id)",
    "CREATE TABLE dup(h bigint, id bigint, PRIMARY KEY(h, id))",
    "CREATE TABLE outbox(id bigint PRIMARY KEY, cause bigint NOT NULL, made bigint NOT NULL, "
    "payload bytea NOT NULL)",
    // The processes at work. beat: when it was last heard of, in ms by the database's clock;
    // commits: how many groups it has committed.
    "CREATE TABLE process(owner bigint PRIMARY KEY, beat bigint NOT NULL, commits bigint NOT NULL)",
    // One row: the order of commits, and the last number given of each kind.
    "CREATE TABLE commit_order(one bigint PRIMARY KEY, commits bigint NOT NULL, "
    "resource bigint NOT NULL, version bigint NOT NULL, value bigint NOT NULL, "
    "updated bigint NOT NULL, journal bigint NOT NULL, outbox bigint NOT NULL, "
    "program bigint NOT NULL, owner bigint NOT NULL)",
    "INSERT INTO commit_order VALUES(1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
});

constexpr std::int64_t kSchemaVersion = 1;
/// `identity` signs cursors; `schema` is the version of the tables.
constexpr char kCreateStore[] =
    "CREATE TABLE store(one bigint PRIMARY KEY, identity bigint NOT NULL, schema bigint NOT NULL)";

/// Another process may be creating the tables at this moment: it is given this long.
constexpr int kAttemptsMax = 50;
constexpr auto kAttemptPause = std::chrono::milliseconds(100);

Result<> create(Session& session) {
  std::random_device random;
  auto const identity = static_cast<std::int64_t>(std::uint64_t{random()} << 32 | random());
  TRY(session.send("BEGIN"));
  // First, so that of several who create the tables all but one fail here.
  TRY(session.send(kCreateStore));
  for (auto const* sql : kVersion1) TRY(session.send(sql));
  TRY(session.send("INSERT INTO store(one, identity, schema) VALUES(1, $1, $2)",
                   Parameters().add(identity).add(kSchemaVersion)));
  TRY(session.send("COMMIT"));
  auto done = session.finish();
  if (done) return {};
  if (session.is_in_transaction()) (void)session.ask("ROLLBACK");
  return std::move(done).failure();
}

}  // namespace

Result<> create_or_migrate(Session& session) {
  Result<> state;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (auto const version = session.ask("SELECT schema FROM store WHERE one=1");
        version && version->rows() == 1) {
      if (version->integer(0, 0) <= kSchemaVersion) return {};
      return fail(ErrorCode::not_supported, "the store was written by a newer program");
    }
    if (session.is_lost()) return fail(ErrorCode::unavailable, "database: connection lost");
    state = create(session);
    if (state) return {};
    std::this_thread::sleep_for(kAttemptPause);
  }
  return state;
}

}  // namespace sinew::store::postgres
