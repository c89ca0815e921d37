#include "store/sqlite/journal_care.h"

#include <algorithm>

#include "store/sqlite/applier.h"
#include "store/sqlite/journal_rows.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {
namespace {

/// What one piece takes of the writer: some ms.
constexpr std::size_t kForgottenAtATime = 100;
constexpr std::size_t kReopenedAtATime = 500;
constexpr std::uint64_t kOutboxAtATime = 2000;
constexpr int kPagesAtATime = 64;

class Care final : public JournalCare {
 public:
  Care(Store& store, Readers& readers, Writer& writer)
      : store_(store), readers_(readers), writer_(writer) {}

  Result<std::vector<JournalRecord>> finished_after(JournalId after,
                                                    std::size_t count_max) override;
  Result<std::vector<JournalHead>> heads_after(JournalId after, std::size_t count_max) override;
  Result<JournalId> first_received_at(Instant time) override;
  Result<std::vector<JournalId>> reopen(std::span<JournalId const> ids, bool is_passed_on) override;
  Result<std::uint64_t> forget(std::span<JournalId const> ids) override;
  Result<std::uint64_t> forget_outbox(std::uint64_t up_to) override;
  Result<Size> size() override;
  Result<std::uint64_t> give_back() override;

 private:
  Store& store_;
  Readers& readers_;
  Writer& writer_;
};

Result<std::vector<JournalRecord>> Care::finished_after(JournalId after, std::size_t count_max) {
  // In this order: what arrives between the two is beyond the newest.
  auto const newest =
      TRY(TRY(readers_.lease())->integer(0, "SELECT coalesce(max(id), 0) FROM journal"));
  auto end = static_cast<JournalId>(newest) + 1;
  if (auto const first = TRY(store_.unfinished(after, 1)); !first.empty())
    end = std::min(end, first.front().id);
  std::vector<JournalRecord> records;
  auto lease = TRY(readers_.lease());
  auto rows = lease->query(SINEW_JOURNAL_RECORD "WHERE j.id>? AND j.id<? ORDER BY j.id LIMIT ?",
                           after, end, count_max);
  while (TRY(rows.next())) records.push_back(TRY(record_of(rows)));
  return records;
}

Result<std::vector<JournalHead>> Care::heads_after(JournalId after, std::size_t count_max) {
  auto lease = TRY(readers_.lease());
  std::vector<JournalHead> heads;
  auto rows = lease->query(
      "SELECT j.id, j.received, j.feed, coalesce(s.status, 0) FROM journal j "
      "LEFT JOIN jstate s ON s.id=j.id WHERE j.id>? ORDER BY j.id LIMIT ?",
      after, count_max);
  while (TRY(rows.next()))
    heads.push_back({static_cast<JournalId>(rows.integer(0)), Instant{rows.integer(1)},
                     std::string(rows.text(2)), static_cast<JournalStatus>(rows.integer(3))});
  return heads;
}

/// Entries are in the order of their receipt, but their numbers may have gaps.
Result<JournalId> Care::first_received_at(Instant time) {
  auto lease = TRY(readers_.lease());
  auto low = std::int64_t{1};
  auto high = TRY(lease->integer(0, "SELECT coalesce(max(id), 0) FROM journal")) + 1;
  auto const end = high;
  while (low < high) {
    auto const middle = low + (high - low) / 2;
    auto rows =
        lease->query("SELECT id, received FROM journal WHERE id>=? ORDER BY id LIMIT 1", middle);
    if (!TRY(rows.next()) || rows.integer(1) >= time.ms)
      high = middle;
    else
      low = rows.integer(0) + 1;
  }
  if (low == end) return JournalId{0};
  return static_cast<JournalId>(
      TRY(lease->integer(0, "SELECT id FROM journal WHERE id>=? ORDER BY id LIMIT 1", low)));
}

Result<std::vector<JournalId>> Care::reopen(std::span<JournalId const> ids, bool is_passed_on) {
  std::vector<JournalId> reopened;
  for (std::size_t begin = 0; begin < ids.size(); begin += kReopenedAtATime) {
    auto const piece = ids.subspan(begin, std::min(kReopenedAtATime, ids.size() - begin));
    auto const before = reopened.size();
    TRY(writer_.perform_and_wait([&](Applier& applier) -> Result<> {
      reopened.resize(before);  // it may be done again
      auto& connection = applier.connection();
      for (auto const id : piece) {
        TRY(connection.execute("DELETE FROM jstate WHERE id=?", id));
        if (connection.changes() == 0) continue;
        TRY(connection.execute("INSERT OR REPLACE INTO pending(id, quiet) VALUES(?, ?)", id,
                               is_passed_on ? 0 : 1));
        reopened.push_back(id);
      }
      return {};
    }));
  }
  return reopened;
}

/// The rows of one message. False: it has to stay.
Result<bool> forget_one(Connection& connection, JournalId id, std::int64_t newest) {
  auto const key = static_cast<std::int64_t>(id);
  if (key == newest) return false;
  if (TRY(connection.integer(0, "SELECT id FROM jstate WHERE id=?", key)) == 0) return false;
  auto const record = load_record(connection, key);
  if (!record) return false;
  auto const hash = duplicate_hash(record->entry);
  TRY(connection.execute("DELETE FROM dup0 WHERE h=? AND id=?", hash, key));
  TRY(connection.execute("DELETE FROM dup1 WHERE h=? AND id=?", hash, key));
  TRY(connection.execute("DELETE FROM jstate WHERE id=?", key));
  TRY(connection.execute("DELETE FROM journal WHERE id=?", key));
  TRY(connection.execute("INSERT OR IGNORE INTO forgotten(id) VALUES(?)", key));
  return true;
}

Result<std::uint64_t> Care::forget(std::span<JournalId const> ids) {
  std::uint64_t forgotten = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += kForgottenAtATime) {
    auto const piece = ids.subspan(begin, std::min(kForgottenAtATime, ids.size() - begin));
    std::uint64_t gone = 0;
    TRY(writer_.perform_and_wait([&](Applier& applier) -> Result<> {
      gone = 0;
      auto& connection = applier.connection();
      auto const newest = TRY(connection.integer(0, "SELECT max(id) FROM journal"));
      for (auto const id : piece) gone += TRY(forget_one(connection, id, newest)) ? 1 : 0;
      return {};
    }));
    forgotten += gone;
  }
  return forgotten;
}

