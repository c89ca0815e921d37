#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace sinew::rest {

/// What stands for a link in the stored resource, or nothing to leave it. `is_reference` is true
/// for Reference.reference, false for elements of type uri, url, canonical, oid and uuid.
using LinkResolver =
    std::function<Result<std::optional<std::string>>(std::string_view link, bool is_reference)>;

/// The text of a resource with its links replaced; everything else stays byte for byte.
/// DEVIATION: links inside the narrative are left as they are.
/// Source: FHIR R4 http.html#trules, "replacing links".
[[nodiscard]] Result<std::string> replace_links(json::Value resource, LinkResolver const& resolve);

}  // namespace sinew::rest
