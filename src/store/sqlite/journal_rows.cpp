#include "store/sqlite/journal_rows.h"

#include "store/compress.h"

namespace sinew::store::sqlite {
namespace {

constexpr char kRecordById[] = SINEW_JOURNAL_RECORD "WHERE j.id=?";

}  // namespace

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
  record.is_passed_on = row.integer(11) == 0;
  return record;
}

Result<JournalRecord> load_record(Connection& connection, std::int64_t id) {
  auto rows = connection.query(kRecordById, id);
  if (!TRY(rows.next())) return fail(ErrorCode::not_found, "no such message, or it was removed");
  return record_of(rows);
}

}  // namespace sinew::store::sqlite
