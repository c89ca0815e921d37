#include "api/rest/outcome.h"

#include <algorithm>
#include <array>

#include "base/severity.h"
#include "base/text.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr std::size_t kIssuesShownMax = 100;

struct StatusRow {
  int status;
  std::string_view phrase;
};

/// Source: RFC 9110 §15. Sorted.
constexpr auto kStatuses = std::to_array<StatusRow>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
});
static_assert(std::ranges::is_sorted(kStatuses, {}, &StatusRow::status));

/// An element path begins with the name of a type; a parameter or a header does not.
bool is_element_path(std::string_view where) {
  return !where.empty() && is_ascii_upper(where.front()) && where.find('-') == where.npos;
}

void write_issue(json::Writer& writer, std::string_view severity, std::string_view code,
                 std::string_view diagnostics, std::string_view where) {
  writer.begin_object();
  writer.member("severity", severity);
  writer.member("code", code);
  writer.member("diagnostics", diagnostics);
  if (is_element_path(where)) {
    writer.key("expression");
    writer.begin_array();
    writer.string(where);
    writer.end_array();
  }
  writer.end_object();
}

template <class Body>
std::string outcome(Body body) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "OperationOutcome");
  writer.key("issue");
  writer.begin_array();
  body(writer);
  writer.end_array();
  writer.end_object();
  return out;
}

}  // namespace

std::string outcome_json(std::vector<Issue> const& issues) {
  return outcome([&](json::Writer& writer) {
    auto const shown = std::min(issues.size(), kIssuesShownMax);
    for (std::size_t i = 0; i < shown; ++i) {
      auto const& issue = issues[i];
      write_issue(writer, name_of(issue.severity), error_row(issue.code).issue_type,
                  issue.where.empty() ? issue.what : issue.where + ": " + issue.what, issue.where);
    }
    if (shown < issues.size()) {
      auto const rest = std::to_string(issues.size() - shown) + " more issues are not shown";
      write_issue(writer, "information", "informational", rest, {});
    }
  });
}

std::string success_json(std::string_view what) { return outcome_json(what, {}); }

std::string outcome_json(std::string_view done, std::vector<Issue> const& left_out) {
  return outcome([&](json::Writer& writer) {
    write_issue(writer, "information", "informational", done, {});
    for (auto const& issue : left_out) {
      write_issue(writer, name_of(issue.severity), error_row(issue.code).issue_type,
                  issue.where + ": " + issue.what, issue.where);
    }
  });
}

std::string lines_json(std::vector<std::string> const& lines) {
  return outcome([&](json::Writer& writer) {
    for (auto const& line : lines) write_issue(writer, "information", "informational", line, {});
  });
}

Answer refuse(int status, Error const& error) {
  Answer answer;
  answer.status = status;
  answer.body = outcome_json({{Severity::error, error.code, error.what, error.where}});
  return answer;
}

Answer refuse(Error const& error) { return refuse(error_row(error.code).http_status, error); }

Answer refuse(std::vector<Issue> const& issues) {
  Answer answer;
  bool const malformed = std::ranges::any_of(issues, [](Issue const& issue) {
    return issue.severity == Severity::error && issue.code == ErrorCode::malformed;
  });
  answer.status = error_row(malformed ? ErrorCode::malformed : ErrorCode::invalid).http_status;
  answer.body = outcome_json(issues);
  return answer;
}

bool has_error(std::vector<Issue> const& issues) {
  return std::ranges::find(issues, Severity::error, &Issue::severity) != issues.end();
}

std::string status_line(int status) {
  auto const* const row = std::ranges::lower_bound(kStatuses, status, {}, &StatusRow::status);
  auto line = std::to_string(status);
  if (row != kStatuses.end() && row->status == status) line.append(" ").append(row->phrase);
  return line;
}

}  // namespace sinew::rest
