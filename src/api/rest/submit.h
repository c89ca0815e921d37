#pragma once

#include <functional>
#include <mutex>
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

/// The answer to a resource that is not of the type, breaks its structure, or does not obey what
/// writes are checked against (Options::check_write); or nothing.
/// `text`  what the resource is a part of; empty when it was not sent as JSON.
[[nodiscard]] std::optional<Answer> fault_of(Context const& context, json::Value resource,
                                             std::string_view type, std::string_view text);

/// The one resource that criteria match, or nothing. Fails `precondition` when several do.
[[nodiscard]] Result<std::optional<store::Resource>> find_one(Context const& context,
                                                              std::string_view type,
                                                              std::string_view query);

/// Makes one change. Fails as the store does.
[[nodiscard]] Result<store::Outcome> apply_one(Context const& context, store::Change change);

/// The answer to come, once the change is made: `finish` makes it of the outcome.
[[nodiscard]] Answer answer_after(store::Change change,
                                  std::function<Result<Answer>(Result<store::Outcome>)> finish);

/// Who lost a race to another client tries again, one at a time: so they lose to newcomers, once
/// each, and not over and over to each other. Only between processes attempts can run out.
class Turn {
 public:
  explicit Turn(Context const& context) : lock_(*context.turn, std::defer_lock) {}
  /// Waits until nobody else has it; from then on it is held.
  void take();

 private:
  std::unique_lock<std::mutex> lock_;
};

/// What the answer to a change depends on, of the call.
struct ChangeView {
  explicit ChangeView(Call const& call) : base(call.base), prefer(call.presentation.prefer) {}
  std::string base;
  Return prefer;
  std::vector<Issue> left_out = {};  ///< unknown elements that were sent
};

/// The answer to a change that was made, as Prefer wants it. Source: FHIR R4 http.html#return.
[[nodiscard]] Result<Answer> answer_change(Context const& context, ChangeView const& view,
                                           store::Outcome const& outcome);

/// The version that If-Match asks for; nothing for `*` and where it is left out.
[[nodiscard]] Result<std::optional<std::uint64_t>> wanted_version(net::HttpRequest const& request);

/// A patch as it came: in the body of a request, or in a Binary of a bundle.
struct PatchBody {
  std::string media_type;
  std::string text;
};

/// The resource as the patch leaves it, with its id and type as before; not yet checked.
/// Fails `not_supported` at Content-Type for another format, `malformed`, `invalid`.
/// Source: FHIR R4 http.html#patch.
[[nodiscard]] Result<std::string> patched(json::Value resource, PatchBody const& body);

/// The patch that an entry of a bundle carries: a Binary with a patch as data, or Parameters.
/// Source: FHIR R4 http.html#trules, "PATCH".
[[nodiscard]] Result<PatchBody> patch_of_entry(json::Value resource);

/// What Accept-Patch says.
inline constexpr std::string_view kPatchFormats =
    "application/json-patch+json, application/xml-patch+xml, application/fhir+json, "
    "application/fhir+xml";

}  // namespace sinew::rest
