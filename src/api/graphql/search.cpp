#include "api/graphql/search.h"

#include <algorithm>
#include <array>

#include "api/graphql/check.h"
#include "api/rest/page_url.h"
#include "base/text.h"

namespace sinew::graphql {
namespace {

constexpr std::size_t kPageSizeDefault = 50;
constexpr std::size_t kTrailMax = 64;  ///< pages that a cursor leads back
constexpr char kCursorSeparator = ':';
constexpr char kTrailSeparator = ',';

/// What is asked, without what is about pages.
struct Question {
  rest::Parameters parameters;
  std::optional<std::size_t> count;
  std::size_t offset = 0;
  std::string cursor;
};

/// A value of a search, with the comma that would begin another one escaped: values of an array are
/// alternatives, a comma within one is not.
std::string escaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      out += value[i++];
    } else if (value[i] == ',') {
      out += '\\';
    }
    out += value[i];
  }
  return out;
}

/// Whether commas of the value mean what they mean in REST.
bool keeps_commas(std::string_view parameter) {
  return parameter == "_sort" || parameter == "_filter";
}

Result<std::size_t> number(Argument const& argument, std::vector<Variables::Text> const& texts) {
  auto const value = texts.size() == 1 ? parse_integer<std::size_t>(texts[0].text) : std::nullopt;
  if (!value) return fail_at(argument.at, "'" + argument.name + "' is a whole number");
  return *value;
}

Result<> read_reference(SearchField const& asked, Argument const& argument,
                        std::vector<Variables::Text> const& texts, Question& question) {
  auto const known =
      texts.size() == 1 ? find_search_argument(asked.field.type.id, texts[0].text) : std::nullopt;
  if (!known || !known->is_reference) {
    return fail_at(argument.at, "'_reference' names a parameter that is a reference");
  }
  question.parameters.emplace_back(known->parameter, asked.target);
  return {};
}

Result<> read_argument(SearchField const& asked, Argument const& argument, Question& question) {
  auto const& name = argument.name;
  if (name == "fhirpath") return {};  // what was found is filtered by it
  auto const texts = TRY(asked.variables.texts(asked.document, argument));
  if (texts.empty()) return {};
  if (is_cursor_argument(name)) {
    question.cursor = texts[0].text;
  } else if (name == "_count") {
    question.count = TRY(number(argument, texts));
  } else if (name == "_offset") {
    question.offset = TRY(number(argument, texts));
  } else if (name == "_reference") {
    return read_reference(asked, argument, texts, question);
  } else {
    auto const known = find_search_argument(asked.field.type.id, name);
    if (!known) return fail_at(argument.at, "no such search parameter: '" + name + "'");
    std::string value;
    for (auto const& text : texts) {
      if (!value.empty()) value += ',';
      value += keeps_commas(known->parameter) ? text.text : escaped(text.text);
    }
    question.parameters.emplace_back(known->parameter, value);
  }
  return {};
}

Result<Question> read_question(SearchField const& asked) {
  Question question;
  for (auto const& argument : asked.selection.arguments) {
    TRY(read_argument(asked, argument, question));
  }
  return question;
}

/// The store's refusal names a parameter; the client has to find it in the query.
Failure at_field(SearchField const& asked, Error const& error) {
  auto const where = error.where.empty() ? "" : error.where + ": ";
  return fail_at(asked.selection.at, where + error.what, error.code);
}

Result<store::SearchPage> find(rest::Context const& context, SearchField const& asked,
                               store::Query const& query) {
  auto found = context.store.search(query);
  if (!found) return at_field(asked, found.error());
  return found;
}

Result<store::Query> query_of(SearchField const& asked, std::string_view text) {
  auto query = store::parse_search(fhir::type(asked.field.type.id).name.view(), text);
  if (!query) return at_field(asked, query.error());
  return query;
}

Result<> take(std::vector<store::Resource>& matches, std::size_t from, Page& page) {
  for (; from < matches.size(); ++from) {
    page.resources.push_back(TRY(json::Document::parse(std::move(matches[from].body))));
  }
  return {};
}

/// Where a page stands: `<offset>:<size>:<the store's cursors>:<the question>`. The cursors are
/// those of the pages from the second to this one, so that there is a way back.
struct Place {
  std::size_t offset = 0, size = 0;
  std::vector<std::string> trail;
  std::string question;

