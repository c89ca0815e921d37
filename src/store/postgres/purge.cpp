#include "store/postgres/applier.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/applying.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

// Versions taken away for good, in turn with all other commits. What is left on disk until the
// server's VACUUM is PostgreSQL's.

namespace sinew::store::postgres {

/// Versions are in order of time, so the row of one is found by its time.
Result<> Applier::forget_log(std::int64_t rid, std::int64_t version, std::int64_t updated) {
  auto const first = TRY(sqlite::first_version_at(*searching_, updated));
  auto const after = TRY(sqlite::first_version_at(*searching_, updated + 1));
  TRY(session_->ask("DELETE FROM log WHERE vsn>=$1 AND vsn<$2 AND rid=$3 AND ver=$4",
                    Parameters().add(first).add(after).add(rid).add(version)));
  return {};
}

/// One version of the history, or with 0 all of it.
Result<std::uint64_t> Applier::purge_history(std::int64_t rid, std::uint64_t version) {
  auto const rows =
      TRY(session_->ask("DELETE FROM hist WHERE rid=$1 AND ($2=0 OR ver=$2) RETURNING ver, upd",
                        Parameters().add(rid).add(version)));
  for (int i = 0; i < rows.rows(); ++i)
    TRY(forget_log(rid, rows.integer(i, 0), rows.integer(i, 1)));
  return static_cast<std::uint64_t>(rows.rows());
}

/// What is left of a resource is its number and name: others may still refer to it.
Result<> Applier::purge_current(Purge const& item, Live const& live) {
  auto const type = *catalogue_.type_key(item.type);
  if (live.exists) {
    Change removal;
    removal.verb = Verb::remove;
    removal.type = item.type;
    removal.id = item.id;
    auto prepared = TRY(prepare(removal, {}, live, [&] { return body_of(live); }));
    index_.push_back({type, live.rid, false, std::move(prepared.drop)});
    rows_.set_live(type, live.rid, false);
    TRY(flush());
  }
  TRY(forget_log(live.rid, static_cast<std::int64_t>(live.version), live.updated.ms));
  return session_->send("UPDATE res SET ver=0, upd=0, born=0, cause=0, body=NULL WHERE rid=$1",
                        Parameters().add(live.rid));
}

Result<std::uint64_t> Applier::purge_one(Purge const& item) {
  auto const key = sqlite::key_of(item.type, item.id);
  auto const live = TRY(live_of(key));
  if (live.version == 0) return 0;
  auto const version = item.what == Purge::What::version ? item.version : 0;
  auto const count = TRY(purge_history(live.rid, version));
  if (item.what != Purge::What::resource) return count;
  TRY(purge_current(item, live));
  Live const nothing{.rid = live.rid, .body = {}};
  group_.insert_or_assign(key, nothing);
  cache_.put(key, nothing);
  return count + 1;
}

Result<std::uint64_t> Applier::purge(std::vector<Purge> const& items, Instant now) {
  overlay_.clear();
  TRY(sqlite::check_purges(
      items, [&](Purge const& item) { return live_of(sqlite::key_of(item.type, item.id)); }));
  TRY(or_break(flush()));  // rows of this group have to be there to be taken away
  std::uint64_t count = 0;
  for (auto const& item : items) count += TRY(or_break(purge_one(item)));
  if (count == 0) return count;
  ++purges_;
  // A row of no resource keeps the number of the last version from being given out again, and
  // tells other processes.
  now_ = Instant{std::max(now.ms, order_.updated)};
  order_.updated = now_.ms;
  TRY(or_break(session_->ask("INSERT INTO log(vsn, tid, rid, ver, upd) VALUES($1, 0, 0, 0, $2)",
                             Parameters().add(++order_.version).add(now_.ms))));
  return count;
}

Result<std::uint64_t> PostgresStore::purge(std::vector<Purge> const& items) {
  if (!writer_) return fail(ErrorCode::unavailable, "the store is open for reading only");
  return sqlite::purge_and_wait(items, [&](PurgeWork work) { writer_->submit(std::move(work)); });
}

Result<std::string> PostgresStore::signature(std::string_view text) {
  auto lease = TRY(pool_.lease());
  auto const identity =
      TRY(lease.session().ask_integer(0, "SELECT identity FROM store WHERE one=1"));
  return sqlite::keyed_mark(identity, text);
}

}  // namespace sinew::store::postgres
