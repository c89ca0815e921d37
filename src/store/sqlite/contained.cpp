#include "store/sqlite/contained.h"

#include <algorithm>

#include "json/write.h"
#include "store/compress.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/order.h"
#include "store/sqlite/past.h"

namespace sinew::store::sqlite {
namespace {

Failure goes_without(std::string what, std::string where) {
  return fail(ErrorCode::invalid, std::move(what), std::move(where));
}

Result<> check(Query const& query) {
  if (query.type.empty())
    return goes_without("a search for contained resources needs one type", "_contained");
  if (!query.include.empty())
    return goes_without("contained resources are found without includes", "_include");
  if (!query.revinclude.empty())
    return goes_without("contained resources are found without includes", "_revinclude");
  return {};
}

/// A resource that may contain others.
struct Container {
  std::int64_t rid = 0;
  Instant updated{};
};

/// Asks the criteria of what is inside of resources, one after the other.
class Looking {
 public:
  Looking(SearchContext& context, Query const& query) : context_(context), query_(query) {}

  Result<> prepare() {
    for (auto const& criterion : query_.criteria)
      tests_.push_back(TRY(test_of(context_, query_.type, criterion)));
    return {};
  }

  Result<> look(Container const& container, std::string const& body) {
    if (context_.cost != nullptr) TRY(context_.cost->add_glance());
    // OPTIMIZATION: a body in normal form without the word has none, and most have none.
    if (body.find(R"("contained":)") == body.npos) return {};
    if (context_.cost != nullptr) TRY(context_.cost->add_body());
    auto const document = TRY(json::Document::parse(body));
    std::uint64_t place = 0;
    for (auto const inside : document.root()["contained"].elements()) {
      ++place;
      if (!holds(container, inside)) continue;
      found.push_back({container.rid, query_.shows_contained ? place : 0});
      if (!query_.shows_contained) break;
    }
    return {};
  }

  std::vector<ContainedMatch> found;

 private:
  bool holds(Container const& container, json::Value inside) {
    if (inside["resourceType"].text() != query_.type) return false;
    PastResource resource;
    resource.type = query_.type;
    resource.id = inside["id"].text();
    resource.updated = container.updated;
    values_.clear();
    fhir::extract_index(inside, values_);
    return std::ranges::all_of(
        tests_, [&](CriterionTest const& test) { return test(resource, inside, values_); });
  }

  SearchContext& context_;
  Query const& query_;
  std::vector<CriterionTest> tests_;
  std::vector<fhir::IndexValue> values_;
};

/// Everything that is there now, in one walk.
Result<> look_through_now(SearchContext& context, Looking& looking) {
  auto rows = context.connection.query(
      "SELECT rid, upd, body FROM res WHERE body IS NOT NULL ORDER BY rid");
  while (TRY(rows.next()))
    TRY(looking.look({rows.integer(0), Instant{rows.integer(1)}}, TRY(unpack(rows.text(2)))));
  return {};
}

Result<> look_through_then(SearchContext& context, Looking& looking) {
  std::vector<std::string> types;
  {
    auto rows = context.connection.query("SELECT tid FROM tally");
    while (TRY(rows.next())) types.emplace_back(context.catalogue.type_name(rows.integer(0)));
  }
  for (auto const& type : types)
    for (auto const rid : TRY(find_matches(context, type, {})))
      if (auto const resource = TRY(resource_of(context, rid)); !resource.body.empty())
        TRY(looking.look({rid, resource.updated}, resource.body));
  return {};
}

}  // namespace

Result<ContainedMatches> find_contained(SearchContext& context, Query const& query,
                                        ContainedMatch const& after) {
  TRY(check(query));
  Looking looking(context, query);
  TRY(looking.prepare());
  TRY(context.then == nullptr ? look_through_now(context, looking)
                              : look_through_then(context, looking));
  auto& found = looking.found;
  if (query.contained == Contained::both)
    for (auto const rid : TRY(find_matches(context, query.type, query.criteria)))
      found.push_back({rid, 0});
  std::ranges::sort(found);
  auto const repeats = std::ranges::unique(found);
  found.erase(repeats.begin(), repeats.end());

  Rids rids;
  for (auto const& match : found) rids.push_back(match.rid);
  sort_rids(rids);
  ContainedMatches matches;
  matches.total = found.size();
  // The resource that ended the page before may have more of them inside.
  for (auto const& match : found)
    if (after.rid != 0 && match.rid == after.rid && match.place > after.place)
      matches.in_order.push_back(match);
  for (auto const rid : TRY(in_order(context, {}, std::move(rids), query.sort, after.rid))) {
    auto match = std::ranges::lower_bound(found, ContainedMatch{rid, 0});
    for (; match != found.end() && match->rid == rid; ++match) matches.in_order.push_back(*match);
  }
  return matches;
}

Result<Resource> shown_match(SearchContext& context, ContainedMatch const& match) {
  auto resource = TRY(resource_of(context, match.rid));
  if (match.place == 0) return resource;
  auto const document = TRY(json::Document::parse(resource.body));
  std::uint64_t place = 0;
  for (auto const inside : document.root()["contained"].elements()) {
    if (++place != match.place) continue;
    resource.id += '#' + inside["id"].text();
    resource.body = json::print(inside);
    return resource;
  }
  return fail(ErrorCode::not_found, "no such contained resource");
}

}  // namespace sinew::store::sqlite
