#include <algorithm>

#include "store/compress.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/work.h"

namespace sinew::store::postgres {
namespace {

constexpr char kRecordById[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "coalesce(s.status, 0), s.reason, p.digest "
    "FROM journal j LEFT JOIN jstate s ON s.id=j.id LEFT JOIN program p ON p.gid=s.program "
    "WHERE j.id=$1";
constexpr char kRecordsByHash[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "coalesce(s.status, 0), s.reason, p.digest "
    "FROM dup d JOIN journal j ON j.id=d.id LEFT JOIN jstate s ON s.id=j.id "
    "LEFT JOIN program p ON p.gid=s.program WHERE d.h=$1 AND d.id<$2 ORDER BY d.id";
// No index serves the filters: a page looks at no more than so many entries.
constexpr JournalId kPageEntriesMax = 20'000;
constexpr char kPage[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "coalesce(s.status, 0), s.reason, p.digest "
    "FROM journal j LEFT JOIN jstate s ON s.id=j.id LEFT JOIN program p ON p.gid=s.program "
    "WHERE j.id<$1 AND j.id>=$2 AND ($3='' OR j.feed=$3) AND ($4='' OR j.type=$4) "
    "AND ($5='' OR j.control_id=$5) AND ($6<0 OR coalesce(s.status, 0)=$6) "
    "ORDER BY j.id DESC LIMIT $7";
constexpr char kUnfinished[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "CAST(0 AS bigint), NULL, NULL FROM pending w JOIN journal j ON j.id=w.id "
    "WHERE w.id>$1 AND w.owner=$3 ORDER BY w.id LIMIT $2";
constexpr char kUnfinishedOfAll[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "CAST(0 AS bigint), NULL, NULL FROM pending w JOIN journal j ON j.id=w.id "
    "WHERE w.id>$1 ORDER BY w.id LIMIT $2";

Result<JournalRecord> record_of(Answer const& rows, int i) {
  JournalRecord record;
  record.id = static_cast<JournalId>(rows.integer(i, 0));
  record.received = Instant{rows.integer(i, 1)};
  record.entry.feed = rows.bytes(i, 2);
  record.entry.lane = static_cast<std::uint64_t>(rows.integer(i, 3));
  record.entry.control_id = rows.bytes(i, 4);
  record.entry.type = rows.bytes(i, 5);
  record.entry.sender = rows.bytes(i, 6);
  record.entry.bytes = TRY(unpack(rows.bytes(i, 7)));
  record.status = static_cast<JournalStatus>(rows.integer(i, 8));
  record.reason = rows.bytes(i, 9);
  record.program = rows.bytes(i, 10);
  return record;
}

bool is_same_message(JournalEntry const& a, JournalEntry const& b) {
  return a.sender == b.sender && a.control_id == b.control_id && a.bytes == b.bytes;
}

}  // namespace

void PostgresStore::append(JournalEntry entry, Appended done) {
  if (!writer_) return done(fail(ErrorCode::unavailable, "the store is open for reading only"));
  AppendWork work;
  work.row.received = clock_.now();
  work.row.duplicate_hash = sqlite::duplicate_hash(entry);
  work.row.packed = pack(Content::message, entry.bytes);
  work.row.entry = std::move(entry);
  work.row.entry.bytes.clear();
  work.done = std::move(done);
  writer_->submit(std::move(work));
}

Result<JournalRecord> PostgresStore::journal_record(JournalId id) {
  auto lease = TRY(pool_.lease());
  auto const rows = TRY(lease.session().ask(kRecordById, Parameters().add(id)));
  if (rows.rows() == 0) return fail(ErrorCode::not_found, "no such journal entry");
  return record_of(rows, 0);
}

/// What this process took in, and what processes that are gone have left: that is ours from now on.
Result<std::vector<JournalRecord>> PostgresStore::unfinished(JournalId after,
                                                             std::size_t count_max) {
  auto lease = TRY(pool_.lease());
  auto& session = lease.session();
  if (membership_) TRY(membership_->take_over(session, after));
  auto const rows =
      membership_
          ? TRY(session.ask(kUnfinished,
                            Parameters().add(after).add(count_max).add(membership_->owner())))
          : TRY(session.ask(kUnfinishedOfAll, Parameters().add(after).add(count_max)));
  std::vector<JournalRecord> records;
  for (int i = 0; i < rows.rows(); ++i) records.push_back(TRY(record_of(rows, i)));
  return records;
}

Result<JournalPage> PostgresStore::journal_page(JournalQuery const& query) {
  constexpr int kAnyStatus = -1;
  auto const status = query.status ? static_cast<int>(*query.status) : kAnyStatus;
  auto lease = TRY(pool_.lease());
  auto const newest =
      static_cast<JournalId>(TRY(lease.session().ask_integer(0, "SELECT max(id) FROM journal")));
  auto const end = query.before == 0 ? newest + 1 : std::min(query.before, newest + 1);
  auto const begin = end > kPageEntriesMax ? end - kPageEntriesMax : JournalId{0};
  auto const rows = TRY(lease.session().ask(kPage, Parameters()
                                                       .add(end)
                                                       .add(begin)
                                                       .add(std::string_view(query.feed))
                                                       .add(std::string_view(query.type))
                                                       .add(std::string_view(query.control_id))
                                                       .add(status)
                                                       .add(query.count)));
  JournalPage page;
  for (int i = 0; i < rows.rows(); ++i) page.records.push_back(TRY(record_of(rows, i)));
  page.next =
      page.records.size() == query.count && query.count > 0 ? page.records.back().id : begin;
  return page;
}

Result<JournalId> PostgresStore::find_duplicate(JournalEntry const& entry, JournalId before) {
  auto lease = TRY(pool_.lease());
  auto const rows = TRY(lease.session().ask(
      kRecordsByHash, Parameters().add(sqlite::duplicate_hash(entry)).add(before)));
  // The hash finds, the bytes decide.
  for (int i = 0; i < rows.rows(); ++i) {
    auto const record = TRY(record_of(rows, i));
    if (is_same_message(record.entry, entry)) return record.id;
  }
  return JournalId{0};
}

Result<std::vector<OutboxItem>> PostgresStore::outbox(std::uint64_t after, std::size_t count_max) {
  auto lease = TRY(pool_.lease());
  auto const rows = TRY(lease.session().ask(
      "SELECT id, cause, made, payload FROM outbox WHERE id>$1 ORDER BY id LIMIT $2",
      Parameters().add(after).add(count_max)));
  std::vector<OutboxItem> items;
  for (int i = 0; i < rows.rows(); ++i)
    items.push_back({static_cast<std::uint64_t>(rows.integer(i, 0)),
                     static_cast<JournalId>(rows.integer(i, 1)), Instant{rows.integer(i, 2)},
                     std::string(rows.bytes(i, 3))});
  return items;
}

}  // namespace sinew::store::postgres
