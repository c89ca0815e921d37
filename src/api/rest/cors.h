#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http.h"

namespace sinew::rest {

/// Lets pages of other origins call the server. `origins` are those allowed
/// ("https://app.example"), or "*" for all; empty: no page of another origin may read an answer.
/// Credentials are never allowed: who may see what is decided by tokens, not by cookies.
/// Source: WHATWG Fetch, "CORS protocol"; FHIR R4 security.html#cors.

/// The answer to a preflight of an allowed origin; nothing for any other request.
[[nodiscard]] std::optional<net::HttpResponse> preflight(std::vector<std::string> const& origins,
                                                         net::HttpRequest const& request);

/// Adds what a browser needs to hand the answer to the page.
void allow_origin(std::vector<std::string> const& origins, net::HttpRequest const& request,
                  net::HttpResponse& response);

}  // namespace sinew::rest
