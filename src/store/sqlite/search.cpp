#include "store/sqlite/search.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "store/search_value.h"
#include "store/sqlite/applying.h"
#include "store/sqlite/contained.h"
#include "store/sqlite/include.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/order.h"
#include "store/sqlite/ordered_walk.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

using Page = std::vector<std::pair<std::int64_t, Resource>>;

/// Where a page ended. Everything the next one needs; the server keeps nothing, so it never ends.
/// Later pages show what the first one would have shown had it been long enough: what changed
/// since is judged, sorted and shown as it was (see past.h).
struct PageMark {
  std::int64_t snapshot = 0;  ///< the last version when the first page was read
  std::int64_t last = 0;      ///< the resource that ended the page
  std::uint64_t place = 0;    ///< which of those inside of it; 0: itself
  std::optional<std::uint64_t> total;
};

/// A mark holds for the search it was given for, and only from this store: what else a client
/// writes there is refused. The key never leaves the database.
Result<std::string> signature_of(Connection& connection, Query const& query,
                                 std::string const& mark) {
  auto const identity = TRY(connection.integer(0, "SELECT identity FROM store LIMIT 1"));
  std::string text = mark + "\n" + query.type + "\n";
  for (auto const& type : query.types) text += type + ",";
  for (auto const& criterion : query.criteria) {
    text += criterion.parameter + ":" + criterion.modifier + "." + criterion.chain;
    for (auto const& value : criterion.values) text += "=" + value;
    text += '\n';
  }
  if (query.as_of) text += "@" + std::to_string(query.as_of->ms) + "\n";
  if (query.contained != Contained::no)
    text += std::string("#") + (query.contained == Contained::both ? "both" : "only") +
            (query.shows_contained ? " shown\n" : "\n");
  for (auto const& sort : query.sort) text += (sort.descending ? "-" : "+") + sort.parameter;
  return keyed_mark(identity, text);
}

Result<std::string> print_mark(Connection& connection, Query const& query, PageMark const& mark) {
  auto const text = std::to_string(mark.snapshot) + "-" + std::to_string(mark.last) + "-" +
                    (mark.total ? std::to_string(*mark.total) : "") +
                    (mark.place != 0 ? "-" + std::to_string(mark.place) : "");
  return text + "-" + TRY(signature_of(connection, query, text));
}

Result<PageMark> read_mark(Connection& connection, Query const& query) {
  std::string_view const cursor = query.cursor;
  auto const parts = split(cursor, '-');
  if (parts.size() == 4 || parts.size() == 5) {
    auto const snapshot = parse_integer<std::int64_t>(parts[0]);
    auto const last = parse_integer<std::int64_t>(parts[1]);
    auto const total = parse_integer<std::uint64_t>(parts[2]);
    auto const place = parse_integer<std::uint64_t>(parts.size() == 5 ? parts[3] : "0");
    auto const text = std::string(cursor.substr(0, cursor.rfind('-')));
    bool const is_ours = parts.back() == TRY(signature_of(connection, query, text));
    if (is_ours && snapshot && last && place && (total || parts[2].empty()))
      return PageMark{*snapshot, *last, *place, total};
  }
  return fail(ErrorCode::invalid, "not a cursor of this search on this server", "_cursor");
}

