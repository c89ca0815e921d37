#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/rest/context.h"
#include "json/json.h"

namespace sinew::documents {

inline constexpr std::size_t kResourcesMax = 10'000;  ///< of one document

/// The local resource that a reference names: type, id and, where it says one, the version.
struct Target {
  std::string type, id, version;
};
/// Nothing for what is contained, logical, or of another server than `base`.
[[nodiscard]] std::optional<Target> local_target(std::string_view reference, std::string_view base);

/// Every `reference` within a value, in document order, those of contained resources too. Members
/// of the top level whose name is `without` are passed over.
[[nodiscard]] std::vector<std::string> references_in(json::Value value,
                                                     std::string_view without = {});

/// A document Bundle while it is put together: each resource once, the Composition first.
/// Source: FHIR R4 documents.html, bundle.html#references.
class DocumentBundle {
 public:
  /// `base` is what the fullUrls of stored resources begin with.
  DocumentBundle(rest::Context const& context, std::string base);

  /// The URL of a stored resource.
  [[nodiscard]] std::string url_of(std::string_view type, std::string_view id) const;

  /// Adds a resource unless it is there. Fails `too_large`.
  Result<> add(std::string full_url, std::string body);
  /// Puts a resource in front of all others: the Composition, which is known last.
  Result<> add_first(std::string full_url, std::string body);
  /// Adds what a reference names. Fails `not_found` or `gone` where it is not to be had.
  Result<> add_target(Target const& target);
  /// Adds what entries refer to and a reader needs to understand them: the medication, who did it,
  /// the device, the specimen, the results of a report. What is not stored is left out.
  Result<> add_supporting();

  /// The Bundle, with a new identifier. `profile` may be empty.
  [[nodiscard]] Result<std::string> json(std::string_view profile, std::string_view id);

 private:
  struct Entry {
    std::string full_url;
    json::Document document;
  };
  rest::Context const& context_;
  std::string base_;
  std::deque<Entry> entries_;
  std::set<std::string> urls_;  ///< with the version, where one is asked for
};

}  // namespace sinew::documents
