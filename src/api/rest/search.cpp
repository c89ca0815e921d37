#include <algorithm>
#include <array>

#include "api/rest/context.h"
#include "api/rest/outcome.h"
#include "api/rest/page_url.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;

struct TotalRow {
  std::string_view name;
  bool wanted;
};
/// Source: FHIR R4 search.html#total. An estimate would cost as much, so it is exact.
constexpr auto kTotals = std::to_array<TotalRow>({
    {"none", false},
    {"estimate", true},
    {"accurate", true},
});

/// Takes out what the page is about and leaves what it is to match.
struct Paging {
  std::string cursor;
  bool want_total = true;
};

Result<Paging> take_paging(Parameters& parameters) {
  Paging paging;
  for (auto const& [name, value] : parameters) {
    if (name == kCursorParameter) {
      paging.cursor = value;
    } else if (name == "_total") {
      auto const* const row = std::ranges::find(kTotals, value, &TotalRow::name);
      if (row == kTotals.end()) return fail(ErrorCode::invalid, "unknown value", "_total");
      paging.want_total = row->wanted;
    }
  }
  std::erase_if(parameters, [](auto const& parameter) {
    return parameter.first == kCursorParameter || parameter.first == "_total";
  });
  return paging;
}

void write_entry(json::Writer& writer, store::Resource const& resource, std::string_view base,
                 std::string_view mode) {
  writer.begin_object();
  writer.member("fullUrl", std::string(base) + '/' + resource.type + '/' + resource.id);
  writer.key("resource");
  writer.raw(resource.body);
  writer.key("search");
  writer.begin_object();
  writer.member("mode", mode);
  writer.end_object();
  writer.end_object();
}

/// Source: FHIR R4 bundle.html#searchset, http.html#paging.
std::string searchset(store::SearchPage const& page, std::string_view base, std::string const& url,
                      Paging const& paging, std::vector<std::string> const& ignored) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "Bundle");
  writer.member("type", "searchset");
  if (page.total) {
    writer.key("total");
    writer.integer(static_cast<std::int64_t>(*page.total));
  }
  writer.key("link");
  writer.begin_array();
  write_link(writer, "self", with_cursor(url, paging.cursor));
  if (!page.next.empty()) write_link(writer, "next", with_cursor(url, page.next));
  writer.end_array();
  if (!page.matches.empty() || !ignored.empty()) {
    writer.key("entry");
    writer.begin_array();
    for (auto const& match : page.matches) write_entry(writer, match, base, "match");
    for (auto const& included : page.included) write_entry(writer, included, base, "include");
    write_ignored(writer, ignored, EntryOf::search);
    writer.end_array();
  }
  writer.end_object();
  return out;
}

/// A parameter that is unknown or cannot be read is the caller's mistake: it is named, and nothing
/// is answered that looks like a result.
Answer refuse_search(Error const& error) {
  bool const is_callers = error.code == ErrorCode::invalid || error.code == ErrorCode::malformed ||
                          error.code == ErrorCode::not_supported;
  return is_callers ? refuse(kBadRequest, error) : refuse(error);
}

/// What every type is searched by beside its own parameters. Sorted.
/// Source: FHIR R4 search.html#Summary.
constexpr auto kCommonParameters = std::to_array<std::string_view>(
    {"_content", "_count", "_has", "_include", "_list", "_revinclude", "_sort", "_text", "_total"});
static_assert(std::ranges::is_sorted(kCommonParameters));

/// The parameter that a refusal names, when the definitions do not know it either: one that is
/// known was used wrongly, and that is never ignored.
Parameters::const_iterator unknown_parameter(Error const& error, std::string_view type,
                                             Parameters const& parameters) {
  if (error.code != ErrorCode::invalid && error.code != ErrorCode::not_supported) {
    return parameters.end();
  }
  auto const known = fhir::search_parameters(fhir::find_type(type));
  return std::ranges::find_if(parameters, [&](auto const& parameter) {
    auto const head = parameter.first.substr(0, parameter.first.find_first_of(":."));
    bool const is_named = error.where == parameter.first || error.where == head;
    return is_named && !std::ranges::binary_search(kCommonParameters, head) &&
           std::ranges::none_of(
               known, [&](auto const& row) { return std::string_view(row.code) == head; });
  });
}

/// What was found, and what was left out of the question.
struct Found {
  store::SearchPage page;
  std::vector<std::string> ignored;
  bool is_count = false;
};

Result<Found> find_page(Context const& context, Call const& call, Parameters const& parameters,
                        Paging const& paging) {
  auto query = TRY(store::parse_search(call.type, query_string(parameters)));
  query.cursor = paging.cursor;
  query.want_total = paging.want_total;
  query.count = std::min(query.count, context.options.page_max);
  Found found;
  // "If _count has the value 0, this shall be treated the same as _summary=count"
  found.is_count = call.presentation.summary == Summary::count || query.count == 0;
  if (found.is_count) {
    query.count = 1;
    query.want_total = true;
    query.include.clear();
    query.revinclude.clear();
  }
  found.page = TRY(context.store.search(query));
  if (found.is_count) found.page = store::SearchPage{{}, {}, found.page.total, {}};
  return found;
}

/// With handling=lenient, unknown parameters are left out one by one as the store names them.
Result<Found> find_leniently(Context const& context, Call const& call, Parameters& parameters,
                             Paging const& paging) {
  std::vector<std::string> ignored;
  for (;;) {
    auto found = find_page(context, call, parameters, paging);
    if (found) {
      found->ignored = std::move(ignored);
      return found;
    }
    if (call.presentation.handling != Handling::lenient) return found;
    auto const unknown = unknown_parameter(found.error(), call.type, parameters);
    if (unknown == parameters.end()) return found;
    auto const name = unknown->first;
    std::erase_if(parameters, [&](auto const& parameter) { return parameter.first == name; });
    ignored.push_back(name);
  }
}

}  // namespace

/// Source: FHIR R4 http.html#search, search.html.
Result<Answer> search(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto parameters = call.parameters;
  auto const paging = take_paging(parameters);
  if (!paging) return refuse_search(paging.error());
  auto const found = find_leniently(context, call, parameters, *paging);
  if (!found) return refuse_search(found.error());
  auto const url = page_url(call.base + '/' + call.type, parameters, call.presentation);
  Answer answer;
  answer.body = searchset(found->page, call.base, url, *paging, found->ignored);
  return answer;
}

}  // namespace sinew::rest
