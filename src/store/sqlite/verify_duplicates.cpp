#include <optional>

#include "store/compress.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/verifier.h"

// The keys by which a message is known again, against the journal.

namespace sinew::store::sqlite {
namespace {

constexpr std::uint64_t kProgressEntries = 4096;

/// The key of an entry: columns control_id, sender, bytes from `first` on. Nothing where the bytes
/// cannot be read.
std::optional<std::int64_t> key_of_entry(Cursor const& row, int first) {
  JournalEntry entry;
  entry.control_id = row.text(first);
  entry.sender = row.text(first + 1);
  auto bytes = unpack(row.text(first + 2));
  if (!bytes) return std::nullopt;
  entry.bytes = *std::move(bytes);
  return duplicate_hash(entry);
}

}  // namespace

/// Every entry has its key. `readable`: how many could be asked, and have it or were found without.
Result<> Verifier::check_entries(std::uint64_t& readable, bool& is_all_readable) {
  auto rows = connection_.query("SELECT id, control_id, sender, bytes FROM journal");
  for (std::uint64_t done = 1; TRY(rows.next()); ++done) {
    auto const id = rows.integer(0);
    auto const hash = key_of_entry(rows, 1);
    if (done % kProgressEntries == 0) progress("journal", done, 0);
    if (!hash) {
      is_all_readable = false;
      TRY(found("journal", 0, "an entry cannot be read", nullptr));
      continue;
    }
    if (TRY(connection_.integer(0, "SELECT 1 FROM dup WHERE h=? AND id=?", *hash, id)) != 0) {
      ++readable;
      continue;
    }
    TRY(found("dup", 0, "a row is missing", [id, key = *hash](Applier& applier) {
      return applier.connection().execute("INSERT OR IGNORE INTO dup0(h, id) VALUES(?, ?)", key,
                                          id);
    }));
  }
  return {};
}

/// Every key is that of its entry, and stands once.
Result<> Verifier::check_duplicate_rows() {
  std::pair<std::int64_t, std::int64_t> before;
  auto rows = connection_.query("SELECT h, id FROM dup ORDER BY h, id");
  for (bool is_first = true; TRY(rows.next()); is_first = false) {
    auto const hash = rows.integer(0);
    auto const id = rows.integer(1);
    bool const is_twice = !is_first && before == std::pair(hash, id);
    before = {hash, id};
    if (!is_twice) {
      auto entry =
          connection_.query("SELECT control_id, sender, bytes FROM journal WHERE id=?", id);
      if (TRY(entry.next())) {
        auto const key = key_of_entry(entry, 0);
        if (!key || *key == hash) continue;
      }
    }
    auto const what = is_twice ? "a row is there twice" : "a row is too many";
    TRY(found("dup", 0, what, [hash, id, is_twice](Applier& applier) -> Result<> {
      auto& connection = applier.connection();
      TRY(connection.execute("DELETE FROM dup0 WHERE h=? AND id=?", hash, id));
      if (is_twice) return {};
      return connection.execute("DELETE FROM dup1 WHERE h=? AND id=?", hash, id);
    }));
  }
  return {};
}

/// Where there are as many keys as entries that have theirs, there are no others.
Result<> Verifier::check_duplicates() {
  std::uint64_t readable = 0;
  bool is_all_readable = true;
  TRY(check_entries(readable, is_all_readable));
  auto const count =
      static_cast<std::uint64_t>(TRY(connection_.integer(0, "SELECT count(*) FROM dup")));
  if (is_all_readable && count == readable) return {};
  return check_duplicate_rows();
}

}  // namespace sinew::store::sqlite
