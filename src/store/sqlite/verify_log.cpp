#include <algorithm>
#include <map>
#include <tuple>

#include "base/hash.h"
#include "store/sqlite/verifier.h"

// The order of commit against the versions.

namespace sinew::store::sqlite {
namespace {

/// Versions are compared by sums over so many groups of resources, and one by one only in the
/// groups whose sums differ, so many versions at a time.
constexpr std::size_t kBuckets = 4096;
constexpr std::uint64_t kVersionsAtATime = 200'000;

constexpr char kVersions[] =
    "SELECT rid, ver, upd FROM res WHERE ver>0 UNION ALL SELECT rid, ver, upd FROM hist";
constexpr char kLogged[] = "SELECT rid, ver, vsn FROM log WHERE rid<>0";

std::size_t bucket_of(std::int64_t rid) { return static_cast<std::uint64_t>(rid) % kBuckets; }

/// The same for the same versions, whatever their order; each counts as often as it is there.
struct Sum {
  std::uint64_t count = 0, digest = 0;
  void add(std::int64_t rid, std::int64_t version) {
    std::int64_t const key[] = {rid, version};
    ++count;
    digest += hash64({reinterpret_cast<char const*>(key), sizeof key});
  }
  bool operator==(Sum const&) const = default;
};

Result<std::vector<Sum>> sums_of(Connection& connection, char const* sql) {
  std::vector<Sum> sums(kBuckets);
  auto rows = connection.query(sql);
  while (TRY(rows.next())) sums[bucket_of(rows.integer(0))].add(rows.integer(0), rows.integer(1));
  return sums;
}

/// The first place in the order of commit for a version of that time; 0: there is none. The first:
/// of two places that would do, the later one may be the only one for a later version.
Result<std::int64_t> gap_for(Connection& connection, std::int64_t updated) {
  return connection.integer(
      0,
      "SELECT l.vsn+1 FROM log l WHERE l.upd<=? AND NOT EXISTS (SELECT 1 FROM log n WHERE "
      "n.vsn=l.vsn+1) AND (SELECT m.upd FROM log m WHERE m.vsn>l.vsn ORDER BY m.vsn LIMIT 1)>=? "
      "ORDER BY l.vsn LIMIT 1",
      updated, updated);
}

}  // namespace

/// Put back into a gap between its neighbours in time; without one it cannot be put back.
Result<> Verifier::version_not_logged(std::int64_t rid, std::int64_t version,
                                      std::int64_t updated) {
  Mend const mend = [=](Applier& applier) -> Result<> {
    // Asked of the store as it is: what was put back before has taken a place.
    auto const place = TRY(gap_for(applier.connection(), updated));
    if (place == 0) return {};
    return applier.connection().execute(
        "INSERT OR IGNORE INTO log(vsn, tid, rid, ver, upd) "
        "SELECT ?, tid, rid, ?, ? FROM res WHERE rid=?",
        place, version, updated, rid);
  };
  auto const place = TRY(gap_for(connection_, updated));
  return found("log", rid, "a row is missing", place != 0 ? mend : Mend());
}

/// The versions of some groups, one by one.
Result<> Verifier::check_versions_of(std::vector<bool> const& buckets) {
  struct State {
    std::int64_t updated = 0;
    bool is_logged = false;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, State> versions;
  {
    auto rows = connection_.query(kVersions);
    while (TRY(rows.next()))
      if (buckets[bucket_of(rows.integer(0))])
        versions[{rows.integer(0), rows.integer(1)}] = {rows.integer(2), false};
  }
  auto rows = connection_.query(kLogged);
  while (TRY(rows.next())) {
    auto const state = versions.find({rows.integer(0), rows.integer(1)});
    if (state == versions.end()) continue;
    if (state->second.is_logged)
      TRY(found("log", rows.integer(0), "a row is there twice",
                [number = rows.integer(2)](Applier& applier) {
                  return applier.connection().execute("DELETE FROM log WHERE vsn=?", number);
                }));
    state->second.is_logged = true;
  }
  // In the order of time, so that each finds its place after the one before.
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>> missing;
  for (auto const& [version, state] : versions)
    if (!state.is_logged) missing.emplace_back(state.updated, version.first, version.second);
  std::ranges::sort(missing);
  for (auto const& [updated, rid, version] : missing)
    TRY(version_not_logged(rid, version, updated));
  return {};
}

Result<> Verifier::check_logged_versions() {
  auto const wanted = TRY(sums_of(connection_, kVersions));
  auto const logged = TRY(sums_of(connection_, kLogged));
  std::vector<bool> buckets(kBuckets);
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (wanted[i] == logged[i]) continue;
    buckets[i] = true;
    size += wanted[i].count;
    if (size < kVersionsAtATime) continue;
    TRY(check_versions_of(buckets));
    buckets.assign(kBuckets, false);
    size = 0;
  }
  return size == 0 ? Result<>() : check_versions_of(buckets);
}

/// Each version stands once in `log`, and `log` has no others.
Result<> Verifier::check_log() {
  progress("log", 0, 0);
  auto rows = connection_.query(
      "SELECT vsn FROM log WHERE rid<>0 AND NOT EXISTS (SELECT 1 FROM res WHERE "
      "res.rid=log.rid AND res.ver=log.ver AND res.tid=log.tid AND res.upd=log.upd) AND NOT "
      "EXISTS (SELECT 1 FROM hist JOIN res ON res.rid=hist.rid WHERE hist.rid=log.rid AND "
      "hist.ver=log.ver AND hist.upd=log.upd AND res.tid=log.tid)");
  while (TRY(rows.next()))
    TRY(found("log", 0, "a row is too many", [number = rows.integer(0)](Applier& applier) {
      return applier.connection().execute("DELETE FROM log WHERE vsn=?", number);
    }));
  return check_logged_versions();
}

}  // namespace sinew::store::sqlite
