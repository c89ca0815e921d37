#include "api/rest/routes.h"

#include "base/text.h"

namespace sinew::rest {

/// Every interaction. The first row that matches answers.
std::vector<BuiltInRoute> const& built_in_table() {
  // clang-format off
  static std::vector<BuiltInRoute> const table = {
      // method   pattern                           interaction         audit  query  handler
      {"GET",    "/health",                         "health",           'E',   false, health},
      {"GET",    "/ready",                          "ready",            'E',   false, ready},
      {"GET",    "/metrics",                        "metrics",          'E',   false, exposition},
      {"GET",    "metadata",                        "capabilities",     'E',   false, capabilities},
      {"GET",    "_async/{id}",                     "async-status",     'E',   false, job_status},
      {"DELETE", "_async/{id}",                     "async-cancel",     'E',   false, cancel_job},
      {"POST",   "",                                "batch",            'E',   false, process_bundle},
      {"GET",    "{type}/{id}",                     "read",             'R',   false, read},
      {"GET",    "{type}/{id}/_history/{version}",  "vread",            'R',   false, read_version},
      {"GET",    "{type}/{id}/_history",            "history-instance", 'R',   false, history},
      {"GET",    "{type}/_history",                 "history-type",     'R',   false, history},
      {"GET",    "_history",                        "history-system",   'R',   false, history},
      {"GET",    "{type}",                          "search-type",      'E',   false, search},
      {"POST",   "{type}/_search",                  "search-type",      'E',   false, search},
      {"GET",    "",                                "search-system",    'E',   false, search_system},
      {"POST",   "_search",                         "search-system",    'E',   false, search_system},
      {"GET",    "{type}/{id}/{member}",            "search-compartment", 'E', false, search_compartment},
      {"POST",   "{type}/{id}/{member}/_search",    "search-compartment", 'E', false, search_compartment},
      {"POST",   "{type}",                          "create",           'C',   false, create},
      {"PUT",    "{type}/{id}",                     "update",           'U',   false, update},
      {"PUT",    "{type}",                          "update",           'U',   true,  update_conditionally},
      {"PATCH",  "{type}/{id}",                     "patch",            'U',   false, patch},
      {"PATCH",  "{type}",                          "patch",            'U',   true,  patch_conditionally},
      {"DELETE", "{type}/{id}",                     "delete",           'D',   false, remove},
      {"DELETE", "{type}",                          "delete",           'D',   true,  remove_conditionally},
  };
  // clang-format on
  return table;
}

std::vector<RouteInfo> built_in_routes() {
  std::vector<RouteInfo> rows;
  for (auto const& row : built_in_table()) {
    rows.push_back({row.method, row.pattern, row.interaction, row.audit});
  }
  return rows;
}

Pattern::Pattern(std::string_view text) : from_root(text.starts_with('/')) {
  if (from_root) text.remove_prefix(1);
  if (text.empty()) return;
  for (auto const segment : split(text, '/')) segments.emplace_back(segment);
}

std::optional<PathParts> match(Pattern const& pattern, std::vector<std::string> const& segments) {
  auto const& wanted = pattern.segments;
  if (wanted.size() != segments.size()) return {};
  PathParts parts;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto const& segment = segments[i];
    auto* const into = wanted[i] == "{type}"      ? &parts.type
                       : wanted[i] == "{id}"      ? &parts.id
                       : wanted[i] == "{version}" ? &parts.version
                       : wanted[i] == "{member}"  ? &parts.member
                                                  : nullptr;
    bool const is_name = !segment.empty() && segment[0] != '_' && segment[0] != '$';
    if (into ? !is_name : wanted[i] != segment) return {};
    if (into) *into = segment;
  }
  return parts;
}

Result<std::vector<std::string>> segments_of(std::string_view path) {
  constexpr std::size_t kSegmentsMax = 16;
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return segments;
  for (auto const segment : split(path, '/')) {
    if (segments.size() == kSegmentsMax) return fail(ErrorCode::malformed, "the path is too deep");
    segments.push_back(TRY(net::percent_decode(segment, false)));
  }
  return segments;
}

}  // namespace sinew::rest
