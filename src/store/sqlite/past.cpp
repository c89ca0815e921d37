#include "store/sqlite/past.h"

#include <algorithm>

#include "store/compress.h"
#include "store/content.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

/// One version of a resource, with its body.
Result<PastResource> load_version(SearchContext& context, std::int64_t rid, std::uint64_t version) {
  if (context.cost != nullptr) TRY(context.cost->add_body());
  PastResource out;
  out.rid = rid;
  out.version = version;
  auto rows = context.connection.query(
      "SELECT res.tid, res.id, hist.upd, hist.body FROM hist JOIN res ON res.rid=hist.rid "
      "WHERE hist.rid=? AND hist.ver=?",
      rid, version);
  if (!TRY(rows.next())) return fail(ErrorCode::internal, "a version has no row");
  out.type = context.catalogue.type_name(rows.integer(0));
  out.id = rows.text(1);
  out.updated = Instant{rows.integer(2)};
  out.body = TRY(unpack(rows.text(3)));
  return out;
}

}  // namespace

Result<std::int64_t> first_version_at(Connection& connection, std::int64_t ms) {
  std::int64_t low = 1;
  std::int64_t high = 1 + TRY(connection.integer(0, "SELECT max(vsn) FROM log"));
  while (low < high) {
    auto const middle = low + (high - low) / 2;
    auto const updated = TRY(connection.integer(
        INT64_MAX, "SELECT upd FROM log WHERE vsn>=? ORDER BY vsn LIMIT 1", middle));
    if (updated < ms)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Result<std::int64_t> last_version_at(Connection& connection, Instant instant) {
  if (instant.ms == INT64_MAX) return connection.integer(0, "SELECT max(vsn) FROM log");
  return TRY(first_version_at(connection, instant.ms + 1)) - 1;
}

/// The version before one; 0: there was none, or it was a deletion. Versions in between may have
/// been taken away for good.
Result<std::uint64_t> PastView::version_before(SearchContext& context, std::int64_t rid,
                                               std::uint64_t first_since) {
  auto rows = context.connection.query(
      "SELECT ver, length(body) FROM hist WHERE rid=? AND ver<? ORDER BY ver DESC LIMIT 1", rid,
      first_since);
  if (!TRY(rows.next()) || rows.is_null(1)) return 0;
  return static_cast<std::uint64_t>(rows.integer(0));
}

Result<> PastView::read_log(SearchContext& context) {
  if (is_read_) return {};
  auto rows = context.connection.query("SELECT tid, rid, ver FROM log WHERE vsn>?", since_);
  while (TRY(rows.next())) {
    auto const version = static_cast<std::uint64_t>(rows.integer(2));
    auto& first = firsts_[rows.integer(0)].try_emplace(rows.integer(1), version).first->second;
    first = std::min(first, version);
  }
  is_read_ = true;
  return {};
}

Result<PastView::Versions const*> PastView::changed(SearchContext& context, TypeKey type) {
  auto const known = types_.find(type);
  if (known != types_.end()) return &known->second;
  TRY(read_log(context));
  auto versions = std::move(firsts_[type]);
  for (auto& [rid, version] : versions) version = TRY(version_before(context, rid, version));
  return &types_.emplace(type, std::move(versions)).first->second;
}

Result<std::optional<std::uint64_t>> PastView::version_of(SearchContext& context,
                                                          std::int64_t rid) {
  auto const type = TRY(context.connection.integer(0, "SELECT tid FROM res WHERE rid=?", rid));
  auto const* versions = TRY(changed(context, type));
  auto const found = versions->find(rid);
  if (found == versions->end()) return std::optional<std::uint64_t>();
  return std::optional(found->second);
}

Result<std::optional<std::string>> body_of(SearchContext& context, std::int64_t rid) {
  if (context.then != nullptr) {
    auto const version = TRY(context.then->version_of(context, rid));
    if (version && *version == 0) return std::optional<std::string>();
    if (version) return std::optional(TRY(load_version(context, rid, *version)).body);
  }
  auto rows = context.connection.query("SELECT body FROM res WHERE rid=?", rid);
  if (!TRY(rows.next()) || rows.is_null(0)) return std::optional<std::string>();
  return std::optional(TRY(unpack(rows.text(0))));
}

Result<Resource> resource_of(SearchContext& context, std::int64_t rid) {
  auto const version = context.then == nullptr ? std::optional<std::uint64_t>()
                                               : TRY(context.then->version_of(context, rid));
  if (!version) return load_resource(context.connection, context.catalogue, rid);
  if (*version == 0) return fail(ErrorCode::not_found, "no such resource then");
  auto const past = TRY(load_version(context, rid, *version));
  Resource resource;
  resource.type = past.type;
  resource.id = past.id;
  resource.version = past.version;
  resource.updated = past.updated;
  resource.body = with_meta(past.body, past.type, past.id, past.version, past.updated);
  return resource;
}

Result<bool> is_there(SearchContext& context, TypeKey type, std::int64_t rid) {
  if (context.then != nullptr) {
    auto const* versions = TRY(context.then->changed(context, type));
    auto const found = versions->find(rid);
    if (found != versions->end()) return found->second != 0;
  }
  return TRY(context.connection.integer(0, "SELECT 1 FROM live WHERE tid=? AND rid=?", type,
                                        rid)) != 0;
}

Result<> correct_for_then(SearchContext& context, TypeKey type, Rids& rids,
                          std::function<Result<bool>(PastResource const&)> const& passes) {
  if (context.then == nullptr) return {};
  auto const* versions = TRY(context.then->changed(context, type));
  if (versions->empty()) return {};
  std::erase_if(rids, [&](std::int64_t rid) { return versions->contains(rid); });
  for (auto const& [rid, version] : *versions) {
    if (version == 0) continue;
    if (TRY(passes(TRY(load_version(context, rid, version))))) rids.push_back(rid);
  }
  sort_rids(rids);
  return {};
}

Result<> matches_of_then(SearchContext& context, std::string_view type,
                         std::vector<Criterion> const& criteria, Rids& matches) {
  auto const key = context.catalogue.type_key(type).value_or(0);
  if (context.then == nullptr || TRY(context.then->changed(context, key))->empty()) return {};
  std::vector<CriterionTest> tests;
  for (auto const& criterion : criteria) tests.push_back(TRY(test_of(context, type, criterion)));
  return correct_for_then(context, key, matches, [&](PastResource const& past) -> Result<bool> {
    auto const document = TRY(json::Document::parse(past.body));
    std::vector<fhir::IndexValue> values;
    fhir::extract_index(document.root(), values);
    return std::ranges::all_of(
        tests, [&](CriterionTest const& test) { return test(past, document.root(), values); });
  });
}

}  // namespace sinew::store::sqlite
