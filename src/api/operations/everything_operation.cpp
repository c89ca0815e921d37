#include <algorithm>
#include <array>

#include "api/operations/everything.h"
#include "api/operations/registrations.h"
#include "api/rest/page_url.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"
#include "json/write.h"
#include "store/search_value.h"

namespace sinew::rest {
namespace {

/// Entries of an answer for which no `_count` was asked: "unless the client requests otherwise, the
/// server returns the entire result set in a single bundle", as far as memory goes.
constexpr std::size_t kEntriesUnaskedMax = 10'000;

Result<std::vector<std::string>> read_types(Arguments const& arguments) {
  std::vector<std::string> types;
  for (auto const list : arguments.texts("_type")) {
    for (auto const name : split(list, ',')) {
      if (!check_type(trim(name))) {
        return fail(ErrorCode::invalid, "no resource type of R4: '" + std::string(name) + "'",
                    "_type");
      }
      types.emplace_back(trim(name));
    }
  }
  return types;
}

/// An instant; a date is its beginning, as `_since` of the history has it. A blank in front of the
/// zone is the `+` that it was in the URL.
Result<Instant> read_since(std::string_view text) {
  auto repaired = std::string(text);
  std::ranges::replace(repaired, ' ', '+');
  auto const interval = fhir::date_interval(repaired);
  if (!interval) return fail(ErrorCode::invalid, "not an instant", "_since");
  return Instant{interval->first};
}

Result<EverythingQuestion> read_question(OperationCall const& asked) {
  auto const& arguments = asked.arguments;
  EverythingQuestion question;
  question.type = asked.call.type;
  question.id = asked.call.id;
  question.base = asked.call.base;
  question.types = TRY(read_types(arguments));
  question.count = kEntriesUnaskedMax;
  if (auto const count = arguments.text("_count"); !count.empty()) {
    auto const number = parse_integer<std::size_t>(count);
    if (!number) return fail(ErrorCode::invalid, "not a number of entries", "_count");
    question.count = std::min(*number, asked.context.options.page_max);
  }
  if (auto const since = arguments.text("_since"); !since.empty()) {
    question.since = TRY(read_since(since));
  }
  if (auto const as_of = arguments.text(store::kAsOfParameter); !as_of.empty()) {
    question.as_of = TRY(store::read_instant(as_of, store::kAsOfParameter));
  }
  auto const day = [&](std::string_view name) { return fhir::date_interval(arguments.text(name)); };
  if (auto const start = day("start")) question.from = start->first;
  if (auto const end = day("end")) question.before = end->second;
  return question;
}

/// What was asked, as the links of the pages repeat it.
Parameters shown(Arguments const& arguments) {
  Parameters parameters;
  for (auto const& argument : arguments.all()) {
    if (argument.name != kCursorParameter) parameters.emplace_back(argument.name, argument.text);
  }
  return parameters;
}

/// `<part>.<instant>.<skip>.<cursor or name>.<signature>`; only the fourth may hold dots.
constexpr std::size_t kHeadParts = 3;

Result<std::string> signed_text(store::Store& store, std::string const& question,
                                std::string const& text) {
  return text + "." + TRY(store.signature("everything\n" + question + "\n" + text));
}

Result<std::string> print_mark(store::Store& store, std::string const& question,
                               EverythingMark const& mark) {
  std::string text(1, static_cast<char>(mark.part));
  text += "." + std::to_string(mark.instant) + "." + std::to_string(mark.skip) + ".";
  text += mark.part == EverythingMark::Part::members ? mark.cursor : mark.last;
  return signed_text(store, question, text);
}

Result<EverythingMark> read_mark(store::Store& store, std::string const& question,
                                 std::string_view cursor) {
  auto const text = std::string(cursor.substr(0, cursor.rfind('.')));
  auto const parts = split(text, '.');
  if (parts.size() <= kHeadParts || TRY(signed_text(store, question, text)) != cursor) {
    return fail(ErrorCode::invalid, "not a cursor of this question on this server",
                std::string(kCursorParameter));
  }
  EverythingMark mark;
  mark.part = static_cast<EverythingMark::Part>(parts[0].front());
  mark.instant = parse_integer<std::int64_t>(parts[1]).value_or(0);
  mark.skip = parse_integer<std::size_t>(parts[2]).value_or(0);
  auto const rest = text.substr(static_cast<std::size_t>(parts[kHeadParts].data() - text.data()));
  (mark.part == EverythingMark::Part::members ? mark.cursor : mark.last) = rest;
  return mark;
}

struct Links {
  std::string self, next;
};

/// The text of a bundle, put together by hand.
/// OPTIMIZATION: a record is thousands of entries of one form; a writer that looks at every
/// character of it takes three times as long as the copy.
class BundleText {
 public:
  BundleText(EverythingPage const& page, std::string_view base) {
    constexpr std::size_t kFrameBytes = 200;  // of an entry, beside the resource
    std::string url;
    json::append_string(url, base);
    url.pop_back();
    head_ = R"({"fullUrl":)" + url + '/';
    std::size_t bytes = kFrameBytes * 10;
    for (auto const* list : {&page.members, &page.others}) {
      for (auto const& resource : *list) bytes += resource.body.size() + kFrameBytes + head_.size();
    }
    text_.reserve(bytes);
  }

