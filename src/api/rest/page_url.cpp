#include "api/rest/page_url.h"

#include "api/rest/outcome.h"

namespace sinew::rest {
namespace {

std::string_view summary_name(Summary summary) {
  switch (summary) {
    case Summary::none:
      return {};
    case Summary::summary:
      return "true";
    case Summary::text:
      return "text";
    case Summary::data:
      return "data";
    case Summary::count:
      return "count";
  }
  return {};
}

/// The parameters that Presentation was read from, so that pages keep it.
Parameters shown_as(Presentation const& presentation) {
  Parameters parameters;
  if (presentation.format == Format::xml) parameters.emplace_back("_format", "xml");
  if (presentation.format == Format::ndjson) parameters.emplace_back("_format", "ndjson");
  if (presentation.pretty) parameters.emplace_back("_pretty", "true");
  auto const summary = summary_name(presentation.summary);
  if (!summary.empty()) parameters.emplace_back("_summary", summary);
  if (!presentation.elements.empty()) {
    std::string names;
    for (auto const& element : presentation.elements) {
      if (!names.empty()) names += ',';
      names += element;
    }
    parameters.emplace_back("_elements", names);
  }
  return parameters;
}

}  // namespace

std::string query_string(Parameters const& parameters) {
  std::string out;
  for (auto const& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += net::percent_encode(name) + '=' + net::percent_encode(value);
  }
  return out;
}

std::string page_url(std::string url, Parameters const& parameters,
                     Presentation const& presentation) {
  auto query = query_string(parameters);
  auto const shown = query_string(shown_as(presentation));
  if (!query.empty() && !shown.empty()) query += '&';
  query += shown;
  if (!query.empty()) url += '?' + query;
  return url;
}

std::string with_cursor(std::string url, std::string_view cursor) {
  if (cursor.empty()) return url;
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url.append(kCursorParameter).append("=").append(net::percent_encode(cursor));
}

std::string ignored_outcome(std::vector<std::string> const& names) {
  if (names.empty()) return {};
  std::vector<Issue> issues;
  issues.reserve(names.size());
  for (auto const& name : names) {
    issues.push_back({Severity::warning,
                      ErrorCode::not_supported,
                      "the parameter is unknown and was ignored: '" + name + "'",
                      {}});
  }
  return outcome_json(issues);
}

}  // namespace sinew::rest
