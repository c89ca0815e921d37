#include "store/sqlite/past.h"

#include <algorithm>
#include <unordered_map>

#include "store/compress.h"

namespace sinew::store::sqlite {
namespace {

/// How many versions each resource of a type has got since.
Result<std::unordered_map<std::int64_t, std::uint64_t>> changes_since(SearchContext& context,
                                                                      std::string_view type,
                                                                      std::int64_t since) {
  std::unordered_map<std::int64_t, std::uint64_t> changes;
  auto const key = context.catalogue.type_key(type).value_or(0);
  auto rows = context.connection.query("SELECT rid FROM log WHERE vsn>? AND +tid=?", since, key);
  while (TRY(rows.next())) ++changes[rows.integer(0)];
  return changes;
}

/// The version before the last `changes` of them. False: there was none, or it was deleted.
Result<bool> load_past(SearchContext& context, std::uint64_t changes, PastResource& out) {
  if (context.cost != nullptr) TRY(context.cost->add_body());
  {
    auto rows = context.connection.query("SELECT id, ver FROM res WHERE rid=?", out.rid);
    if (!TRY(rows.next())) return false;
    out.id = rows.text(0);
    auto const current = static_cast<std::uint64_t>(rows.integer(1));
    if (current <= changes) return false;
    out.version = current - changes;
  }
  auto rows = context.connection.query("SELECT upd, body FROM hist WHERE rid=? AND ver=?", out.rid,
                                       out.version);
  if (!TRY(rows.next()) || rows.is_null(1)) return false;
  out.updated = Instant{rows.integer(0)};
  out.body = TRY(unpack(rows.text(1)));
  return true;
}

}  // namespace

Result<> matches_of_then(SearchContext& context, std::string_view type,
                         std::vector<Criterion> const& criteria, std::int64_t since, Rids& matches,
                         Past& past) {
  auto const changes = TRY(changes_since(context, type, since));
  if (changes.empty()) return {};
  std::vector<CriterionTest> tests;
  Rids then;
  for (auto const& criterion : criteria) tests.push_back(TRY(test_of(context, type, criterion)));
  for (auto const& [rid, count] : changes) {
    past.changed.insert(rid);
    PastResource resource;
    resource.rid = rid;
    resource.type = type;
    if (!TRY(load_past(context, count, resource))) continue;
    auto const document = TRY(json::Document::parse(resource.body));
    std::vector<fhir::IndexValue> values;
    fhir::extract_index(document.root(), values);
    bool const matched = std::ranges::all_of(
        tests, [&](CriterionTest const& test) { return test(resource, document.root(), values); });
    if (!matched) continue;
    past.matched.emplace(rid, std::move(resource));
    then.push_back(rid);
  }
  std::erase_if(matches, [&](std::int64_t rid) { return past.changed.contains(rid); });
  matches.insert(matches.end(), then.begin(), then.end());
  sort_rids(matches);
  return {};
}

}  // namespace sinew::store::sqlite
