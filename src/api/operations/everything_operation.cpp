#include <algorithm>
#include <array>
#include <utility>

#include "api/operations/everything.h"
#include "api/operations/registrations.h"
#include "api/rest/bundle_writer.h"
#include "api/rest/page_url.h"
#include "api/rest/pieces.h"
#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"
#include "store/search_value.h"

namespace sinew::rest {
namespace {

/// "Unless the client requests otherwise, the server returns the entire result set in a single
/// bundle". That is read while it leaves: little at first, so that it begins soon, then more: every
/// turn asks the store for the compartment anew.
constexpr std::size_t kEntriesAtFirst = 32;
constexpr std::size_t kEntriesAtATime = 2000;
/// What has to be whole before it can leave (XML, `_summary`) is cut into pages of so many.
constexpr std::size_t kEntriesInOnePieceMax = 10'000;

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

/// Nothing when the record is not to be cut into pages.
Result<std::optional<std::size_t>> read_count(OperationCall const& asked) {
  auto const text = asked.arguments.text("_count");
  if (text.empty()) return std::optional<std::size_t>();
  auto const number = parse_integer<std::size_t>(text);
  if (!number) return fail(ErrorCode::invalid, "not a number of entries", "_count");
  return std::optional(std::min(*number, asked.context.options.page_max));
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

/// What a page is beside its entries.
BundleHead head_of(EverythingPage const& page, std::string const& self, std::string const& next) {
  BundleHead head;
  head.total = page.total;
  head.links = {{"self", self}};
  if (!next.empty()) head.links.push_back({"next", next});
  return head;
}

/// Writes a page, as much of it at a time as a piece takes.
class PageWriter {
 public:
  explicit PageWriter(EverythingPage page) : page_(std::move(page)) {}
  [[nodiscard]] EverythingPage const& page() const { return page_; }
  [[nodiscard]] bool is_done() const { return at_ == page_.members.size() + page_.others.size(); }
  void write(BundleWriter& writer, std::size_t bytes_max) {
    auto const members = page_.members.size();
    for (; !is_done() && writer.size() < bytes_max; ++at_) {
      bool const is_member = at_ < members;
      auto& resource = is_member ? page_.members[at_] : page_.others[at_ - members];
      writer.add(resource, is_member ? "match" : "include");
      resource = {};
    }
  }

 private:
  EverythingPage page_;
  std::size_t at_ = 0;
};

void end(BundleWriter& writer, std::vector<std::string> const& ignored) {
  if (!ignored.empty()) writer.add_outcome(ignored_outcome(ignored));
  writer.end();
}

/// The whole record, read while it leaves.
class RecordSource final : public BundleSource {
 public:
  /// `first`  what was read already.
  RecordSource(OperationCall const& asked, std::string self, EverythingReader reader,
               EverythingPage first)
      : BundleSource(asked.call.base),
        self_(std::move(self)),
        ignored_(asked.ignored),
        reader_(std::move(reader)),
        entries_(std::move(first)) {}

  Result<bool> write_next(BundleWriter& writer) override {
    if (std::exchange(is_first_, false)) {
      writer.begin(head_of(entries_.page(), self_, {}));
    } else if (entries_.is_done()) {
      entries_ = PageWriter(TRY(reader_.next(kEntriesAtATime)));
    }
    writer.reserve(kPieceBytes);
    entries_.write(writer, kPieceBytes);
    if (!entries_.is_done() || entries_.page().next) return true;
    end(writer, ignored_);
    return false;
  }

 private:
  std::string self_;
  std::vector<std::string> ignored_;
  EverythingReader reader_;
  PageWriter entries_;
  bool is_first_ = true;
};

std::string bundle_of(EverythingPage page, BundleHead const& head, OperationCall const& asked) {
  BundleWriter writer(asked.call.base);
  writer.begin(head);
  PageWriter(std::move(page)).write(writer, SIZE_MAX);
  end(writer, asked.ignored);
  return writer.take();
}

/// Says how many members there are, and none of them.
EverythingPage counted(EverythingPage const& page) {
  auto const total = page.total.value_or(page.members.size());
  return {.members = {}, .others = {}, .total = total, .next = {}};
}

Result<Answer> answer_everything(OperationCall const& asked) {
  auto const question = TRY(read_question(asked));
  auto count = TRY(read_count(asked));
  auto const parameters = shown(asked.arguments);
  auto const about = question.focus() + "?" + query_string(parameters);
  auto const cursor = std::string(asked.arguments.text(kCursorParameter));
  std::optional<EverythingMark> mark;
  auto& store = asked.context.store;
  if (!cursor.empty()) mark = TRY(read_mark(store, about, cursor));
  EverythingReader reader(store, question);
  TRY(reader.begin(mark ? &*mark : nullptr, asked.context.clock.now()));
  bool const is_count = count == 0U || asked.call.presentation.summary == Summary::count;
  // Two: the focus, and one for which the store has to be asked.
  if (is_count) count = question.has_dates() ? kEntriesInOnePieceMax : 2;
  bool const is_whole = !count && leaves_in_pieces(asked.call.presentation);
  auto page = TRY(reader.next(is_whole ? kEntriesAtFirst : count.value_or(kEntriesInOnePieceMax)));
  auto const url = asked.call.base + '/' + question.focus() + "/$everything";
  auto const plain = page_url(url, parameters, asked.call.presentation);
  auto const self = with_cursor(plain, cursor);
  Answer answer;
  if (is_whole) {
    answer.source = std::make_shared<RecordSource>(asked, self, std::move(reader), std::move(page));
    return answer;
  }
  if (is_count) page = counted(page);
  std::string next;
  if (page.next) next = with_cursor(plain, TRY(print_mark(store, about, *page.next)));
  auto const head = head_of(page, self, next);
  answer.body = bundle_of(std::move(page), head, asked);
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
