#include "app/web_console.h"

#include <algorithm>
#include <array>
#include <memory>

#include "app/mapper.h"
#include "app/report.h"
#include "base/data.h"
#include "base/text.h"
#include "json/write.h"
#include "wire/hl7v2/tree.h"

namespace sinew::app {
namespace {

constexpr std::size_t kListedMax = 500;
constexpr std::size_t kListedUsually = 50;
constexpr std::array<std::string_view, 5> kStatusNames = {"received", "applied", "failed",
                                                          "duplicate", "ignored"};

/// The files of the console, as the program carries them.
struct PageRow {
  std::string_view path, file, media_type;
};
constexpr auto kPages = std::to_array<PageRow>({
    {"/console", "console/index.html", "text/html; charset=utf-8"},
    {"/console/console.js", "console/console.js", "text/javascript; charset=utf-8"},
    {"/console/console.css", "console/console.css", "text/css; charset=utf-8"},
});
/// Nothing from elsewhere is run or asked, whatever a message holds.
constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

rest::Answer json_answer(std::string body) {
  rest::Answer answer;
  answer.media_type = "application/json";
  answer.body = std::move(body);
  return answer;
}

Result<store::JournalQuery> read_query(rest::Call const& call) {
  store::JournalQuery query;
  query.feed = call.parameter("feed");
  query.type = call.parameter("type");
  query.control_id = call.parameter("control");
  query.count = kListedUsually;
  if (auto const status = call.parameter("status"); !status.empty()) {
    auto const found = std::ranges::find(kStatusNames, status);
    if (found == kStatusNames.end())
      return fail(ErrorCode::invalid, "no status of a message", "status");
    query.status = static_cast<store::JournalStatus>(found - kStatusNames.begin());
  }
  if (auto const before = call.parameter("before"); !before.empty()) {
    auto const number = parse_integer<store::JournalId>(before);
    if (!number) return fail(ErrorCode::invalid, "has to be a number", "before");
    query.before = *number;
  }
  if (auto const count = call.parameter("count"); !count.empty()) {
    auto const number = parse_integer<std::size_t>(count);
    if (!number) return fail(ErrorCode::invalid, "has to be a number", "count");
    query.count = std::min(*number, kListedMax);
  }
  return query;
}

void write_head(json::Writer& writer, store::JournalRecord const& record) {
  writer.key("id"), writer.integer(static_cast<std::int64_t>(record.id));
  writer.member("received", to_string(record.received));
  writer.member("feed", record.entry.feed);
  writer.member("type", record.entry.type);
  writer.member("controlId", record.entry.control_id);
  writer.member("sender", record.entry.sender);
  writer.member("status", kStatusNames[static_cast<std::size_t>(record.status)]);
  if (!record.reason.empty()) writer.member("reason", record.reason);
}

Result<rest::Answer> list(store::Store& store, rest::Call const& call) {
  auto const page = TRY(store.journal_page(TRY(read_query(call))));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("messages");
  writer.begin_array();
  for (auto const& record : page.records) {
    writer.begin_object();
    write_head(writer, record);
    writer.end_object();
  }
  writer.end_array();
  writer.key("next"), writer.integer(static_cast<std::int64_t>(page.next));
  writer.end_object();
  return json_answer(std::move(out));
}

/// What the tables in force make of a message, with every value's fate and source.
Result<> write_report(json::Writer& writer, store::JournalRecord const& record,
                      TablesOf const& tables_of) {
  auto const tables = tables_of(record.entry.feed);
  Mapped mapped;
  mapping::RunOptions options;
  options.ledger = options.provenance = true;
  TRY(map_message(*tables.program, tables.feed, record.entry.bytes, options, mapped));
  std::string bundle;
  mapping::write_bundle(mapped.output, mapping::BundleType::transaction, bundle);
  writer.key("report");
  writer.raw(trim(report_json(std::to_string(record.id), *tables.program, mapped, bundle)));
  auto const document = TRY(json::Document::parse(std::move(bundle)));
  writer.member("bundle", json::print(document.root(), json::Writer::Style::pretty));
  return {};
}

Result<> write_deliveries(json::Writer& writer, store::DeliveryLog* log, store::JournalId id) {
  writer.key("deliveries");
  writer.begin_array();
  if (log != nullptr) {
    for (auto const& delivery : TRY(log->of_message(id))) {
      writer.begin_object();
      writer.key("item"), writer.integer(static_cast<std::int64_t>(delivery.item));
      writer.member("destination", delivery.destination);
      writer.member("status", to_string(delivery.status));
      writer.key("attempts"), writer.integer(delivery.attempts);
      writer.member("changed", to_string(delivery.changed));
      writer.member("reason", delivery.reason);
      writer.end_object();
    }
  }
  writer.end_array();
  return {};
}

Result<rest::Answer> show(store::Store& store, TablesOf const& tables_of, store::DeliveryLog* log,
                          rest::Call const& call) {
  auto const id = parse_integer<store::JournalId>(call.id);
  if (!id) return fail(ErrorCode::not_found, "no such message");
  auto const record = TRY(store.journal_record(*id));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  write_head(writer, record);
  writer.member("bytes", record.entry.bytes);
  if (auto const message = hl7v2::parse_message(record.entry.bytes)) {
    writer.key("tree"), writer.raw(hl7v2::print_tree_json(*message));
    if (auto const written = write_report(writer, record, tables_of); !written)
      writer.member("fault", to_string(written.error()));
  } else {
    writer.member("fault", to_string(message.error()));
  }
  TRY(write_deliveries(writer, log, *id));
  writer.end_object();
  return json_answer(std::move(out));
}

}  // namespace

void add_web_console(rest::Service& service, store::Store& store, TablesOf tables_of,
                     store::DeliveryLog* log) {
  auto const add = [&](std::string_view path, std::string_view interaction, char audit,
                       rest::Handler handler) {
    rest::Route route;
    route.method = "GET";
    route.pattern = path;
    route.interaction = interaction;
    route.audit = audit;
    route.handler = std::move(handler);
    service.add_route(std::move(route));
  };
  for (auto const& page : kPages) {
    add(page.path, "console", 'E', [&page](rest::Call const&) -> Result<rest::Answer> {
      rest::Answer answer;
      answer.media_type = page.media_type;
      answer.body = TRY(embedded_data(page.file));
      answer.headers.add("Content-Security-Policy", std::string(kContentPolicy));
      return answer;
    });
  }
  add("/messages", "messages", 'R', [&store](rest::Call const& call) { return list(store, call); });
  add("/messages/{id}", "messages", 'R',
      [&store, tables_of = std::move(tables_of), log](rest::Call const& call) {
        return show(store, tables_of, log, call);
      });
}

}  // namespace sinew::app
