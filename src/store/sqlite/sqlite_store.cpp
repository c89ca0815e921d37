#include "store/sqlite/sqlite_store.h"

#include <algorithm>

#include "base/hash.h"
#include "store/compress.h"
#include "store/content.h"
#include "store/sqlite/history.h"
#include "store/sqlite/journal_care.h"
#include "store/sqlite/replay.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/search.h"

namespace sinew::store {

Result<std::unique_ptr<Store>> open_sqlite(StoreOptions options, Clock& clock) {
  // OPTIMIZATION: without its memory statistics SQLite takes no lock to allocate. Refused without
  // harm once a connection is open.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  return sqlite::SqliteStore::open(options, clock);
}

namespace sqlite {

std::int64_t duplicate_hash(JournalEntry const& entry) {
  auto const identity = hash64(entry.control_id, hash64(entry.sender));
  return static_cast<std::int64_t>(hash64(entry.bytes, identity));
}

Result<std::unique_ptr<Store>> SqliteStore::open(StoreOptions const& options, Clock& clock) {
  auto place = TRY(Place::take(options));
  bool const create = options.create && !options.read_only;
  auto connection = TRY(Connection::open(
      place->path(), options.read_only ? Connection::Mode::read : Connection::Mode::write, create));
  if (!options.read_only) TRY(create_or_migrate(connection));
  TRY(connection.run("BEGIN"));
  // A store of an older program, opened for reading, has no such table.
  bool const has_parameters =
      TRY(connection.integer(
          0, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name='parameter'")) != 0;
  auto parameters = has_parameters ? TRY(load_parameters(connection)) : std::vector<ParameterRow>();
  auto const tables = tables_of(parameters, 1);
  fhir::SearchScope const scope(tables);
  auto catalogue = TRY(Catalogue::load(connection));
  if (tables) catalogue.publish(std::make_shared<Definitions const>(Definitions{tables, {}}));
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(std::move(place), std::move(catalogue), clock));
  if (options.read_only) {
    if (has_parameters) TRY(store->read_unready(connection));
    TRY(connection.run("COMMIT"));
    return std::unique_ptr<Store>(std::move(store));
  }
  store->indexer_ = std::make_unique<Indexer>(store->catalogue_, store->readers_, clock);
  TRY(store->indexer_->load(connection, std::move(parameters)));
  TRY(connection.run("COMMIT"));
  TRY(store->start_writing(std::move(connection), options));
  return std::unique_ptr<Store>(std::move(store));
}

/// Beside a running server: what it has not indexed yet is judged by bodies here as well.
Result<> SqliteStore::read_unready(Connection& connection) {
  Definitions definitions{catalogue_.definitions()->tables, {}};
  auto rows = connection.query("SELECT path FROM job WHERE finished=0 AND path<>0");
  while (TRY(rows.next())) definitions.unready.insert(rows.integer(0));
  catalogue_.publish(std::make_shared<Definitions const>(std::move(definitions)));
  return {};
}

Result<> SqliteStore::start_writing(Connection connection, StoreOptions const& options) {
  auto const disk = options.disk ? options.disk : arrivals::make_file_disk();
  auto const prefix = place_->path() + ".arrivals-";
  auto const log_path = place_->path() + "-wal";
  auto const identity =
      static_cast<std::uint64_t>(TRY(connection.integer(0, "SELECT identity FROM store")));
  Applier applier(connection, catalogue_, cache_, {}, options.young_rows_max);
  TRY(applier.load_counters());
  auto const left = TRY(replay_arrivals(connection, applier, *disk, prefix, identity, log_path));
  for (auto const& path : left.files) TRY(disk->remove(path));
  TRY(connection.run("DELETE FROM forgotten"));
  auto const last_id = TRY(connection.integer(0, "SELECT max(id) FROM journal"));
  arrivals_ = std::make_unique<arrivals::Arrivals>(
      disk, arrivals::ArrivalsOptions{.prefix = prefix,
                                      .store = identity,
                                      .last_sequence = left.last_sequence,
                                      .last_id = static_cast<JournalId>(last_id),
                                      .segment_bytes = options.journal_file_bytes});
  log_sync_ =
      std::make_unique<LogSync>(disk, log_path, std::chrono::milliseconds(options.sync_interval_ms),
                                [this](std::uint64_t commit) { arrivals_->durable(commit); });
  writer_ = std::make_unique<Writer>(
      std::move(connection), place_->path(), catalogue_, cache_, clock_, options,
      [this](Connection& writing, std::string_view type, std::string const& query) {
        return find_up_to_two(writing, catalogue_, clock_, type, query);
      },
      *log_sync_,
      [this](std::span<JournalId const> ids, std::uint64_t commit) {
        arrivals_->filed(ids, commit);
      });
  follower_ = std::make_unique<Follower>(*arrivals_, *writer_);
  TRY(writer_->start());
  log_sync_->start();
  arrivals_->start();
  follower_->start();
  indexer_->start(*writer_);
  journal_care_ = make_journal_care(*this, readers_, *writer_);
  return {};
}

/// A store that was closed is one file: what waits goes into it, and the arrivals are removed.
SqliteStore::~SqliteStore() {
  if (!follower_) return;
  indexer_->stop();
  arrivals_->stop();
  follower_->stop();
  auto const filed = follower_->file_all();
  writer_->stop();
  log_sync_->stop();
  if (filed && log_sync_->is_durable()) arrivals_->remove_files();
}

void SqliteStore::append(JournalEntry entry, Appended done) {
  if (!arrivals_) return done(fail(ErrorCode::unavailable, "the store is open for reading only"));
  arrivals_->append(entry, clock_.now(), duplicate_hash(entry), std::move(done));
}

/// The entry a transaction comes from, where the database may lack it.
Result<std::optional<JournalRow>> SqliteStore::row_of_cause(JournalId cause) {
  if (cause == 0) return std::optional<JournalRow>();
  auto arrival = TRY(arrivals_->find(cause));
  if (!arrival) return std::optional<JournalRow>();
  return std::optional<JournalRow>(row_of(std::move(*arrival)));
}

/// Prepares the changes of one transaction on the caller's thread, as far as they can be.
class SqliteStore::Preparing {
 public:
  explicit Preparing(SqliteStore& store) : store_(store) {}

  PreparedChange prepare_change(Change const& change) {
    PreparedChange item;
    item.key = key_of(change.type, change.id);
    if (change.verb == Verb::put || change.verb == Verb::merge) item.digest = digest_of(change);
    if (!check_identity(change.type, change.id)) return item;
    auto const live = live_of(change, item.key);
    if (!live) return item;
    auto const fetch = [&]() -> Result<SharedText> {
      if (live->body) return live->body;
      auto body = load_body(*TRY(connection()), *live);
      if (body) {
        auto with_body = *live;
        with_body.body = *body;
        store_.cache_.add_read(item.key, std::move(with_body), epoch_);
      }
      return body;
    };
    // What fails here fails again in the writer's thread, which answers; unless the resource
    // changed meanwhile and it succeeds.
    auto prepared = prepare(change, item.digest, *live, fetch);
    if (!prepared) return item;
    if (prepared->text) expect(item, *live, *prepared);
    item.prepared = std::move(*prepared);
    return item;
  }

 private:
  Result<Connection*> connection() {
    if (!lease_) {
      epoch_ = store_.cache_.epoch();
      lease_.emplace(TRY(store_.readers_.lease()));
    }
    return &**lease_;
  }

  /// OPTIMIZATION: messages about one patient follow each other closely. Each is prepared on what
  /// the one before it is to make of the resource; else the writer had to prepare it again, alone.
  void expect(PreparedChange const& item, Live const& live, Prepared const& prepared) {
    Live after{.version = live.version + 1,
               .exists = true,
               .is_expected = true,
               .content = prepared.content,
               .body = prepared.text};
    if (item.digest.is_set()) after.add_no_op(item.digest);
    store_.cache_.expect(item.key, std::move(after));
  }

  Result<Live> live_of(Change const& change, std::string const& key) {
    if (auto cached = store_.cache_.find_expected(key)) return std::move(*cached);
    auto* reading = TRY(connection());
    auto live = TRY(load_live(*reading, store_.catalogue_, change.type, change.id));
    store_.cache_.add_read(key, live, epoch_);
    return live;
  }

  SqliteStore& store_;
  LiveCache::Epoch epoch_ = 0;
  std::optional<Readers::Lease> lease_;
};

namespace {

bool is_parameter(Change const& change) { return change.type == "SearchParameter"; }

}  // namespace

/// Who changes a SearchParameter is answered when searches know of it.
Store::Applied SqliteStore::when_in_force(Applied done) {
  if (!done) return done;
  return [this, done = std::move(done)](Result<std::vector<Outcome>> outcomes) {
    if (!outcomes) return done(std::move(outcomes));
    indexer_->refresh([done, outcomes = std::move(outcomes)] { done(outcomes); });
  };
}

Result<std::vector<std::string>> SqliteStore::add_search_parameters(
    std::vector<std::string> const& resources) {
  if (!writer_) return fail(ErrorCode::unavailable, "the store is open for reading only");
  return indexer_->add(resources);
}

std::shared_ptr<fhir::SearchTables const> SqliteStore::search_tables() const {
  return catalogue_.definitions()->tables;
}

Result<std::vector<std::uint64_t>> SqliteStore::reindex(std::string_view type) {
  if (!writer_) return fail(ErrorCode::unavailable, "the store is open for reading only");
  std::vector<std::string> types;
  for (auto const& [name, live] : TRY(counts()))
    if (type.empty() || type == name) types.push_back(name);
  return indexer_->reindex(types);
}

JournalCare* SqliteStore::journal_care() { return journal_care_.get(); }

Result<std::vector<IndexJob>> SqliteStore::index_jobs() {
  return indexer_ ? indexer_->jobs() : std::vector<IndexJob>();
}

void SqliteStore::apply(Transaction transaction, Applied done) {
  if (!writer_) return done(fail(ErrorCode::unavailable, "the store is open for reading only"));
  fhir::SearchScope const scope(catalogue_.definitions()->tables);
  ApplyWork work;
  auto cause = row_of_cause(transaction.cause);
  if (!cause) return done(std::move(cause).failure());
  work.cause = std::move(*cause);
  work.purges_seen = writer_->purges();
  {
    Preparing preparing(*this);
    work.changes.reserve(transaction.changes.size());
    for (auto const& change : transaction.changes)
      work.changes.push_back(preparing.prepare_change(change));
  }
  if (std::ranges::any_of(transaction.changes, is_parameter)) done = when_in_force(std::move(done));
  work.transaction = std::move(transaction);
  work.done = std::move(done);
  writer_->submit(std::move(work));
}

Result<Resource> SqliteStore::read(std::string_view type, std::string_view id) {
  auto lease = TRY(readers_.lease());
  auto const live = TRY(load_live(*lease, catalogue_, type, id));
  if (live.version == 0) return fail(ErrorCode::not_found, "no such resource", std::string(type));
  if (!live.exists) return fail(ErrorCode::gone, "the resource was deleted", std::string(type));
  return load_resource(*lease, catalogue_, live.rid);
}

Result<std::vector<Resource>> SqliteStore::history(std::string_view type, std::string_view id) {
  auto lease = TRY(readers_.lease());
  auto const live = TRY(load_live(*lease, catalogue_, type, id));
  if (live.version == 0) return fail(ErrorCode::not_found, "no such resource", std::string(type));
  std::vector<Resource> versions;
  auto rows = lease->query(
      "SELECT ver, upd, cause, body FROM res WHERE rid=? "
      "UNION ALL SELECT ver, upd, cause, body FROM hist WHERE rid=? ORDER BY ver DESC",
      live.rid, live.rid);
  while (TRY(rows.next())) {
    Resource resource{.type = std::string(type), .id = std::string(id), .body = {}};
    resource.version = static_cast<std::uint64_t>(rows.integer(0));
    resource.updated = Instant{rows.integer(1)};
    resource.cause = static_cast<JournalId>(rows.integer(2));
    resource.deleted = rows.is_null(3);
    if (!resource.deleted)
      resource.body =
          with_meta(TRY(unpack(rows.text(3))), type, id, resource.version, resource.updated);
    versions.push_back(std::move(resource));
  }
  return versions;
}

Result<HistoryPage> SqliteStore::history_page(HistoryQuery const& query) {
  auto lease = TRY(readers_.lease());
  return run_history(*lease, catalogue_, query);
}

Result<Resource> SqliteStore::read_version(std::string_view type, std::string_view id,
                                           std::uint64_t version) {
  auto lease = TRY(readers_.lease());
  auto const live = TRY(load_live(*lease, catalogue_, type, id));
  auto rows = lease->query(
      "SELECT upd, cause, body FROM res WHERE rid=? AND ver=? "
      "UNION ALL SELECT upd, cause, body FROM hist WHERE rid=? AND ver=?",
      live.rid, version, live.rid, version);
  if (live.version == 0 || version == 0 || !TRY(rows.next()))
    return fail(ErrorCode::not_found, "no such version", std::string(type));
  if (rows.is_null(2))
    return fail(ErrorCode::gone, "this version is a deletion", std::string(type));
  Resource resource{.type = std::string(type), .id = std::string(id), .body = {}};
  resource.version = version;
  resource.updated = Instant{rows.integer(0)};
  resource.cause = static_cast<JournalId>(rows.integer(1));
  resource.body = with_meta(TRY(unpack(rows.text(2))), type, id, version, resource.updated);
  return resource;
}

Result<Resource> SqliteStore::read_as_of(std::string_view type, std::string_view id,
                                         Instant instant) {
  auto lease = TRY(readers_.lease());
  auto const live = TRY(load_live(*lease, catalogue_, type, id));
  auto rows = lease->query(
      "SELECT ver, upd, cause, body FROM (SELECT ver, upd, cause, body FROM res WHERE rid=?1 "
      "UNION ALL SELECT ver, upd, cause, body FROM hist WHERE rid=?1) "
      "WHERE ver>0 AND upd<=?2 ORDER BY ver DESC LIMIT 1",
      live.rid, instant.ms);
  if (live.version == 0 || !TRY(rows.next()))
    return fail(ErrorCode::not_found, "no such resource then", std::string(type));
  if (rows.is_null(3))
    return fail(ErrorCode::gone, "the resource was deleted then", std::string(type));
  Resource resource{.type = std::string(type), .id = std::string(id), .body = {}};
  resource.version = static_cast<std::uint64_t>(rows.integer(0));
  resource.updated = Instant{rows.integer(1)};
  resource.cause = static_cast<JournalId>(rows.integer(2));
  resource.body =
      with_meta(TRY(unpack(rows.text(3))), type, id, resource.version, resource.updated);
  return resource;
}

Result<std::vector<std::pair<std::string, std::uint64_t>>> SqliteStore::counts() {
  auto lease = TRY(readers_.lease());
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  auto rows = lease->query("SELECT tid, live FROM tally WHERE live > 0");
  while (TRY(rows.next()))
    counts.emplace_back(catalogue_.type_name(rows.integer(0)),
                        static_cast<std::uint64_t>(rows.integer(1)));
  std::ranges::sort(counts);
  return counts;
}

Result<SearchPage> SqliteStore::search(Query const& query) {
  auto lease = TRY(readers_.lease());
  return run_search(*lease, catalogue_, clock_, query);
}

StoreCounters SqliteStore::counters() const {
  if (!writer_) return {};
  auto all = writer_->counters();
  auto const arrived = arrivals_->counters();
  all.journal_entries = arrived.entries;
  all.journal_syncs = arrived.syncs;
  all.journal_waiting = arrived.waiting;
  return all;
}

}  // namespace sqlite
}  // namespace sinew::store
