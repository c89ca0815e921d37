#include <algorithm>
#include <array>
#include <utility>

#include "api/rest/bundle_writer.h"
#include "api/rest/context.h"
#include "api/rest/outcome.h"
#include "api/rest/page_url.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/search_compartment.h"
#include "fhir/search_index.h"

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
    {"_asOf", "_contained", "_containedType", "_content", "_count", "_filter", "_has", "_include",
     "_list", "_query", "_revinclude", "_sort", "_text", "_total"});
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

/// Writes what was found. Source: FHIR R4 bundle.html#searchset, http.html#paging.
class FoundSource final : public BundleSource {
 public:
  FoundSource(std::string const& base, std::string const& url, Paging const& paging, Found found)
      : BundleSource(base), found_(std::move(found)) {
    head_.total = found_.page.total;
    head_.links.push_back({"self", with_cursor(url, paging.cursor)});
    auto const& next = found_.page.next;
    if (!next.empty()) head_.links.push_back({"next", with_cursor(url, next)});
  }

  Result<bool> write_next(BundleWriter& writer) override {
    auto& [matches, included, total, next, plan] = found_.page;
    if (is_first_) writer.begin(head_);
    is_first_ = false;
    if (!write_all(writer, matches, "match") || !write_all(writer, included, "include"))
      return true;
    if (!found_.ignored.empty()) writer.add_outcome(ignored_outcome(found_.ignored));
    if (!plan.empty()) writer.add_outcome(lines_json(plan));
    writer.end();
    return false;
  }

 private:
  /// False: the piece is full before they are. What is written is let go.
  bool write_all(BundleWriter& writer, std::vector<store::Resource>& resources,
                 std::string_view mode) {
    for (; at_ < resources.size(); ++at_) {
      if (writer.size() >= kPieceBytes) return false;
      writer.add(std::exchange(resources[at_], {}), mode);
    }
    resources.clear();
    at_ = 0;
    return true;
  }

  Found found_;
  BundleHead head_;
  std::size_t at_ = 0;
  bool is_first_ = true;
};

/// What a search is about, by its path.
struct Scope {
  std::string type;                ///< empty: `types`
  std::vector<std::string> types;  ///< of a compartment with `*`
  std::string compartment;         ///< "Patient/1"
  std::string path;                ///< below the base
};

void narrow(store::Query& query, Scope const& scope) {
  if (scope.compartment.empty()) return;
  store::Criterion member;
  member.parameter = store::kCompartmentParameter;
  member.values = {scope.compartment};
  query.criteria.push_back(std::move(member));
  if (!scope.type.empty()) return;
  if (query.types.empty()) query.types = scope.types;
}

Result<Found> find_page(Context const& context, Call const& call, Scope const& scope,
                        Parameters const& parameters, Paging const& paging) {
  auto query = TRY(store::parse_search(scope.type, query_string(parameters)));
  narrow(query, scope);
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
  if (found.is_count) found.page = store::SearchPage{{}, {}, found.page.total, {}, found.page.plan};
  return found;
}

/// With handling=lenient, unknown parameters are left out one by one as the store names them.
Result<Found> find_leniently(Context const& context, Call const& call, Scope const& scope,
                             Parameters& parameters, Paging const& paging) {
  std::vector<std::string> ignored;
  for (;;) {
    auto found = find_page(context, call, scope, parameters, paging);
    if (found) {
      found->ignored = std::move(ignored);
      return found;
    }
    if (call.presentation.handling != Handling::lenient) return found;
    auto const unknown = unknown_parameter(found.error(), scope.type, parameters);
    if (unknown == parameters.end()) return found;
    auto const name = unknown->first;
    std::erase_if(parameters, [&](auto const& parameter) { return parameter.first == name; });
    ignored.push_back(name);
  }
}

Result<Answer> answer_search(Context const& context, Call const& call, Scope const& scope) {
  auto parameters = call.parameters;
  auto const paging = take_paging(parameters);
  if (!paging) return refuse_search(paging.error());
  auto found = find_leniently(context, call, scope, parameters, *paging);
  if (!found) return refuse_search(found.error());
  auto const base = scope.path.empty() ? call.base : call.base + '/' + scope.path;
  Answer answer;
  answer.source = std::make_shared<FoundSource>(
      call.base, page_url(base, parameters, call.presentation), *paging, *std::move(found));
  return answer;
}

}  // namespace

/// Source: FHIR R4 http.html#search, search.html.
Result<Answer> search(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  return answer_search(context, call, {call.type, {}, {}, call.type});
}

/// Source: FHIR R4 http.html#search, "search across all resource types".
Result<Answer> search_system(Context const& context, Call const& call) {
  return answer_search(context, call, {});
}

/// Source: FHIR R4 http.html#vsearch: "[base]/[Compartment]/[id]/{[type] or *}".
Result<Answer> search_compartment(Context const& context, Call const& call) {
  auto const types = fhir::compartment_types(call.type);
  if (types.empty())
    return fail(ErrorCode::not_found, "there is no compartment of this type", "url");
  Scope scope;
  scope.compartment = call.type + '/' + call.id;
  scope.path = scope.compartment + '/' + call.member;
  if (call.member == "*") {
    scope.types.assign(types.begin(), types.end());
    return answer_search(context, call, scope);
  }
  TRY(check_type(call.member));
  if (fhir::compartment_parameters(call.type, call.member).empty())
    return fail(ErrorCode::not_found, "no resources of this type belong to the compartment", "url");
  scope.type = call.member;
  return answer_search(context, call, scope);
}

}  // namespace sinew::rest
