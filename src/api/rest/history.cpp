#include <algorithm>
#include <array>
#include <utility>

#include "api/rest/bundle_writer.h"
#include "api/rest/context.h"
#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "api/rest/page_url.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"
#include "json/write.h"
#include "store/search_value.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;

Failure unreadable(std::string_view parameter) {
  return fail(ErrorCode::invalid, "a value that cannot be read", std::string(parameter));
}

/// What the store is asked, and what the links repeat.
struct HistoryCall {
  store::HistoryQuery query;
  Parameters shown;
  std::vector<std::string> ignored;
};

Result<> take_count(HistoryCall& into, std::string_view value) {
  auto const count = parse_integer<std::size_t>(value);
  if (!count) return unreadable("_count");
  into.query.count = *count;
  return {};
}

/// "Only include resource versions that were created at or after the given instant in time"
Result<> take_since(HistoryCall& into, std::string_view value) {
  auto const interval = fhir::date_interval(value);
  if (!interval) return unreadable("_since");
  into.query.since = Instant{interval->first};
  return {};
}

Result<> take_at(HistoryCall& into, std::string_view value) {
  auto const interval = fhir::date_interval(value);
  if (!interval) return unreadable("_at");
  into.query.at_low = Instant{interval->first};
  auto& before = into.query.at_before;  // `_asOf` may have set an earlier one
  before = Instant{before ? std::min(before->ms, interval->second) : interval->second};
  return {};
}

/// Source: FHIR R5 http.html#history, `_sort`; R4 knows only the newest first.
Result<> take_sort(HistoryCall& into, std::string_view value) {
  if (value != "_lastUpdated" && value != "-_lastUpdated" && value != "none") {
    return unreadable("_sort");
  }
  into.query.oldest_first = value == "_lastUpdated";
  return {};
}

/// The history as a reader at that instant would have seen it: without what came later.
Result<> take_as_of(HistoryCall& into, std::string_view value) {
  auto const until = Instant{TRY(store::read_instant(value, store::kAsOfParameter)).ms + 1};
  auto& before = into.query.at_before;
  before = before && before->ms < until.ms ? *before : until;
  return {};
}

Result<> take_cursor(HistoryCall& into, std::string_view value) {
  into.query.cursor = value;
  return {};
}

struct ParameterRow {
  std::string_view name;
  Result<> (*take)(HistoryCall&, std::string_view value);
};
constexpr auto kParameters = std::to_array<ParameterRow>({
    {"_count", take_count},
    {"_since", take_since},
    {"_at", take_at},
    {"_sort", take_sort},
    {store::kAsOfParameter, take_as_of},
    {kCursorParameter, take_cursor},
});

Result<HistoryCall> history_call(Context const& context, Call const& call) {
  HistoryCall asked;
  asked.query.type = call.type;
  asked.query.id = call.id;
  for (auto const& [name, value] : call.parameters) {
    if (value.empty()) continue;
    auto const* const row = std::ranges::find(kParameters, name, &ParameterRow::name);
    if (row == kParameters.end()) {
      if (call.presentation.handling == Handling::lenient) {
        asked.ignored.push_back(name);
        continue;
      }
      return fail(ErrorCode::invalid, "no parameter of history", name);
    }
    TRY(row->take(asked, value));
    if (name != kCursorParameter) asked.shown.emplace_back(name, value);
  }
  asked.query.count = std::min(asked.query.count, context.options.page_max);
  return asked;
}

std::string_view method_of(store::Resource const& version) {
  if (version.deleted) return "DELETE";
  return version.version == 1 ? "POST" : "PUT";
}

/// What an entry holds beside the resource. Source: FHIR R4 http.html#history.
std::string members_of(store::Resource const& version) {
  auto const url = version.type + '/' + version.id;
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.key("request");
  writer.begin_object();
  writer.member("method", method_of(version));
  writer.member("url", method_of(version) == "POST" ? version.type : url);
  writer.end_object();
  writer.key("response");
  writer.begin_object();
  writer.member("status", status_line(version.deleted ? 204 : version.version == 1 ? 201 : 200));
  writer.member("etag", entity_tag(version.version));
  writer.member("lastModified", to_string(version.updated));
  writer.end_object();
  return text.substr(1);  // of an object that began before
}

/// Writes a page of versions.
class VersionsSource final : public BundleSource {
 public:
  VersionsSource(std::string const& base, std::string const& url, HistoryCall asked,
                 store::HistoryPage page)
      : BundleSource(base), ignored_(std::move(asked.ignored)), page_(std::move(page)) {
    head_.type = "history";
    head_.total = page_.total;
    head_.links = {{"self", with_cursor(url, asked.query.cursor)}, {"first", url}};
    if (!page_.next.empty()) head_.links.push_back({"next", with_cursor(url, page_.next)});
  }

  Result<bool> write_next(BundleWriter& writer) override {
    if (is_first_) writer.begin(head_);
    is_first_ = false;
    auto& versions = page_.versions;
    while (at_ < versions.size() && writer.size() < kPieceBytes) {
      auto const version = std::exchange(versions[at_++], {});
      writer.add_version(version, members_of(version));
    }
    if (at_ < versions.size()) return true;
    if (!ignored_.empty()) writer.add_outcome(ignored_outcome(ignored_));
    writer.end();
    return false;
  }

 private:
  std::vector<std::string> ignored_;
  store::HistoryPage page_;
  BundleHead head_;
  std::size_t at_ = 0;
  bool is_first_ = true;
};

std::string url_of(HistoryCall const& asked, Call const& call) {
  auto url = call.base;
  for (auto const& part : {call.type, call.id}) {
    if (!part.empty()) url += '/' + part;
  }
  return page_url(url + "/_history", asked.shown, call.presentation);
}

}  // namespace

/// History of a resource, of a type, of everything. Source: FHIR R4 http.html#history.
Result<Answer> history(Context const& context, Call const& call) {
  if (!call.type.empty()) TRY(check_type(call.type));
  auto asked = history_call(context, call);
  if (!asked) return refuse(kBadRequest, asked.error());
  bool const is_count = asked->query.count == 0 || call.presentation.summary == Summary::count;
  if (is_count) asked->query.count = 1;
  auto page = context.store.history_page(asked->query);
  if (!page) {
    auto const& error = page.error();
    return error.code == ErrorCode::invalid ? refuse(kBadRequest, error) : refuse(error);
  }
  if (is_count) *page = store::HistoryPage{{}, page->total, {}};
  Answer answer;
  auto const url = url_of(*asked, call);
  answer.source =
      std::make_shared<VersionsSource>(call.base, url, *std::move(asked), *std::move(page));
  return answer;
}

}  // namespace sinew::rest
