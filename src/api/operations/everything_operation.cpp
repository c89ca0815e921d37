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
    question.since = TRY(parse_instant(since));
  }
  if (auto const as_of = arguments.text(store::kAsOfParameter); !as_of.empty()) {
    question.as_of = TRY(parse_instant(as_of));
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

void write_entries(json::Writer& writer, std::vector<store::Resource> const& resources,
                   std::string_view base, std::string_view mode) {
  for (auto const& resource : resources) {
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
}

struct Links {
  std::string self, next;
};

std::string bundle_of(EverythingPage const& page, Links const& links, OperationCall const& asked) {
  constexpr std::size_t kFrameBytes = 200;  // of an entry, beside the resource
  std::string out;
  std::size_t bytes = kFrameBytes;
  for (auto const* list : {&page.members, &page.others}) {
    for (auto const& resource : *list) bytes += resource.body.size() + kFrameBytes;
  }
  out.reserve(bytes);
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
  write_link(writer, "self", links.self);
  if (!links.next.empty()) write_link(writer, "next", links.next);
  writer.end_array();
  if (!page.members.empty() || !page.others.empty() || !asked.ignored.empty()) {
    writer.key("entry");
    writer.begin_array();
    write_entries(writer, page.members, asked.call.base, "match");
    write_entries(writer, page.others, asked.call.base, "include");
    write_ignored(writer, asked.ignored, EntryOf::search);
    writer.end_array();
  }
  writer.end_object();
  return out;
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
       std::to_array<OperationParameter>({{"_since", "instant"},
                                          {"_type", "string", 0, kAnyNumber},
                                          {"_count", "integer"},
                                          {store::kAsOfParameter, "instant"},
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
