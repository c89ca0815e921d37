#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/rest/context.h"
#include "json/json.h"

namespace sinew::rest {

// What a single write and the entries of a bundle share.

[[nodiscard]] std::string new_id(Context const& context);
[[nodiscard]] bool is_id(std::string_view text);

/// The resource with this id, which stands behind resourceType.
[[nodiscard]] std::string with_id(json::Value resource, std::string_view id);

/// The answer to a resource that is not of the type or breaks its structure, or nothing.
[[nodiscard]] std::optional<Answer> fault_of(json::Value resource, std::string_view type);

/// The one resource that criteria match, or nothing. Fails `precondition` when several do.
[[nodiscard]] Result<std::optional<store::Resource>> find_one(Context const& context,
                                                              std::string_view type,
                                                              std::string_view query);

}  // namespace sinew::rest
