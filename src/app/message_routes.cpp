#include "app/message_routes.h"

#include <algorithm>
#include <array>
#include <memory>

#include "app/admin_answer.h"
#include "app/mapper.h"
#include "app/report.h"
#include "base/text.h"
#include "json/write.h"
#include "wire/hl7v2/tree.h"

namespace sinew::app {
namespace {

constexpr std::size_t kListedMax = 500;
constexpr std::size_t kListedUsually = 50;
/// Messages that one call takes up again; what is left is the next call's.
constexpr std::size_t kReprocessedMax = 10'000;

/// "2026-11-21" is the start of that day in UTC.
Result<std::optional<Instant>> instant_of(rest::Call const& call, std::string_view name) {
  auto text = std::string(call.parameter(name));
  if (text.empty()) return std::optional<Instant>();
  constexpr std::string_view kDate = "YYYY-MM-DD";
  if (text.size() == kDate.size()) text += "T00:00:00Z";
  auto const instant = parse_instant(text);
  if (!instant)
    return fail(ErrorCode::invalid, "has to be a date or an instant: 2026-11-21T10:00:00Z",
                std::string(name));
  return std::optional(*instant);
}

/// A criterion that is misspelt must not be one that silently does nothing.
Result<> check_names(rest::Call const& call) {
  constexpr std::array<std::string_view, 9> kOthers = {
      "reason", "status", "since", "until", "before", "count", "id", "all", "deliver"};
  for (auto const& [name, value] : call.parameters) {
    bool known = std::ranges::find(kOthers, name) != kOthers.end();
    for (std::size_t i = 0; i < store::kMessageKeyCount && !known; ++i)
      known = to_string(static_cast<store::MessageKey>(i)) == name;
    if (!known) return fail(ErrorCode::invalid, "no criterion of messages", name);
  }
  return {};
}

Result<engine::Archive::Query> read_query(rest::Call const& call) {
  TRY(check_names(call));
  engine::Archive::Query query;
  auto& search = query.search;
  for (std::size_t i = 0; i < store::kMessageKeyCount; ++i)
    search.texts[i] = call.parameter(to_string(static_cast<store::MessageKey>(i)));
  search.reason = call.parameter("reason");
  if (auto const status = call.parameter("status"); !status.empty()) {
    search.status = store::parse_journal_status(status);
    if (!search.status) return fail(ErrorCode::invalid, "no status of a message", "status");
  }
  query.since = TRY(instant_of(call, "since"));
  query.until = TRY(instant_of(call, "until"));
  search.before = TRY(number_of(call, "before", 0));
  search.count = std::min<std::size_t>(TRY(number_of(call, "count", kListedUsually)), kListedMax);
  return query;
}

void write_head(json::Writer& writer, store::JournalRecord const& record) {
  writer.key("id"), writer.integer(static_cast<std::int64_t>(record.id));
  writer.member("received", to_string(record.received));
  writer.member("feed", record.entry.feed);
  writer.member("type", record.entry.type);
  writer.member("controlId", record.entry.control_id);
  writer.member("sender", record.entry.sender);
  writer.member("status", to_string(record.status));
  writer.key("bytes"), writer.integer(static_cast<std::int64_t>(record.entry.bytes.size()));
  if (!record.reason.empty()) writer.member("reason", record.reason);
}

/// Without an index the journal answers, by what it has itself.
Result<store::JournalPage> find(MessageSurroundings const& around, engine::Archive::Query query) {
  if (around.archive != nullptr) return around.archive->find(std::move(query));
  auto const& search = query.search;
  using store::MessageKey;
  auto const text = [&](MessageKey key) { return search.texts[static_cast<std::size_t>(key)]; };
  for (auto const key : {MessageKey::patient, MessageKey::visit, MessageKey::order,
                         MessageKey::accession, MessageKey::name, MessageKey::text})
    if (!text(key).empty())
      return fail(ErrorCode::not_supported, "this store has no index of messages",
                  std::string(to_string(key)));
  return around.store.journal_page({.feed = text(MessageKey::feed),
                                    .type = text(MessageKey::type),
                                    .control_id = text(MessageKey::control),
                                    .status = search.status,
                                    .before = search.before,
                                    .count = search.count});
}

Result<rest::Answer> list(MessageSurroundings const& around, rest::Call const& call) {
  auto const page = TRY(find(around, TRY(read_query(call))));
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

Result<rest::Answer> show(MessageSurroundings const& around, rest::Call const& call) {
  auto const id = parse_integer<store::JournalId>(call.id);
  if (!id) return fail(ErrorCode::not_found, "no such message");
  auto const record = TRY(around.store.journal_record(*id));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  write_head(writer, record);
  writer.member("message", record.entry.bytes);
  if (auto const message = hl7v2::parse_message(record.entry.bytes)) {
    writer.key("tree"), writer.raw(hl7v2::print_tree_json(*message));
    if (auto const written = write_report(writer, record, around.tables_of); !written)
      writer.member("fault", to_string(written.error()));
  } else {
    writer.member("fault", to_string(message.error()));
  }
  TRY(write_deliveries(writer, around.deliveries, *id));
  writer.end_object();
  return json_answer(std::move(out));
}

/// The messages that are named, or else those that are searched for.
Result<std::vector<store::JournalId>> wanted_by(MessageSurroundings const& around,
                                                rest::Call const& call, bool& is_more) {
  std::vector<store::JournalId> ids;
  if (auto const named = call.parameter("id"); !named.empty()) {
    TRY(check_names(call));
    for (auto const part : split(named, ',')) {
      auto const id = parse_integer<store::JournalId>(trim(part));
      if (!id) return fail(ErrorCode::invalid, "has to be numbers of messages", "id");
      ids.push_back(*id);
    }
    return ids;
  }
  auto query = TRY(read_query(call));
  auto const says_which = [](auto const& parameter) {
    auto const& [name, value] = parameter;
    return !value.empty() && name != "deliver" && name != "count";
  };
  if (std::ranges::none_of(call.parameters, says_which))
    return fail(ErrorCode::invalid, "say which messages, or all=true for every one");
  query.search.count = kListedMax;
  do {
    auto const page = TRY(around.archive->find(query));
    for (auto const& record : page.records) ids.push_back(record.id);
    query.search.before = page.next;
  } while (query.search.before != 0 && ids.size() < kReprocessedMax);
  is_more = query.search.before != 0;
  return ids;
}

Result<rest::Answer> reprocess(MessageSurroundings const& around, rest::Call const& call) {
  auto const deliver = call.parameter("deliver");
  if (!deliver.empty() && deliver != "true" && deliver != "false")
    return fail(ErrorCode::invalid, "is true or false", "deliver");
  bool is_more = false;
  auto ids = TRY(wanted_by(around, call, is_more));
  std::ranges::sort(ids);  // in the order in which they came
  auto const reopened = TRY(around.archive->reprocess(ids, deliver != "false"));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("reprocessed");
  writer.begin_array();
  for (auto const id : reopened) writer.integer(static_cast<std::int64_t>(id));
  writer.end_array();
  writer.key("more"), writer.boolean(is_more);
  writer.end_object();
  return json_answer(std::move(out));
}

/// How far the index is, and how large what is kept.
Result<rest::Answer> archive_state(engine::Archive& archive) {
  auto const state = TRY(archive.state());
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("indexedUpTo"), writer.integer(static_cast<std::int64_t>(state.indexed_up_to));
  writer.key("removed"), writer.integer(static_cast<std::int64_t>(state.forgotten));
  writer.key("bytes"), writer.integer(static_cast<std::int64_t>(state.size.bytes));
  writer.key("bytesFree"), writer.integer(static_cast<std::int64_t>(state.size.free));
  writer.end_object();
  return json_answer(std::move(out));
}

}  // namespace

void add_message_routes(rest::Service& service, MessageSurroundings around) {
  auto const shared = std::make_shared<MessageSurroundings const>(std::move(around));
  auto const add = [&](char const* method, char const* path, char audit, rest::Handler handler) {
    rest::Route route;
    route.method = method;
    route.pattern = path;
    route.interaction = "messages";
    route.audit = audit;
    route.handler = std::move(handler);
    service.add_route(std::move(route));
  };
  add("GET", "/messages", 'R', [shared](rest::Call const& call) { return list(*shared, call); });
  add("GET", "/messages/{id}", 'R',
      [shared](rest::Call const& call) { return show(*shared, call); });
  if (shared->archive == nullptr) return;
  add("GET", "/archive", 'R',
      [shared](rest::Call const&) { return archive_state(*shared->archive); });
  add("POST", "/messages/reprocess", 'E',
      [shared](rest::Call const& call) { return reprocess(*shared, call); });
}

}  // namespace sinew::app
