#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/rest/context.h"

namespace sinew::rest {

/// A row of the table that every Service begins with.
struct BuiltInRoute {
  std::string_view method, pattern, interaction;
  char audit;
  bool needs_query;  ///< matches only with a query: a conditional interaction
  BuiltInHandler handler;
};
[[nodiscard]] std::vector<BuiltInRoute> const& built_in_table();

/// What stood in the places of a pattern.
struct PathParts {
  std::string type, id, version, member;
};

/// A pattern, taken apart once.
struct Pattern {
  explicit Pattern(std::string_view text);

  bool from_root = false;  ///< not below the base
  std::vector<std::string> segments;
};

/// The parts when a path follows a pattern. Segments are compared decoded; both come without the
/// base. Source: FHIR R4 http.html#summary.
[[nodiscard]] std::optional<PathParts> match(Pattern const& pattern,
                                             std::vector<std::string> const& segments);

/// The segments of a path, decoded; a '/' at the end makes none. Fails `malformed`.
[[nodiscard]] Result<std::vector<std::string>> segments_of(std::string_view path);

}  // namespace sinew::rest
