#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/sqlite/condition.h"

namespace sinew::store::sqlite {

/// A resource as it was.
struct PastResource {
  std::int64_t rid = 0;
  std::string type, id;
  std::uint64_t version = 0;
  Instant updated{};
  std::string body;  ///< in normal form, without meta.versionId and lastUpdated
};

/// The store as it was when a version of the log was the last one: which resources have changed
/// since, and which version each had then. Later pages of a search and searches as of an instant
/// look through it. What has not changed since is as it is now.
class PastView {
 public:
  /// `since`  the last version of the log that counts.
  explicit PastView(std::int64_t since) : since_(since) {}

  /// The versions of the resources of a type that have changed since; 0: was not there, either not
  /// yet or deleted.
  using Versions = std::unordered_map<std::int64_t, std::uint64_t>;
  [[nodiscard]] Result<Versions const*> changed(SearchContext& context, TypeKey type);
  /// The version of one resource; nothing: has not changed since.
  [[nodiscard]] Result<std::optional<std::uint64_t>> version_of(SearchContext& context,
                                                                std::int64_t rid);

 private:
  Result<> read_log(SearchContext& context);
  [[nodiscard]] Result<std::uint64_t> version_before(SearchContext& context, std::int64_t rid,
                                                     std::uint64_t first_since);

  std::int64_t since_;
  bool is_read_ = false;
  std::unordered_map<TypeKey, Versions> firsts_;  ///< the first version that each has got since
  std::unordered_map<TypeKey, Versions> types_;
};

/// The last version of the log at an instant.
[[nodiscard]] Result<std::int64_t> last_version_at(Connection& connection, Instant instant);
/// The first version of the log that is not older than `ms`. Versions are in order of time.
[[nodiscard]] Result<std::int64_t> first_version_at(Connection& connection, std::int64_t ms);

// What follows is of the moment that the context looks at: its `then`, or else now.

/// The body, in normal form; nothing where the resource is, or was, not there.
[[nodiscard]] Result<std::optional<std::string>> body_of(SearchContext& context, std::int64_t rid);
/// The resource as it is shown. Fails `not_found` where it is, or was, not there.
[[nodiscard]] Result<Resource> resource_of(SearchContext& context, std::int64_t rid);
/// Whether the resource is, or was, there. `type` has to be its own.
[[nodiscard]] Result<bool> is_there(SearchContext& context, TypeKey type, std::int64_t rid);

/// Turns what is true of now into what was true then: the changed resources of `rids` go, those of
/// the type that passed then come. `rids` is ascending and stays so.
Result<> correct_for_then(SearchContext& context, TypeKey type, Rids& rids,
                          std::function<Result<bool>(PastResource const&)> const& passes);

/// The same for the matches of criteria. Costs a body for each resource of the type that has
/// changed.
Result<> matches_of_then(SearchContext& context, std::string_view type,
                         std::vector<Criterion> const& criteria, Rids& matches);

/// Asks one criterion of one version of a resource. `values` are those of its index.
using CriterionTest = std::function<bool(PastResource const&, json::Value resource,
                                         std::vector<fhir::IndexValue> const& values)>;
[[nodiscard]] Result<CriterionTest> test_of(SearchContext& context, std::string_view type,
                                            Criterion const& criterion);

}  // namespace sinew::store::sqlite
