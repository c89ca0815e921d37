#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/journal_care.h"

namespace sinew::engine {

/// How long messages are kept. The first rule that a message meets counts; what meets none is kept
/// for ever.
struct Retention {
  struct Rule {
    std::string feed;                            ///< empty: all
    std::optional<store::JournalStatus> status;  ///< absent: any
    std::optional<std::int64_t> keep_ms;         ///< absent: for ever
  };
  std::vector<Rule> rules;
  /// The oldest messages go, whatever the rules, while the database is larger. 0: no limit.
  std::uint64_t bytes_max = 0;

  /// The shortest time of a rule; nothing where all keep for ever.
  [[nodiscard]] std::optional<std::int64_t> shortest_ms() const;
  /// Whether a message need not be kept any longer. One that is not finished always is.
  [[nodiscard]] bool lets_go(store::JournalHead const& head, Instant now) const;
};

/// Reads a table of rules: feed, status, keep ("90d", "12h"; "always"). Empty cells mean any.
/// Fails `malformed` or `invalid` at `where:line`.
[[nodiscard]] Result<std::vector<Retention::Rule>> read_retention(std::string_view text,
                                                                  std::string const& where);

}  // namespace sinew::engine
