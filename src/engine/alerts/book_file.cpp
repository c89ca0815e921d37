#include <algorithm>
#include <array>

#include "base/severity.h"
#include "base/text.h"
#include "engine/alerts/book.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::engine {
namespace {

constexpr int kFormatVersion = 1;

void write_time(json::Writer& writer, std::string_view name, Instant at) {
  if (at.ms != 0) writer.member(name, to_string(at));
}

void write_truth(json::Writer& writer, std::string_view name, bool truth) {
  writer.key(name);
  writer.boolean(truth);
}

void write_alert(json::Writer& writer, Alert const& alert) {
  writer.begin_object();
  writer.member("id", alert.id());
  writer.member("alert", alert.rule);
  writer.member("subject", alert.subject);
  writer.member("kind", row_of(alert.kind).key);
  writer.member("severity", name_of(alert.severity));
  writer.member("text", alert.text);
  write_truth(writer, "active", alert.is_active);
  write_time(writer, "over", alert.over_since);
  write_time(writer, "clear", alert.clear_since);
  write_time(writer, "started", alert.started);
  write_time(writer, "ended", alert.ended);
  write_truth(writer, "told", alert.is_told);
  write_truth(writer, "acknowledged", alert.is_acknowledged);
  writer.end_object();
}

Instant time_of(json::Value value) {
  if (!value) return {};
  auto const read = parse_instant(value.text());
  return read ? *read : Instant{};
}

Result<Alert> read_alert(json::Value value) {
  Alert alert;
  alert.rule = value["alert"].text();
  alert.subject = value["subject"].text();
  auto const key = value["kind"].text();
  AlertKindRow const* kind = nullptr;
  for (auto const& row : alert_kinds()) {
    if (row.key == key) kind = &row;
  }
  if (kind == nullptr || alert.rule.empty())
    return fail(ErrorCode::invalid, "an alert of no known kind");
  alert.kind = kind->kind;
  for (auto const severity : {Severity::information, Severity::error}) {
    if (value["severity"].text() == name_of(severity)) alert.severity = severity;
  }
  alert.text = value["text"].text();
  alert.is_active = value["active"].boolean();
  alert.over_since = time_of(value["over"]);
  alert.clear_since = time_of(value["clear"]);
  alert.started = time_of(value["started"]);
  alert.ended = time_of(value["ended"]);
  alert.is_told = value["told"].boolean();
  alert.is_acknowledged = value["acknowledged"].boolean();
  return alert;
}

void write_times(json::Writer& writer, std::string_view name,
                 std::map<std::string, Instant, std::less<>> const& times) {
  writer.key(name);
  writer.begin_object();
  for (auto const& [key, at] : times) writer.member(key, to_string(at));
  writer.end_object();
}

}  // namespace

std::string alert_json(Alert const& alert) {
  std::string out;
  json::Writer writer(out);
  write_alert(writer, alert);
  return out;
}

std::string AlertBook::print() const {
  std::string out;
  json::Writer writer(out, json::Writer::Style::pretty);
  writer.begin_object();
  writer.key("sinewAlerts");
  writer.integer(kFormatVersion);
  writer.key("alerts");
  writer.begin_array();
  for (auto const& [id, alert] : alerts_) write_alert(writer, alert);
  writer.end_array();
  writer.key("recent");
  writer.begin_array();
  for (auto const& alert : recent_) write_alert(writer, alert);
  writer.end_array();
  writer.key("notices");
  writer.begin_array();
  for (auto const& notice : notices_) {
    writer.begin_object();
    writer.member("recipient", notice.recipient);
    write_truth(writer, "start", notice.is_start);
    write_time(writer, "made", notice.made);
    writer.key("alert");
    write_alert(writer, notice.alert);
    writer.end_object();
  }
  writer.end_array();
  write_times(writer, "silences", silences_);
  write_times(writer, "marks", marks_);
  writer.end_object();
  return out;
}

Result<AlertBook> AlertBook::read(std::string text) {
  auto const document = TRY(json::Document::parse(std::move(text)));
  auto const root = document.root();
  if (parse_integer<int>(root["sinewAlerts"].raw()) != kFormatVersion)
    return fail(ErrorCode::invalid, "is no record of alerts of this version");
  AlertBook book;
  for (auto const value : root["alerts"].elements()) {
    auto alert = TRY(read_alert(value));
    if (book.alerts_.size() < kAlertsMax) book.alerts_.emplace(alert.id(), std::move(alert));
  }
  for (auto const value : root["recent"].elements()) {
    if (book.recent_.size() < kRecentMax) book.recent_.push_back(TRY(read_alert(value)));
  }
  for (auto const value : root["notices"].elements()) {
    if (book.notices_.size() >= kNoticesMax) break;
    book.notices_.push_back({value["recipient"].text(), value["start"].boolean(),
                             TRY(read_alert(value["alert"])), time_of(value["made"])});
  }
  for (auto const& [name, value] : root["silences"].members())
    book.silences_.emplace(name, time_of(value));
  for (auto const& [name, value] : root["marks"].members())
    book.marks_.emplace(name, time_of(value));
  return book;
}

std::string fill_template(std::string_view text, AlertNotice const& notice, bool is_json) {
  auto const& alert = notice.alert;
  struct Row {
    std::string_view name;
    std::string value;
  };
  auto const rows = std::to_array<Row>({
      {"{alert}", alert.rule},
      {"{at}", to_string(notice.made)},
      {"{severity}", std::string(name_of(alert.severity))},
      {"{since}", to_string(alert.started)},
      {"{state}", notice.is_start ? "started" : "ended"},
      {"{subject}", alert.subject},
      {"{text}", alert.text},
  });
  std::string out;
  while (!text.empty()) {
    auto const* const row =
        std::ranges::find_if(rows, [&](Row const& each) { return text.starts_with(each.name); });
    if (row == rows.end()) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::string quoted;
    json::append_string(quoted, row->value);
    out += is_json ? std::string_view(quoted).substr(1, quoted.size() - 2) : row->value;
    text.remove_prefix(row->name.size());
  }
  return out;
}

}  // namespace sinew::engine
