#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rest/rest.h"
#include "json/write.h"

namespace sinew::rest {

// What the bundles of search and history share: the urls of their pages, and what was ignored.

inline constexpr std::string_view kCursorParameter = "_cursor";

[[nodiscard]] std::string query_string(Parameters const& parameters);

/// The url with what was asked and how it is to be shown.
[[nodiscard]] std::string page_url(std::string url, Parameters const& parameters,
                                   Presentation const& presentation);
[[nodiscard]] std::string with_cursor(std::string url, std::string_view cursor);

void write_link(json::Writer& writer, std::string_view relation, std::string_view url);

enum class EntryOf : bool { search, history };

/// With anything ignored, an entry with an OperationOutcome that names it.
/// Source: FHIR R4 search.html#errors, http.html#prefer-handling.
void write_ignored(json::Writer& writer, std::vector<std::string> const& names, EntryOf bundle);

}  // namespace sinew::rest
