#pragma once

#include <string>
#include <vector>

#include "api/graphql/document.h"
#include "api/graphql/schema.h"
#include "api/graphql/variables.h"
#include "api/rest/context.h"
#include "json/json.h"

namespace sinew::graphql {

inline constexpr std::size_t kListMax = 10'000;  ///< matches of a `...List`; more is an error

/// What a search found, parsed.
struct Page {
  std::vector<json::Document> resources;
  std::uint64_t total = 0;
  std::size_t offset = 0, size = 0;   ///< of a connection
  std::string first, previous, next;  ///< cursors; empty: there is none
};

/// A search as a field asks for it.
struct SearchField {
  Document const& document;
  Variables const& variables;
  Selection const& selection;
  Field const& field;
  std::string target;  ///< "Patient/1" below a resource
};

/// Everything that matches, or an error. Source: FHIR R4 graphql.html#searching.
[[nodiscard]] Result<Page> search_list(rest::Context const& context, SearchField const& asked);
/// One page, with cursors. A cursor holds the whole question.
[[nodiscard]] Result<Page> search_connection(rest::Context const& context,
                                             SearchField const& asked);

}  // namespace sinew::graphql
