#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sinew::store {

/// A journal entry without its bytes.
struct JournalHead {
  JournalId id = 0;
  Instant received{};
  std::string feed;
  JournalStatus status = JournalStatus::received;
};

/// What is done with messages long after they came: found, taken up again, removed. Calls may be
/// made from any thread, and take the writer for a few ms at a time.
class JournalCare {
 public:
  virtual ~JournalCare() = default;

  /// Entries after `after`, oldest first, none beyond the first that nothing became of yet: what a
  /// reader of this has seen does not change behind it, unless by `reopen`.
  [[nodiscard]] virtual Result<std::vector<JournalRecord>> finished_after(
      JournalId after, std::size_t count_max) = 0;
  /// The same, without bytes, whatever became of them; those of the last second may be missing.
  [[nodiscard]] virtual Result<std::vector<JournalHead>> heads_after(JournalId after,
                                                                     std::size_t count_max) = 0;
  /// The first entry received at that time or later; 0: there is none yet.
  [[nodiscard]] virtual Result<JournalId> first_received_at(Instant time) = 0;

  /// Makes finished entries unfinished, so that they are taken up again; others are left alone.
  /// Returns which it made so.
  [[nodiscard]] virtual Result<std::vector<JournalId>> reopen(std::span<JournalId const> ids,
                                                              bool is_passed_on) = 0;
  /// Removes messages, in pieces. The newest entry stays, so that its number is not given again,
  /// and so do those that are unfinished. Returns how many went.
  [[nodiscard]] virtual Result<std::uint64_t> forget(std::span<JournalId const> ids) = 0;
  /// Removes the outbox up to and with an item, but for the newest.
  [[nodiscard]] virtual Result<std::uint64_t> forget_outbox(std::uint64_t up_to) = 0;

  /// Bytes of the database file, and how many of them are free to be used again.
  struct Size {
    std::uint64_t bytes = 0, free = 0;
  };
  [[nodiscard]] virtual Result<Size> size() = 0;
  /// Makes the file shorter by free pages, in pieces, as far as it can be. Returns the bytes.
  [[nodiscard]] virtual Result<std::uint64_t> give_back() = 0;
};

}  // namespace sinew::store