/// Takes one page from the front of `rids`. `more`: others come after it.
Result<Page> take_page(SearchContext& context, Rids const& rids, std::size_t count, bool& more) {
  Page page;
  for (auto const rid : rids) {
    if (page.size() == count) {
      more = true;
      return page;
    }
    page.emplace_back(rid, TRY(resource_of(context, rid)));
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

/// The types that a search is about. Of all types those that have, or have had, resources.
Result<std::vector<std::string>> types_of(SearchContext& context, Query const& query) {
  if (!query.type.empty()) return std::vector<std::string>{query.type};
  if (!query.types.empty()) return query.types;
  std::vector<std::string> types;
  auto rows = context.connection.query("SELECT tid FROM tally");
  while (TRY(rows.next())) types.emplace_back(context.catalogue.type_name(rows.integer(0)));
  return types;
}

struct Ordered {
  Rids rids;
  std::uint64_t total = 0;
};

Result<Ordered> find_and_order(SearchContext& context, Query const& query, PageMark const& mark) {
  Ordered ordered;
  auto const after = mark.last;
  bool const is_plain = query.sort.empty() && context.then == nullptr && !query.type.empty();
  if (query.criteria.empty() && is_plain) {
    auto const type = context.catalogue.type_key(query.type);
    if (!type) return fail(ErrorCode::invalid, "not a FHIR resource type", query.type);
    ordered.total = static_cast<std::uint64_t>(
        TRY(context.connection.integer(0, "SELECT live FROM tally WHERE tid=?", *type)));
    ordered.rids = TRY(newest_live(context, *type, INT64_MAX, query.count + 1));
    return ordered;
  }
  if (query.criteria.size() == 1 && is_plain) {
    auto newest = TRY(newest_of_one_list(context, query.type, query.criteria.front(), INT64_MAX,
                                         query.count + 1, query.want_total));
    if (newest) return Ordered{std::move(newest->rids), newest->total};
  }
  Rids matches;
  for (auto const& type : TRY(types_of(context, query))) {
    auto found = TRY(find_matches(context, type, query.criteria));
    matches.insert(matches.end(), found.begin(), found.end());
  }
  if (query.type.empty()) sort_rids(matches);
  ordered.total = matches.size();
  if (context.then == nullptr && query.sort.size() == 1 && !query.type.empty() &&
      matches.size() > kWorthWalking) {
    auto first =
        TRY(first_in_order(context, query.type, matches, query.sort.front(), query.count + 1));
    if (first) return ordered.rids = std::move(*first), ordered;
  }
  ordered.rids = TRY(in_order(context, query.type, std::move(matches), query.sort, after));
  return ordered;
}

/// A page of matches of which some may be inside of others.
Result<SearchPage> page_of_contained(SearchContext& context, Query const& query, PageMark mark) {
  auto const found = TRY(find_contained(context, query, {mark.last, mark.place}));
  SearchPage answer;
  if (query.want_total) answer.total = mark.total ? *mark.total : found.total;
  for (auto const& match : found.in_order) {
    if (answer.matches.size() == query.count) break;
    answer.matches.push_back(TRY(shown_match(context, match)));
    mark.last = match.rid;
    mark.place = match.place;
  }
  if (answer.matches.empty() || answer.matches.size() == found.in_order.size()) return answer;
  mark.total = answer.total;
  answer.next = TRY(print_mark(context.connection, query, mark));
  return answer;
}

Result<SearchPage> search_within(SearchContext& context, Query const& query) {
  auto& connection = context.connection;
  PageMark mark;
  if (!query.cursor.empty())
    mark = TRY(read_mark(connection, query));
  else if (query.as_of)
    mark.snapshot = TRY(last_version_at(connection, *query.as_of));
  else
    mark.snapshot = TRY(connection.integer(0, "SELECT max(vsn) FROM log"));
  PastView then(mark.snapshot);
  if (query.as_of || !query.cursor.empty()) context.then = &then;
  if (query.contained != Contained::no) return page_of_contained(context, query, mark);
  auto const ordered = TRY(find_and_order(context, query, mark));
  SearchPage answer;
  if (query.want_total) answer.total = mark.total ? *mark.total : ordered.total;
  bool more = false;
  auto page = TRY(take_page(context, ordered.rids, query.count, more));
  if (more && !page.empty()) {
    mark.last = page.back().first;
    mark.total = answer.total;
    answer.next = TRY(print_mark(connection, query, mark));
  }
  answer.included = TRY(included_resources(context, query, page));
  for (auto& [rid, resource] : page) answer.matches.push_back(std::move(resource));
  return answer;
}

}  // namespace

Result<SearchPage> run_search(Connection& connection, Catalogue const& catalogue, Clock& clock,
                              Query const& query) {
  SearchCost cost(query.cost_max);
  cost.wants_plan = query.explain;
  auto const definitions = catalogue.definitions();
  fhir::SearchScope const scope(definitions->tables);
  SearchContext context{connection, catalogue, clock.now(), &cost, nullptr, definitions.get()};
  if (query.as_of && query.as_of->ms > context.now.ms)
    return fail(ErrorCode::invalid, "the instant lies ahead", std::string(kAsOfParameter));
  SearchCost::Counting const counting(cost, connection);
  auto answer = search_within(context, query);
  // The database says no more than that it was interrupted.
  if (!answer && cost.is_exceeded()) return cost.exceeded();
  if (answer && query.explain) {
    cost.note("cost: " + std::to_string(cost.steps()) + " steps of " +
              std::to_string(query.cost_max) + " allowed, " + std::to_string(cost.bodies()) +
              " bodies read to judge them");
    answer->plan = std::move(cost.plan);
  }
  return answer;
}

Result<std::vector<std::int64_t>> find_up_to_two(Connection& connection, Catalogue const& catalogue,
                                                 Clock& clock, std::string_view type,
                                                 std::string const& query) {
  constexpr std::size_t kEnoughToTellApart = 2;  // none, one, several
  auto const parsed = TRY(parse_search(type, query));
  if (parsed.criteria.empty())
    return fail(ErrorCode::invalid, "the condition has no search parameter", std::string(type));
  auto const definitions = catalogue.definitions();
  fhir::SearchScope const scope(definitions->tables);
  SearchCost cost(UINT64_MAX);  // a condition has to be decided
  SearchContext context{connection, catalogue, clock.now(), &cost, nullptr, definitions.get()};
  SearchCost::Counting const counting(cost, connection);
  auto rids = TRY(find_matches(context, type, parsed.criteria));
  if (rids.size() > kEnoughToTellApart) rids.resize(kEnoughToTellApart);
  return rids;
}

}  // namespace sinew::store::sqlite
