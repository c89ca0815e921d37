#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "api/rest/rest.h"
#include "json/json.h"
#include "validate/write_policy.h"

namespace sinew::rest {

/// For Options::check_write: asks what `policy` asks, and counts what is found and refused.
/// Empty when the policy asks nothing. The library, the metrics and the clock must outlive it.
[[nodiscard]] std::function<std::vector<validate::Finding>(json::Value, std::string_view)>
make_write_check(validate::WritePolicy policy, validate::Library const& library, Metrics& metrics,
                 Clock& clock);

/// 422 with everything that was found. Source: FHIR R4 http.html#create, "422 Unprocessable
/// Entity".
[[nodiscard]] Answer refuse(std::vector<validate::Finding> const& findings);

/// The findings of a resource that is an entry of a bundle: `Patient.name` becomes
/// `Bundle.entry[3].resource.name`.
void move_to_entry(std::vector<validate::Finding>& findings, std::string_view entry);

}  // namespace sinew::rest
