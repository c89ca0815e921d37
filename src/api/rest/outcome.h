#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rest/rest.h"
#include "base/result.h"

namespace sinew::rest {

/// An OperationOutcome as JSON. `diagnostics` holds what happened and where; `expression` the
/// element path where there is one. Source: FHIR R4 operationoutcome.html.
[[nodiscard]] std::string outcome_json(std::vector<Issue> const& issues);
/// What was done, and all of what was left out.
[[nodiscard]] std::string outcome_json(std::string_view done, std::vector<Issue> const& left_out);
[[nodiscard]] std::string success_json(std::string_view what);
/// An informational issue for each line.
[[nodiscard]] std::string lines_json(std::vector<std::string> const& lines);

/// The answer to what did not happen, with the status of the error's row or the one given.
[[nodiscard]] Answer refuse(Error const& error);
[[nodiscard]] Answer refuse(int status, Error const& error);
/// The answer to a resource with faults: 400 when one is `malformed`, else 422.
[[nodiscard]] Answer refuse(std::vector<Issue> const& issues);

[[nodiscard]] bool has_error(std::vector<Issue> const& issues);

/// "404 Not Found", for Bundle.entry.response.status.
[[nodiscard]] std::string status_line(int status);

}  // namespace sinew::rest
