#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace sinew::patch {

inline constexpr std::size_t kOperationsMax = 10'000;

/// What becomes of a list or an object whose last part a patch took away: JSON keeps it, FHIR has
/// no empty lists and objects.
enum class Emptied : bool { keep, drop };

/// The target as the operations leave it. Members that no operation names keep bytes and order;
/// new ones stand last. All operations or none.
/// Fails `malformed` when the patch cannot be read, `invalid` when it does not fit the target or a
/// `test` fails, `too_large` beyond a limit; `where` is `[2] /name/0`, operation and pointer.
/// Source: RFC 6902; RFC 6901.
[[nodiscard]] Result<std::string> apply_json_patch(json::Value target, json::Value patch,
                                                   Emptied emptied = Emptied::keep);

/// The resource as the operations of a Parameters leave it: add, insert, delete, replace, move.
/// What is deleted takes with it what it leaves empty. Errors as above; `where` is the place in
/// the Parameters.
/// Source: FHIR R4 fhirpatch.html.
[[nodiscard]] Result<std::string> apply_fhirpath_patch(json::Value resource,
                                                       json::Value parameters);

/// The XML text of the target after `<add>`, `<replace>` and `<remove>`. `sel` may use the prefixes
/// `f` (FHIR) and `h` (XHTML) without declaring them; names without prefix are of the default
/// namespace of the patch, or of FHIR where it has none. Comments and processing instructions do
/// not exist in a resource: selecting one fails `invalid`.
/// Source: RFC 5261; FHIR R4 http.html#patch.
[[nodiscard]] Result<std::string> apply_xml_patch(std::string_view target, std::string_view patch);

}  // namespace sinew::patch
