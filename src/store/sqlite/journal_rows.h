#pragma once

#include "store/sqlite/database.h"
#include "store/store.h"

/// Begins a statement whose rows `record_of` reads; the journal is `j`, its state `s`.
#define SINEW_JOURNAL_RECORD                                                                  \
  "SELECT j.id, j.received, j.feed, j.lane, j.control_id, j.type, j.sender, j.bytes, "        \
  "coalesce(s.status, 0), coalesce(s.reason, ''), coalesce(p.digest, ''), coalesce(q.quiet, " \
  "0) FROM journal j LEFT JOIN jstate s ON s.id=j.id LEFT JOIN program p ON p.gid=s.program " \
  "LEFT JOIN pending q ON q.id=j.id "

namespace sinew::store::sqlite {

[[nodiscard]] Result<JournalRecord> record_of(Cursor const& row);

/// Fails `not_found`.
[[nodiscard]] Result<JournalRecord> load_record(Connection& connection, std::int64_t id);

}  // namespace sinew::store::sqlite
