#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/prepare.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// A journal entry as the database keeps it.
struct JournalRow {
  JournalId id = 0;
  Instant received{};
  std::int64_t duplicate_hash = 0;
  JournalEntry entry;  ///< `bytes` is empty: `packed` has them
  std::string packed;
};

/// Entries to be brought from the arrivals into the database before they are applied.
struct FileWork {
  std::vector<JournalRow> rows;
  std::function<void(Result<>)> done;
  Result<> answer;
};

/// A change as far as the calling thread could prepare it.
struct PreparedChange {
  std::string key;  ///< "Patient/1"
  ChangeDigest digest;
  std::optional<Prepared> prepared;
};

/// A transaction on its way. `changes` stand beside those of `transaction`.
struct ApplyWork {
  Transaction transaction;
  std::vector<PreparedChange> changes;
  std::optional<JournalRow> cause;  ///< the entry, where the database may lack it
  std::uint64_t purges_seen = 0;    ///< Writer::purges when the changes were prepared
  Store::Applied done;
  Result<std::vector<Outcome>> answer = std::vector<Outcome>();
};

/// Versions to be taken away for good.
struct PurgeWork {
  std::vector<Purge> items;
  std::function<void(Result<std::uint64_t>)> done;
  Result<std::uint64_t> answer = std::uint64_t{0};
};

class Applier;

/// A piece of other work, of a few ms, in the same database transaction as the rest of its group.
/// `run` may be called again when the group has to be taken apart.
struct TaskWork {
  std::function<Result<>(Applier&)> run;
  std::function<void(Result<>)> done;  ///< once it is committed, on the writer's thread
  Result<> answer;
};

using Work = std::variant<FileWork, ApplyWork, PurgeWork, TaskWork>;

/// What makes two entries the same message.
[[nodiscard]] std::int64_t duplicate_hash(JournalEntry const& entry);

}  // namespace sinew::store::sqlite
