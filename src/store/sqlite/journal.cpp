#include <algorithm>
#include <iterator>
#include <limits>

#include "store/sqlite/journal_rows.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {
namespace {

constexpr auto kLastJournalId = std::numeric_limits<JournalId>::max();

// No index serves the filters: a page looks at no more than so many entries.
constexpr JournalId kPageEntriesMax = 20'000;
constexpr char kPage[] = SINEW_JOURNAL_RECORD
    "WHERE j.id<? AND j.id>=? AND (?='' OR j.feed=?) AND (?='' OR j.type=?) AND (?='' OR "
    "j.control_id=?) AND (?<0 OR coalesce(s.status, 0)=?) ORDER BY j.id DESC LIMIT ?";

JournalRecord record_of(arrivals::Arrival arrival) {
  JournalRecord record;
  record.id = arrival.id;
  record.received = arrival.received;
  record.entry = std::move(arrival.entry);
  return record;
}

bool is_same_message(JournalEntry const& a, JournalEntry const& b) {
  return a.sender == b.sender && a.control_id == b.control_id && a.bytes == b.bytes;
}

}  // namespace

// An entry goes from the arrivals into the database and never back: who asks in this order misses
// none.

Result<JournalRecord> SqliteStore::journal_record(JournalId id) {
  if (arrivals_) {
    if (auto arrival = TRY(arrivals_->find(id))) return record_of(std::move(*arrival));
  }
  auto lease = TRY(readers_.lease());
  return load_record(*lease, static_cast<std::int64_t>(id));
}

Result<JournalPage> SqliteStore::journal_page(JournalQuery const& query) {
  constexpr int kAnyStatus = -1;
  auto const status = query.status ? static_cast<int>(*query.status) : kAnyStatus;
  auto lease = TRY(readers_.lease());
  auto const newest = TRY(lease->integer(0, "SELECT max(id) FROM journal"));
  auto const end = std::min(query.before == 0 ? kLastJournalId : query.before,
                            static_cast<JournalId>(newest) + 1);
  auto const begin = end > kPageEntriesMax ? end - kPageEntriesMax : JournalId{0};
  JournalPage page;
  auto rows = lease->query(kPage, end, begin, std::string_view(query.feed),
                           std::string_view(query.feed), std::string_view(query.type),
                           std::string_view(query.type), std::string_view(query.control_id),
                           std::string_view(query.control_id), status, status, query.count);
  while (TRY(rows.next())) page.records.push_back(TRY(record_of(rows)));
  page.next =
      page.records.size() == query.count && query.count > 0 ? page.records.back().id : begin;
  return page;
}

/// Some of the unfinished entries after `after`, among the arrivals and in the database. Moves
/// `after` up to where there are no others.
Result<std::vector<JournalRecord>> SqliteStore::some_unfinished(JournalId& after,
                                                                std::size_t count_max) {
  arrivals::Arrivals::Unfiled unfiled{{}, kLastJournalId};
  if (arrivals_) unfiled = TRY(arrivals_->unfiled(after, count_max));
  auto up_to = unfiled.up_to;
  auto lease = TRY(readers_.lease());
  std::vector<std::int64_t> ids;
  auto rows =
      lease->query("SELECT id FROM pending WHERE id>? ORDER BY id LIMIT ?", after, count_max);
  while (TRY(rows.next())) ids.push_back(rows.integer(0));
  if (ids.size() == count_max) up_to = std::min(up_to, static_cast<JournalId>(ids.back()));
  std::vector<JournalRecord> records;
  for (auto& arrival : unfiled.arrivals) {
    bool const was_applied_since =
        TRY(lease->integer(0, "SELECT id FROM jstate WHERE id=?", arrival.id)) != 0;
    if (!was_applied_since) records.push_back(record_of(std::move(arrival)));
  }
  for (auto const id : ids) records.push_back(TRY(load_record(*lease, id)));
  std::ranges::sort(records, {}, &JournalRecord::id);
  // Filed since, an entry is in both.
  auto const repeated = std::ranges::unique(records, {}, &JournalRecord::id);
  records.erase(repeated.begin(), repeated.end());
  std::erase_if(records, [&](JournalRecord const& record) { return record.id > up_to; });
  after = up_to;
  return records;
}

Result<std::vector<JournalRecord>> SqliteStore::unfinished(JournalId after, std::size_t count_max) {
  std::vector<JournalRecord> records;
  while (records.size() < count_max && after < kLastJournalId)
    std::ranges::move(TRY(some_unfinished(after, count_max - records.size())),
                      std::back_inserter(records));
  return records;
}

Result<JournalId> SqliteStore::find_duplicate(JournalEntry const& entry, JournalId before) {
  auto const hash = duplicate_hash(entry);
  // The hash finds, the bytes decide. The oldest is wanted, and the database has the older ones,
  // but it may be about to get those that are here now: so these are noted first.
  JournalId arrived = 0;
  if (arrivals_) {
    for (auto const id : arrivals_->with_hash(hash, before)) {
      auto const arrival = TRY(arrivals_->find(id));
      if (!arrival || !is_same_message(arrival->entry, entry)) continue;
      arrived = id;
      break;
    }
  }
  auto lease = TRY(readers_.lease());
  auto rows = lease->query("SELECT id FROM dup WHERE h=? AND id<? ORDER BY id", hash, before);
  while (TRY(rows.next())) {
    auto const record = TRY(load_record(*lease, rows.integer(0)));
    if (is_same_message(record.entry, entry))
      return arrived == 0 ? record.id : std::min(arrived, record.id);
  }
  return arrived;
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
  // What leaves the house must not be lost: its number would be given again, to something else.
  if (!items.empty() && log_sync_) TRY(log_sync_->wait());
  return items;
}

}  // namespace sinew::store::sqlite
