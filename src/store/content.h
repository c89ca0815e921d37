#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/json.h"
#include "store/store.h"

namespace sinew::store {

/// Resources are kept in one normal form: compact, `resourceType`, `id` and `meta` first, and in
/// `meta` neither versionId nor lastUpdated, which are put in place on the way out (`with_meta`).
/// So a body can be prepared before its version is known, and equal content has equal text.
struct NormalBody {
  std::string text;
  std::uint64_t content = 0;  ///< digest of everything but meta's versionId, lastUpdated, source
};

/// Brings a resource into normal form.
/// Fails `invalid` when resourceType or id are not those of the change, `malformed` as the parser.
[[nodiscard]] Result<NormalBody> normal_body(json::Value resource, std::string_view type,
                                             std::string_view id);

/// A stored text with meta.versionId and meta.lastUpdated in place.
[[nodiscard]] std::string with_meta(std::string_view normal, std::string_view type,
                                    std::string_view id, std::uint64_t version, Instant updated);

/// What a change asks for, as a digest: the same change made again has the same one.
struct ChangeDigest {
  std::uint64_t a = 0, b = 0;
  bool operator==(ChangeDigest const&) const = default;
  [[nodiscard]] bool is_set() const { return (a | b) != 0; }
};
[[nodiscard]] ChangeDigest digest_of(Change const& change);

/// Fails `invalid` when the type is not a resource type or the id breaks the grammar of ids.
/// Source: FHIR R4 datatypes.html#id.
Result<> check_identity(std::string_view type, std::string_view id);

}  // namespace sinew::store
