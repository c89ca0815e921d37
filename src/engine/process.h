#pragma once

#include <cstdint>
#include <optional>

#include "engine/backlog.h"
#include "engine/engine.h"

namespace sinew::engine {

/// What a message comes to: the transaction that brings it into the store and marks its journal
/// entry, whatever became of it.
struct Processed {
  store::Transaction transaction;
  std::optional<Error> error;                           ///< why it marks the entry `failed`
  std::uint64_t mapped = 0, ignored = 0, unmapped = 0;  ///< atoms of the message, by fate
  /// The store could not be asked. Nothing is known of the message; try again.
  std::optional<Error> store_failure;
};

/// Looks for an earlier copy, parses, groups, and maps. Never fails on content: what cannot be
/// mapped becomes a transaction without changes that marks the entry `failed` with the reason.
[[nodiscard]] Processed process(store::Store& store, FeedSettings const& feed,
                                Pending const& pending, OnReceived const& on_received = {});

/// The transaction that marks an entry `failed` and changes nothing else.
[[nodiscard]] store::Transaction failure_of(store::JournalId id, Error const& error);

}  // namespace sinew::engine
