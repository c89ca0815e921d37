#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/prepare.h"
#include "store/sqlite/work.h"

// The rules of writing that every backend follows.

namespace sinew::store::sqlite {

/// The state that a change brings about; nothing: it leaves the state as it is.
/// `last_resource`  the last number given to a resource; grows where this one has none.
[[nodiscard]] std::optional<Live> state_after(Change const& change, Prepared const& prepared,
                                              Live const& before, Instant now,
                                              std::int64_t& last_resource);

/// What a condition means that matches so many resources: true, the one that matches is the
/// outcome; false, the change is made. Fails `precondition` for several, `conflict` where a match
/// is to fail. Source: FHIR R4 http.html#ccreate.
[[nodiscard]] Result<bool> is_met(Change const& change, std::size_t matches);

/// Whether the items can be taken away. `current` gives the state of a resource.
/// Fails `invalid` for a version that is none, `conflict` for one that is the current one.
[[nodiscard]] Result<> check_purges(std::vector<Purge> const& items,
                                    std::function<Result<Live>(Purge const&)> const& current);

/// Hands the items to a writer and waits for its answer.
[[nodiscard]] Result<std::uint64_t> purge_and_wait(std::vector<Purge> const& items,
                                                   std::function<void(PurgeWork)> const& submit);

/// The mark of a text that only a store of that identity can make. The identity, which is the key,
/// never leaves the database.
[[nodiscard]] std::string keyed_mark(std::int64_t identity, std::string_view text);

}  // namespace sinew::store::sqlite
