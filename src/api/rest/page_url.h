#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rest/rest.h"

namespace sinew::rest {

// What the bundles of search and history share: the urls of their pages, and what was ignored.

inline constexpr std::string_view kCursorParameter = "_cursor";

[[nodiscard]] std::string query_string(Parameters const& parameters);

/// The url with what was asked and how it is to be shown.
[[nodiscard]] std::string page_url(std::string url, Parameters const& parameters,
                                   Presentation const& presentation);
[[nodiscard]] std::string with_cursor(std::string url, std::string_view cursor);

/// With anything ignored, an OperationOutcome that names it; else nothing.
/// Source: FHIR R4 search.html#errors, http.html#prefer-handling.
[[nodiscard]] std::string ignored_outcome(std::vector<std::string> const& names);

}  // namespace sinew::rest