  [[nodiscard]] std::string text() const {
    auto made = std::to_string(offset) + kCursorSeparator + std::to_string(size);
    auto separator = kCursorSeparator;
    for (auto const& cursor : trail) {
      made += separator + cursor;
      separator = kTrailSeparator;
    }
    if (trail.empty()) made += kCursorSeparator;
    return made + kCursorSeparator + question;
  }

  [[nodiscard]] Place after(std::string cursor) const {
    auto next = *this;
    next.offset += size;
    next.trail.push_back(std::move(cursor));
    if (next.trail.size() > kTrailMax) next.trail.erase(next.trail.begin());
    return next;
  }

  /// Nothing where the way back is forgotten, and before the first page.
  [[nodiscard]] std::optional<Place> before() const {
    bool const is_second = trail.size() == 1 && offset == size;
    if (trail.size() < 2 && !is_second) return {};
    auto former = *this;
    former.offset -= std::min(size, offset);
    former.trail.pop_back();
    return former;
  }
};

std::optional<Place> read_place(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (auto& part : parts) {
    auto const end = text.find(kCursorSeparator);
    if (end == std::string_view::npos) return {};
    part = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  auto const offset = parse_integer<std::size_t>(parts[0]);
  auto const size = parse_integer<std::size_t>(parts[1]);
  if (!offset || !size || *size == 0) return {};
  Place place{*offset, *size, {}, std::string(text)};
  if (parts[2].empty()) return place;
  for (auto const cursor : split(parts[2], kTrailSeparator)) place.trail.emplace_back(cursor);
  if (place.trail.size() > kTrailMax) return {};
  return place;
}

}  // namespace

Result<Page> search_list(rest::Context const& context, SearchField const& asked) {
  auto const question = TRY(read_question(asked));
  auto query = TRY(query_of(asked, rest::query_string(question.parameters)));
  auto const wanted = question.count.value_or(kListMax);
  query.want_total = false;
  query.count = std::min(wanted + question.offset, context.options.page_max);
  Page page;
  std::vector<store::Resource> matches;
  for (;;) {
    auto found = TRY(find(context, asked, query));
    std::ranges::move(found.matches, std::back_inserter(matches));
    query.cursor = std::move(found.next);
    bool const is_enough = question.count && matches.size() >= wanted + question.offset;
    if (query.cursor.empty() || is_enough) break;
    if (matches.size() >= kListMax) {
      return fail_at(asked.selection.at,
                     "more than " + std::to_string(kListMax) +
                         " resources match: ask for pages of a Connection, or say _count",
                     ErrorCode::too_large);
    }
  }
  if (question.count && matches.size() > wanted + question.offset) {
    matches.resize(wanted + question.offset);
  }
  TRY(take(matches, question.offset, page));
  return page;
}

Result<Page> search_connection(rest::Context const& context, SearchField const& asked) {
  auto const question = TRY(read_question(asked));
  if (question.offset != 0) {
    return fail_at(asked.selection.at, "a Connection is gone through by its cursors");
  }
  Place place;
  place.size = std::min(question.count.value_or(kPageSizeDefault), context.options.page_max);
  place.question = rest::query_string(question.parameters);
  if (!question.cursor.empty()) {
    auto read = read_place(question.cursor);
    if (!read || !question.parameters.empty()) {
      return fail_at(asked.selection.at, read ? "a cursor stands alone: it holds the search"
                                              : "not a cursor that was given out here");
    }
    place = *std::move(read);
    place.size = std::min(place.size, context.options.page_max);
  }
  auto query = TRY(query_of(asked, place.question));
  query.include.clear();
  query.revinclude.clear();
  query.count = std::max<std::size_t>(place.size, 1);
  if (!place.trail.empty()) query.cursor = place.trail.back();
  auto found = TRY(find(context, asked, query));
  Page page;
  page.offset = place.offset;
  page.size = place.size;
  page.total = found.total.value_or(found.matches.size());
  if (place.size == 0) {
    found.matches.clear();
    found.next.clear();
  }
  page.first = Place{0, place.size, {}, place.question}.text();
  if (auto const former = place.before()) page.previous = former->text();
  if (!found.next.empty()) page.next = place.after(std::move(found.next)).text();
  TRY(take(found.matches, 0, page));
  return page;
}

}  // namespace sinew::graphql
