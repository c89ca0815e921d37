#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/rest/rest.h"

// What the routes beside FHIR's have in common.

namespace sinew::app {

[[nodiscard]] rest::Answer json_answer(std::string body);

/// A number of the query. Fails `invalid` at the parameter.
[[nodiscard]] Result<std::uint64_t> number_of(rest::Call const& call, std::string_view name,
                                              std::uint64_t otherwise);

}  // namespace sinew::app
