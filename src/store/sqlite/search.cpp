#include "store/sqlite/search.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "store/sqlite/include.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/order.h"
#include "store/sqlite/ordered_walk.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

using Page = std::vector<std::pair<std::int64_t, Resource>>;

/// Where a page ended. Everything the next one needs; the server keeps nothing.
///
/// Resources born after `snapshot` are not shown on later pages, so a growing store repeats
/// nothing; those deleted meanwhile are missing, those changed show their new version.
struct PageMark {
  std::int64_t snapshot = 0;  ///< the last version when the first page was read
  std::int64_t last = 0;      ///< the resource that ended the page
  std::optional<std::uint64_t> total;
};

std::string print_mark(PageMark const& mark) {
  return std::to_string(mark.snapshot) + "-" + std::to_string(mark.last) + "-" +
         (mark.total ? std::to_string(*mark.total) : "");
}

Result<PageMark> read_mark(std::string_view cursor) {
  auto const parts = split(cursor, '-');
  if (parts.size() == 3) {
    auto const snapshot = parse_integer<std::int64_t>(parts[0]);
    auto const last = parse_integer<std::int64_t>(parts[1]);
    auto const total = parse_integer<std::uint64_t>(parts[2]);
    if (snapshot && last && *last > 0 && (total || parts[2].empty()))
      return PageMark{*snapshot, *last, total};
  }
  return fail(ErrorCode::invalid, "not a cursor of this server", "_cursor");
}

/// True when the resource already lived at the snapshot.
Result<bool> was_born(Connection& connection, std::int64_t rid, std::int64_t snapshot) {
  return TRY(connection.integer(INT64_MAX, "SELECT born FROM res WHERE rid=?", rid)) <= snapshot;
}

/// Takes one page from the front of `rids`. `more`: others come after it.
Result<Page> take_page(SearchContext& context, Rids const& rids, std::size_t count,
                       PageMark const& mark, bool is_first, bool& more) {
  Page page;
  for (auto const rid : rids) {
    if (!is_first && !TRY(was_born(context.connection, rid, mark.snapshot))) continue;
    if (page.size() == count) {
      more = true;
      return page;
    }
    page.emplace_back(rid, TRY(load_resource(context.connection, context.catalogue, rid)));
  }
  return page;
}

/// The common question without criteria and sort keys: the newest of a type. Reads one page of
/// the list instead of the list.
Result<Rids> newest_live(SearchContext& context, TypeKey type, std::int64_t before,
                         std::size_t count) {
  Rids rids;
  TRY(collect(context.connection, rids,
              "SELECT rid FROM live WHERE tid=? AND rid<? ORDER BY rid DESC LIMIT ?", type, before,
              count));
  return rids;
}

struct Ordered {
  Rids rids;
  std::uint64_t total = 0;
};

Result<Ordered> find_and_order(SearchContext& context, Query const& query, std::int64_t after) {
  Ordered ordered;
  if (query.criteria.empty() && query.sort.empty() && after == 0) {
    auto const type = context.catalogue.type_key(query.type);
    if (!type) return fail(ErrorCode::invalid, "not a FHIR resource type", query.type);
    ordered.total = static_cast<std::uint64_t>(
        TRY(context.connection.integer(0, "SELECT live FROM tally WHERE tid=?", *type)));
    ordered.rids = TRY(newest_live(context, *type, INT64_MAX, query.count + 1));
    return ordered;
  }
  if (query.criteria.size() == 1 && query.sort.empty() && after == 0) {
    auto newest = TRY(newest_of_one_list(context, query.type, query.criteria.front(), INT64_MAX,
                                         query.count + 1, query.want_total));
    if (newest) return Ordered{std::move(newest->rids), newest->total};
  }
  auto matches = TRY(find_matches(context, query.type, query.criteria));
  ordered.total = matches.size();
  if (after == 0 && query.sort.size() == 1 && matches.size() > kWorthWalking) {
    auto first =
        TRY(first_in_order(context, query.type, matches, query.sort.front(), query.count + 1));
    if (first) return ordered.rids = std::move(*first), ordered;
  }
  ordered.rids = TRY(in_order(context, query.type, std::move(matches), query.sort, after));
  return ordered;
}

}  // namespace

Result<SearchPage> run_search(Connection& connection, Catalogue const& catalogue, Clock& clock,
                              Query const& query) {
  SearchContext context{connection, catalogue, clock.now()};
  PageMark mark;
  bool const is_first = query.cursor.empty();
  if (is_first)
    mark.snapshot = TRY(connection.integer(0, "SELECT max(vsn) FROM log"));
  else
    mark = TRY(read_mark(query.cursor));
  auto const ordered = TRY(find_and_order(context, query, mark.last));
  SearchPage answer;
  if (query.want_total) answer.total = mark.total ? *mark.total : ordered.total;
  bool more = false;
  auto page = TRY(take_page(context, ordered.rids, query.count, mark, is_first, more));
  if (more && !page.empty()) {
    mark.last = page.back().first;
    mark.total = answer.total;
    answer.next = print_mark(mark);
  }
  answer.included = TRY(included_resources(context, query, page));
  for (auto& [rid, resource] : page) answer.matches.push_back(std::move(resource));
  return answer;
}

Result<std::vector<std::int64_t>> find_up_to_two(Connection& connection, Catalogue const& catalogue,
                                                 Clock& clock, std::string_view type,
                                                 std::string const& query) {
  constexpr std::size_t kEnoughToTellApart = 2;  // none, one, several
  auto const parsed = TRY(parse_search(type, query));
  if (parsed.criteria.empty())
    return fail(ErrorCode::invalid, "the condition has no search parameter", std::string(type));
  SearchContext context{connection, catalogue, clock.now()};
  auto rids = TRY(find_matches(context, type, parsed.criteria));
  if (rids.size() > kEnoughToTellApart) rids.resize(kEnoughToTellApart);
  return rids;
}

}  // namespace sinew::store::sqlite
