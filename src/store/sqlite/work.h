#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/prepare.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// An entry on its way into the journal.
struct AppendWork {
  JournalEntry entry;  ///< `bytes` is empty: `packed` has them
  std::string packed;
  std::int64_t duplicate_hash = 0;
  Instant received{};
  Store::Appended done;
  Result<JournalId> answer = JournalId{0};
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
  Store::Applied done;
  Result<std::vector<Outcome>> answer = std::vector<Outcome>();
};

using Work = std::variant<AppendWork, ApplyWork>;

/// What makes two entries the same message.
[[nodiscard]] std::int64_t duplicate_hash(JournalEntry const& entry);

}  // namespace sinew::store::sqlite
