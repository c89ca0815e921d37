#pragma once

#include "contract/places.h"

namespace sinew::contract {

enum class Verdict : std::uint8_t { pass, fail, inconclusive };

/// Whether an expression holds at a place. Unknown operations are inconclusive, and what is made of
/// them is, where they decide.
[[nodiscard]] Verdict evaluate(
    Rule const& rule, Place const& place, Places const& places,
    std::map<std::string, ProfiledValueSet, std::less<>> const& value_sets);

}  // namespace sinew::contract
