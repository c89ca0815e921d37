#include <algorithm>
#include "store/sqlite/applier.h"
#include "store/sqlite/applying.h"
#include "store/sqlite/past.h"
#include "store/sqlite/sqlite_store.h"

namespace sinew::store::sqlite {
Result<> Applier::forget_log(std::int64_t rid, std::int64_t version, std::int64_t updated) {
  auto const first = TRY(first_version_at(connection_, updated));
  auto const after = TRY(first_version_at(connection_, updated + 1));
  return connection_.execute("DELETE FROM log WHERE vsn>=? AND vsn<? AND rid=? AND ver=?", first,
                             after, rid, version);
}

/// One version of the history, or with 0 all of it.
Result<std::uint64_t> Applier::purge_history(std::int64_t rid, std::uint64_t version) {
  std::vector<std::pair<std::int64_t, std::int64_t>> versions;
  {
    auto rows = connection_.query("SELECT ver, upd FROM hist WHERE rid=? AND (?=0 OR ver=?)", rid,
                                  version, version);
    while (TRY(rows.next())) versions.emplace_back(rows.integer(0), rows.integer(1));
  }
  for (auto const& [number, updated] : versions) TRY(forget_log(rid, number, updated));
  TRY(connection_.execute("DELETE FROM hist WHERE rid=? AND (?=0 OR ver=?)", rid, version,
                          version));
  return versions.size();
}

/// What is left of a resource is its number and name: others may still refer to it.
Result<> Applier::purge_current(Purge const& item, Live const& live) {
  auto const type = *catalogue_.type_key(item.type);
  if (live.exists) {
    Change removal;
    removal.verb = Verb::remove;
    removal.type = item.type;
    removal.id = item.id;
    auto const fetch = [&]() -> Result<SharedText> {
      if (live.body) return live.body;
      return load_body(connection_, live);
    };
    auto const prepared = TRY(prepare(removal, {}, live, fetch));
    TRY(index_.drop(type, live.rid, prepared.drop));
    index_.drop_live(type, live.rid);
    --tallies_[type];
  }
  TRY(forget_log(live.rid, static_cast<std::int64_t>(live.version), live.updated.ms));
  return connection_.execute("UPDATE res SET ver=0, upd=0, born=0, cause=0, body=NULL WHERE rid=?",
                             live.rid);
}

Result<std::uint64_t> Applier::purge_one(Purge const& item) {
  auto const key = key_of(item.type, item.id);
  auto const live = TRY(live_of(key, item.type, item.id));
  if (live.version == 0) return 0;
  bool const is_whole = item.what == Purge::What::resource;
  auto const version = item.what == Purge::What::version ? item.version : 0;
  auto const count = TRY(or_break(purge_history(live.rid, version)));
  if (!is_whole) return count;
  TRY(or_break(purge_current(item, live)));
  cache_.put(key, Live{.rid = live.rid, .body = {}});
  return count + 1;
}

Result<std::uint64_t> Applier::purge(std::vector<Purge> const& items, Instant now) {
  overlay_.clear();
  fhir::SearchScope const scope(catalogue_.definitions()->tables);
  TRY(check_purges(items, [&](Purge const& item) {
    return live_of(key_of(item.type, item.id), item.type, item.id);
  }));
  TRY(or_break(index_.flush()));  // rows of this group have to be there to be taken away
  // What is deleted is overwritten in the file, not left in pages that are free.
  TRY(or_break(connection_.run("PRAGMA secure_delete=ON")));
  std::uint64_t count = 0;
  for (auto const& item : items) count += TRY(or_break(purge_one(item)));
  TRY(or_break(index_.flush()));
  TRY(or_break(connection_.run("PRAGMA secure_delete=FAST")));
  if (count == 0) return count;
  // A row of no resource keeps the number of the last version from being given out again: cursors
  // know instants by it.
  now_ = Instant{std::max(now.ms, last_updated_)};
  last_updated_ = now_.ms;
  TRY(or_break(connection_.execute("INSERT INTO log(vsn, tid, rid, ver, upd) VALUES(?, 0, 0, 0, ?)",
                                   ++last_version_, now_.ms)));
  return count;
}

Result<std::uint64_t> SqliteStore::purge(std::vector<Purge> const& items) {
  if (!writer_) return fail(ErrorCode::unavailable, "the store is open for reading only");
  return purge_and_wait(items, [&](PurgeWork work) { writer_->submit(std::move(work)); });
}

Result<std::string> SqliteStore::signature(std::string_view text) {
  auto lease = TRY(readers_.lease());
  return keyed_mark(TRY(lease->integer(0, "SELECT identity FROM store LIMIT 1")), text);
}

}  // namespace sinew::store::sqlite
