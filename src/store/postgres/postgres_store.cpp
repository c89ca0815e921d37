#include "store/postgres/postgres_store.h"

#include <algorithm>

#include "store/compress.h"
#include "store/content.h"
#include "store/postgres/preparing.h"
#include "store/postgres/schema.h"
#include "store/sqlite/history.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/search.h"

namespace sinew::store {

Result<std::unique_ptr<Store>> open_postgres(StoreOptions options, Clock& clock) {
  return postgres::PostgresStore::open(options, clock);
}

namespace postgres {
namespace {

/// The numbers of types and paths. Those new to the database are added in turn with the commits of
/// others.
Result<Catalogue> load_catalogue(Session& session) {
  sqlite::Connection connection(std::make_unique<Foreign>(session));
  TRY(session.send("BEGIN"));
  TRY(session.send("SELECT one FROM commit_order WHERE one=1 FOR UPDATE"));
  auto catalogue = Catalogue::load(connection);
  // Nothing fills an index beside everything else here, and what is half indexed is not searched.
  if (catalogue && !catalogue->added().empty()) {
    auto const stored = session.ask_integer(0, "SELECT vsn FROM log LIMIT 1");
    if (!stored || *stored != 0) {
      catalogue = fail(ErrorCode::not_supported,
                       "the database was filled by a program that indexed fewer elements: load its "
                       "resources into a new one");
    }
  }
  auto end = session.ask(catalogue ? "COMMIT" : "ROLLBACK");
  if (catalogue && !end) return std::move(end).failure();
  return catalogue;
}

/// Columns ver, upd, cause, body from `column` on.
Result<Resource> resource_from(Answer const& row, int i, int column, std::string_view type,
                               std::string_view id) {
  Resource resource{.type = std::string(type), .id = std::string(id), .body = {}};
  resource.version = static_cast<std::uint64_t>(row.integer(i, column));
  resource.updated = Instant{row.integer(i, column + 1)};
  resource.cause = static_cast<JournalId>(row.integer(i, column + 2));
  resource.deleted = row.is_null(i, column + 3);
  if (!resource.deleted)
    resource.body = with_meta(TRY(unpack(row.bytes(i, column + 3))), type, id, resource.version,
                              resource.updated);
  return resource;
}

/// The parameters by which a resource is found.
Parameters named(Catalogue const& catalogue, std::string_view type, std::string_view id) {
  return Parameters()
      .add(sqlite::hash_of_key(sqlite::key_of(type, id)))
      .add(catalogue.type_key(type).value_or(0))
      .add(id);
}

}  // namespace

Result<std::unique_ptr<Store>> PostgresStore::open(StoreOptions const& options, Clock& clock) {
  auto session = TRY(Session::open(options.path, Session::Use::writes));
  if (options.create && !options.read_only) TRY(create_or_migrate(*session));
  auto catalogue = TRY(load_catalogue(*session));
  std::unique_ptr<PostgresStore> store(
      new PostgresStore(options.path, std::move(catalogue), clock));
  if (!options.read_only) {
    store->membership_ = TRY(Membership::join(options.path));
    store->writer_ =
        std::make_unique<Writer>(options.path, std::move(session), store->catalogue_, store->cache_,
                                 clock, options, store->membership_->owner());
    store->writer_->start();
  }
  return std::unique_ptr<Store>(std::move(store));
}

PostgresStore::~PostgresStore() {
  if (writer_) writer_->stop();
}

void PostgresStore::apply(Transaction transaction, Applied done) {
  if (!writer_) return done(fail(ErrorCode::unavailable, "the store is open for reading only"));
  ApplyWork work;
  work.purges_seen = writer_->purges();
  work.changes = Preparing(pool_, catalogue_, cache_).prepare_all(transaction.changes);
  work.transaction = std::move(transaction);
  work.done = std::move(done);
  writer_->submit(std::move(work));
}

Result<Resource> PostgresStore::read(std::string_view type, std::string_view id) {
  auto lease = TRY(pool_.lease());
  auto const row = TRY(lease.session().ask(
      "SELECT r.ver, r.upd, r.cause, r.body FROM res r WHERE "
      "r.rid = ANY(ARRAY(SELECT rid FROM lid WHERE h=$1)) AND r.tid=$2 AND r.id=$3",
      named(catalogue_, type, id)));
  if (row.rows() == 0 || row.integer(0, 0) == 0)
    return fail(ErrorCode::not_found, "no such resource", std::string(type));
  if (row.is_null(0, 3))
    return fail(ErrorCode::gone, "the resource was deleted", std::string(type));
  return resource_from(row, 0, 0, type, id);
}

Result<std::vector<Resource>> PostgresStore::history(std::string_view type, std::string_view id) {
  auto lease = TRY(pool_.lease());
  auto const rows = TRY(lease.session().ask(
      "SELECT v.ver, v.upd, v.cause, v.body FROM res r JOIN "
      "(SELECT rid, ver, upd, cause, body FROM res "
      "UNION ALL SELECT rid, ver, upd, cause, body FROM hist) v ON v.rid=r.rid "
      "WHERE r.rid = ANY(ARRAY(SELECT rid FROM lid WHERE h=$1)) AND r.tid=$2 AND r.id=$3 "
      "AND v.ver>0 ORDER BY v.ver DESC",
      named(catalogue_, type, id)));
  if (rows.rows() == 0) return fail(ErrorCode::not_found, "no such resource", std::string(type));
  std::vector<Resource> versions;
  for (int i = 0; i < rows.rows(); ++i)
    versions.push_back(TRY(resource_from(rows, i, 0, type, id)));
  return versions;
}

Result<Resource> PostgresStore::read_version(std::string_view type, std::string_view id,
                                             std::uint64_t version) {
  auto lease = TRY(pool_.lease());
  auto const row = TRY(lease.session().ask(
      "SELECT v.ver, v.upd, v.cause, v.body FROM res r JOIN "
      "(SELECT rid, ver, upd, cause, body FROM res "
      "UNION ALL SELECT rid, ver, upd, cause, body FROM hist) v ON v.rid=r.rid "
      "WHERE r.rid = ANY(ARRAY(SELECT rid FROM lid WHERE h=$1)) AND r.tid=$2 AND r.id=$3 "
      "AND v.ver=$4",
      named(catalogue_, type, id).add(version)));
  if (version == 0 || row.rows() == 0)
    return fail(ErrorCode::not_found, "no such version", std::string(type));
  if (row.is_null(0, 3))
    return fail(ErrorCode::gone, "this version is a deletion", std::string(type));
  return resource_from(row, 0, 0, type, id);
}

Result<Resource> PostgresStore::read_as_of(std::string_view type, std::string_view id,
                                           Instant instant) {
  auto lease = TRY(pool_.lease());
  auto const row = TRY(lease.session().ask(
      "SELECT v.ver, v.upd, v.cause, v.body FROM res r JOIN "
      "(SELECT rid, ver, upd, cause, body FROM res "
      "UNION ALL SELECT rid, ver, upd, cause, body FROM hist) v ON v.rid=r.rid "
      "WHERE r.rid = ANY(ARRAY(SELECT rid FROM lid WHERE h=$1)) AND r.tid=$2 AND r.id=$3 "
      "AND v.ver>0 AND v.upd<=$4 "
      "ORDER BY v.ver DESC LIMIT 1",
      named(catalogue_, type, id).add(instant.ms)));
  if (row.rows() == 0)
    return fail(ErrorCode::not_found, "no such resource then", std::string(type));
  if (row.is_null(0, 3))
    return fail(ErrorCode::gone, "the resource was deleted then", std::string(type));
  return resource_from(row, 0, 0, type, id);
}

Result<HistoryPage> PostgresStore::history_page(HistoryQuery const& query) {
  auto lease = TRY(pool_.lease_snapshot());
  return sqlite::run_history(lease.connection(), catalogue_, query);
}

Result<std::vector<std::pair<std::string, std::uint64_t>>> PostgresStore::counts() {
  auto lease = TRY(pool_.lease());
  auto const rows = TRY(lease.session().ask("SELECT tid, live FROM tally WHERE live > 0"));
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (int i = 0; i < rows.rows(); ++i)
    counts.emplace_back(catalogue_.type_name(rows.integer(i, 0)),
                        static_cast<std::uint64_t>(rows.integer(i, 1)));
  std::ranges::sort(counts);
  return counts;
}

Result<SearchPage> PostgresStore::search(Query const& query) {
  auto lease = TRY(pool_.lease_snapshot());
  return sqlite::run_search(lease.connection(), catalogue_, clock_, query);
}

StoreCounters PostgresStore::counters() const {
  return writer_ ? writer_->counters() : StoreCounters{};
}

}  // namespace postgres
}  // namespace sinew::store
