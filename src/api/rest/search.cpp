#include <algorithm>
#include <array>

#include "api/rest/context.h"
#include "api/rest/outcome.h"
#include "base/text.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;
constexpr std::string_view kCursor = "_cursor";

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

std::string query_string(Parameters const& parameters) {
  std::string out;
  for (auto const& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += net::percent_encode(name) + '=' + net::percent_encode(value);
  }
  return out;
}

/// What the search shows of its presentation, so that pages keep it.
void append_presentation(std::string& query, Presentation const& presentation) {
  auto const append = [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query.append(name).append("=").append(value);
  };
  if (presentation.format == Format::xml) append("_format", "xml");
  if (presentation.pretty) append("_pretty", "true");
  if (presentation.summary == Summary::summary) append("_summary", "true");
  if (presentation.summary == Summary::text) append("_summary", "text");
  if (presentation.summary == Summary::data) append("_summary", "data");
  if (presentation.summary == Summary::count) append("_summary", "count");
  if (!presentation.elements.empty()) {
    std::string names;
    for (auto const& element : presentation.elements) {
      if (!names.empty()) names += ',';
      names += net::percent_encode(element);
    }
    append("_elements", names);
  }
}

/// Takes out what the page is about and leaves what it is to match.
struct Paging {
  std::string cursor;
  bool want_total = true;
};

Result<Paging> take_paging(Parameters& parameters) {
  Paging paging;
  for (auto const& [name, value] : parameters) {
    if (name == kCursor) {
      paging.cursor = value;
    } else if (name == "_total") {
      auto const* const row = std::ranges::find(kTotals, value, &TotalRow::name);
      if (row == kTotals.end()) return fail(ErrorCode::invalid, "unknown value", "_total");
      paging.want_total = row->wanted;
    }
  }
  std::erase_if(parameters, [](auto const& parameter) {
    return parameter.first == kCursor || parameter.first == "_total";
  });
  return paging;
}

void write_link(json::Writer& writer, std::string_view relation, std::string_view url) {
  writer.begin_object();
  writer.member("relation", relation);
  writer.member("url", url);
  writer.end_object();
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

std::string with_cursor(std::string url, std::string_view cursor) {
  if (cursor.empty()) return url;
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url.append(kCursor).append("=").append(net::percent_encode(cursor));
}

/// Source: FHIR R4 bundle.html#searchset, http.html#paging.
std::string searchset(store::SearchPage const& page, std::string_view base, std::string const& url,
                      Paging const& paging) {
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
  if (!page.matches.empty()) {
    writer.key("entry");
    writer.begin_array();
    for (auto const& match : page.matches) write_entry(writer, match, base, "match");
    for (auto const& included : page.included) write_entry(writer, included, base, "include");
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

}  // namespace

/// Source: FHIR R4 http.html#search, search.html.
Result<Answer> search(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto parameters = call.parameters;
  auto const paging = take_paging(parameters);
  if (!paging) return refuse_search(paging.error());
  auto shown = query_string(parameters);
  auto query = store::parse_search(call.type, shown);
  if (!query) return refuse_search(query.error());
  query->cursor = paging->cursor;
  query->want_total = paging->want_total;
  query->count = std::min(query->count, context.options.page_max);
  // "If _count has the value 0, this shall be treated the same as _summary=count"
  bool const is_count = call.presentation.summary == Summary::count || query->count == 0;
  if (is_count) {
    query->count = 1;
    query->want_total = true;
    query->include.clear();
    query->revinclude.clear();
  }
  auto page = context.store.search(*query);
  if (!page) return refuse_search(page.error());
  if (is_count) *page = store::SearchPage{{}, {}, page->total, {}};

  append_presentation(shown, call.presentation);
  auto url = call.base + '/' + call.type;
  if (!shown.empty()) url += '?' + shown;
  Answer answer;
  answer.body = searchset(*page, call.base, url, *paging);
  return answer;
}

}  // namespace sinew::rest
