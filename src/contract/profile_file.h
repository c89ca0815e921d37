#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/profile.h"

namespace sinew::contract {

inline constexpr int kFormatVersion = 1;
inline constexpr std::size_t kContractBytesMax = std::size_t{64} << 20;

/// A contract as JSON: a line for each segment and field, in an order that does not change from one
/// day to the next, so that `diff` shows what did. Without the codes that Code::may_be_written
/// keeps back and without those of places that name things.
/// The form is described in docs/guides/feed-contracts.md.
[[nodiscard]] std::string print_contract(Profile const& profile);

/// The reverse, every limit of profile.h obeyed. Fails `malformed` or `invalid` at the place.
[[nodiscard]] Result<Profile> read_contract(std::string text);

}  // namespace sinew::contract
