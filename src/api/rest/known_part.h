#pragma once

#include <string>
#include <vector>

#include "api/rest/rest.h"
#include "base/result.h"
#include "json/json.h"

namespace sinew::rest {

/// The resource without the elements that R4 does not have, for those who ask for it with
/// `Prefer: handling=lenient`; each is named in `left_out`, a warning with its path. Types and
/// values are not looked at: what is wrong beside a name stays, and is refused.
/// Source: FHIR R4 http.html#create, search.html#errors, "handling"
[[nodiscard]] std::string known_part(json::Value resource, std::vector<Issue>& left_out);

/// `Warning` fields that name what was left out, for an answer whose body does not.
/// Source: RFC 7234 §5.5, warn-code 299.
void add_warnings(net::Headers& headers, std::vector<Issue> const& left_out);

}  // namespace sinew::rest
