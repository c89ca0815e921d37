#include "store/compress.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {
namespace {

constexpr char kRecordById[] =
    "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "
    "coalesce(s.status, 0), coalesce(s.reason, ''), coalesce(p.digest, '') "
    "FROM journal j LEFT JOIN jstate s ON s.id=j.id LEFT JOIN program p ON p.gid=s.program "
    "WHERE j.id=?";

Result<JournalRecord> record_of(Cursor const& row) {
  JournalRecord record;
  record.id = static_cast<JournalId>(row.integer(0));
  record.received = Instant{row.integer(1)};
  record.entry.feed = row.text(2);
  record.entry.lane = static_cast<std::uint64_t>(row.integer(3));
  record.entry.control_id = row.text(4);
  record.entry.type = row.text(5);
  record.entry.sender = row.text(6);
  record.entry.bytes = TRY(unpack(row.text(7)));
  record.status = static_cast<JournalStatus>(row.integer(8));
  record.reason = row.text(9);
  record.program = row.text(10);
  return record;
}

Result<JournalRecord> load_record(Connection& connection, std::int64_t id) {
  auto rows = connection.query(kRecordById, id);
  if (!TRY(rows.next())) return fail(ErrorCode::not_found, "no such journal entry");
  return record_of(rows);
}

}  // namespace

Result<JournalRecord> SqliteStore::journal_record(JournalId id) {
  auto lease = TRY(readers_.lease());
  return load_record(*lease, static_cast<std::int64_t>(id));
}

Result<std::vector<JournalRecord>> SqliteStore::unfinished(JournalId after, std::size_t count_max) {
  auto lease = TRY(readers_.lease());
  std::vector<std::int64_t> ids;
  auto rows =
      lease->query("SELECT id FROM pending WHERE id>? ORDER BY id LIMIT ?", after, count_max);
  while (TRY(rows.next())) ids.push_back(rows.integer(0));
  std::vector<JournalRecord> records;
  records.reserve(ids.size());
  for (auto const id : ids) records.push_back(TRY(load_record(*lease, id)));
  return records;
}

Result<JournalId> SqliteStore::find_duplicate(JournalEntry const& entry, JournalId before) {
  auto lease = TRY(readers_.lease());
  auto const hash = duplicate_hash(entry);
  auto rows = lease->query("SELECT id FROM dup WHERE h=? AND id<? ORDER BY id", hash, before);
  while (TRY(rows.next())) {
    auto const id = rows.integer(0);
    auto const record = TRY(load_record(*lease, id));
    // The hash finds, the bytes decide.
    if (record.entry.sender == entry.sender && record.entry.control_id == entry.control_id &&
        record.entry.bytes == entry.bytes)
      return record.id;
  }
  return JournalId{0};
}

Result<std::vector<OutboxItem>> SqliteStore::outbox(std::uint64_t after, std::size_t count_max) {
  auto lease = TRY(readers_.lease());
  std::vector<OutboxItem> items;
  auto rows =
      lease->query("SELECT id, cause, made, payload FROM outbox WHERE id>? ORDER BY id LIMIT ?",
                   after, count_max);
  while (TRY(rows.next()))
    items.push_back({static_cast<std::uint64_t>(rows.integer(0)),
                     static_cast<JournalId>(rows.integer(1)), Instant{rows.integer(2)},
                     std::string(rows.text(3))});
  return items;
}

}  // namespace sinew::store::sqlite