  void begin(EverythingPage const& page, Links const& links) {
    json::Writer writer(text_);
    writer.begin_object();
    writer.member("resourceType", "Bundle");
    writer.member("type", "searchset");
    if (page.total) {
      writer.key("total");
      writer.integer(static_cast<std::int64_t>(*page.total));
    }
    writer.key("link");
    writer.begin_array();
    write_link(writer, "self", links.self);
    if (!links.next.empty()) write_link(writer, "next", links.next);
    writer.end_array();
  }

  /// Type and id hold no character that JSON would escape.
  void add(store::Resource const& resource, std::string_view mode) {
    separate();
    text_.append(head_).append(resource.type).append(1, '/').append(resource.id);
    text_.append(R"(","resource":)").append(resource.body);
    text_.append(R"(,"search":{"mode":")").append(mode).append(R"("}})");
  }

  void add_ignored(std::vector<std::string> const& names) {
    if (names.empty()) return;
    separate();
    json::Writer writer(text_);
    write_ignored(writer, names, EntryOf::search);
  }

  std::string end() {
    text_ += has_entries_ ? "]}" : "}";
    return std::move(text_);
  }

 private:
  void separate() {
    text_ += has_entries_ ? "," : R"(,"entry":[)";
    has_entries_ = true;
  }

  std::string text_, head_;
  bool has_entries_ = false;
};

std::string bundle_of(EverythingPage const& page, Links const& links, OperationCall const& asked) {
  BundleText text(page, asked.call.base);
  text.begin(page, links);
  for (auto const& member : page.members) text.add(member, "match");
  for (auto const& other : page.others) text.add(other, "include");
  text.add_ignored(asked.ignored);
  return text.end();
}

/// Says how many members there are, and none of them.
EverythingPage counted(EverythingPage page) {
  auto const total = page.total.value_or(page.members.size());
  return {.members = {}, .others = {}, .total = total, .next = {}};
}

Result<Answer> answer_everything(OperationCall const& asked) {
  auto question = TRY(read_question(asked));
  auto const parameters = shown(asked.arguments);
  auto const url = asked.call.base + '/' + question.focus() + "/$everything";
  auto const about = question.focus() + "?" + query_string(parameters);
  auto const cursor = std::string(asked.arguments.text(kCursorParameter));
  std::optional<EverythingMark> mark;
  auto& store = asked.context.store;
  if (!cursor.empty()) mark = TRY(read_mark(store, about, cursor));
  bool const is_count = question.count == 0 || asked.call.presentation.summary == Summary::count;
  // Two: the focus, and one for which the store has to be asked.
  if (is_count) question.count = question.has_dates() ? kEntriesUnaskedMax : 2;
  auto page =
      TRY(read_everything(store, question, mark ? &*mark : nullptr, asked.context.clock.now()));
  if (is_count) page = counted(std::move(page));
  auto const self = page_url(url, parameters, asked.call.presentation);
  Links links{with_cursor(self, cursor), {}};
  if (page.next) links.next = with_cursor(self, TRY(print_mark(store, about, *page.next)));
  Answer answer;
  answer.body = bundle_of(page, links, asked);
  return answer;
}

Operation everything_of(std::string type) {
  Operation operation;
  operation.name = "everything";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/" + type + "-everything";
  operation.levels = {Level::instance};
  if (type == "Patient") operation.parameters = {{"start", "date"}, {"end", "date"}};
  for (OperationParameter const parameter :
       std::to_array<OperationParameter>({{"_since", "string"},
                                          {"_type", "string", 0, kAnyNumber},
                                          {"_count", "integer"},
                                          {store::kAsOfParameter, "string"},
                                          {kCursorParameter, "string"}})) {
    operation.parameters.push_back(parameter);
  }
  operation.types = {std::move(type)};
  operation.handler = answer_everything;
  operation.audit = 'R';
  return operation;
}

}  // namespace

Operation patient_everything() { return everything_of("Patient"); }
Operation encounter_everything() { return everything_of("Encounter"); }

}  // namespace sinew::rest
