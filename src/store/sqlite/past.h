#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_set>
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

/// What has changed since a version of the log, and how it was then, as far as it matched.
struct Past {
  std::unordered_set<std::int64_t> changed;
  std::map<std::int64_t, PastResource> matched;

  [[nodiscard]] PastResource const* find(std::int64_t rid) const {
    auto const found = matched.find(rid);
    return found == matched.end() ? nullptr : &found->second;
  }
};

/// Turns the matches of now into those of then: what has changed since is judged by the version it
/// had. Costs a body for each resource of the type that has changed.
/// What a criterion asks of other resources (chains, `_has`, `_list`) is as it is now.
/// `since`    the last version of the log that counts.
/// `matches`  ascending; stays so.
/// `past`     takes in what was found.
Result<> matches_of_then(SearchContext& context, std::string_view type,
                         std::vector<Criterion> const& criteria, std::int64_t since, Rids& matches,
                         Past& past);

/// Asks one criterion of one version of a resource. `values` are those of its index.
using CriterionTest = std::function<bool(PastResource const&, json::Value resource,
                                         std::vector<fhir::IndexValue> const& values)>;
[[nodiscard]] Result<CriterionTest> test_of(SearchContext& context, std::string_view type,
                                            Criterion const& criterion);

}  // namespace sinew::store::sqlite
