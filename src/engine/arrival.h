#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "store/store.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {

/// The journal entry of a message, `bytes` apart. A message that cannot be read has an entry too:
/// what a sender sent is kept.
[[nodiscard]] store::JournalEntry describe(std::string_view feed, std::uint64_t lane,
                                           std::string_view message);

/// What a message must not overtake: its lane, and every patient that it names in PID-3 or MRG-1.
[[nodiscard]] std::vector<std::uint64_t> order_keys(std::uint64_t lane, std::string_view message);

/// A message naming more patients is ordered by the first ones and by its lane.
inline constexpr std::size_t kOrderKeysMax = 64;

}  // namespace sinew::engine