Result<std::uint64_t> Care::forget_outbox(std::uint64_t up_to) {
  std::uint64_t forgotten = 0;
  for (std::uint64_t gone = kOutboxAtATime; gone == kOutboxAtATime; forgotten += gone) {
    TRY(writer_.perform_and_wait([&](Applier& applier) -> Result<> {
      TRY(applier.connection().execute(
          "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id<=? AND id<(SELECT "
          "max(id) FROM outbox) ORDER BY id LIMIT ?)",
          up_to, kOutboxAtATime));
      gone = static_cast<std::uint64_t>(applier.connection().changes());
      return {};
    }));
  }
  return forgotten;
}

Result<JournalCare::Size> Care::size() {
  auto lease = TRY(readers_.lease());
  auto const page = static_cast<std::uint64_t>(TRY(lease->integer(0, "PRAGMA page_size")));
  return Size{static_cast<std::uint64_t>(TRY(lease->integer(0, "PRAGMA page_count"))) * page,
              static_cast<std::uint64_t>(TRY(lease->integer(0, "PRAGMA freelist_count"))) * page};
}

Result<std::uint64_t> Care::give_back() {
  std::uint64_t given = 0;
  for (bool more = true; more;) {
    TRY(writer_.perform_and_wait([&](Applier& applier) -> Result<> {
      auto& connection = applier.connection();
      auto const before = TRY(connection.integer(0, "PRAGMA freelist_count"));
      if (before > 0) {
        static_assert(kPagesAtATime == 64);
        TRY(connection.run("PRAGMA incremental_vacuum(64)"));
      }
      auto const after = TRY(connection.integer(0, "PRAGMA freelist_count"));
      auto const page = TRY(connection.integer(0, "PRAGMA page_size"));
      more = after < before && after > 0;
      given += static_cast<std::uint64_t>((before - after) * page);
      return {};
    }));
  }
  return given;
}

}  // namespace

std::unique_ptr<JournalCare> make_journal_care(Store& store, Readers& readers, Writer& writer) {
  return std::make_unique<Care>(store, readers, writer);
}

}  // namespace sinew::store::sqlite
