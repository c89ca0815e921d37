#pragma once

#include <string>

#include "contract/page.h"
#include "contract/profile.h"

namespace sinew::contract {

/// The interface specification of a feed, from what it sends: who sends, which message types, and
/// per type its segments, fields, value sets, volumes and the skeleton of a message.
///
/// Usage is by what was seen: R in every one, RE in at least half, O in fewer, X never though the
/// standard has it.
[[nodiscard]] std::string specification(Profile const& profile, Page::Format format);

/// A message in outline: what most messages fill, with the commonest code or the type in brackets.
[[nodiscard]] std::string skeleton(MessageProfile const& message);

}  // namespace sinew::contract
