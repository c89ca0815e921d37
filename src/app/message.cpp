#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/server_client.h"
#include "net/http.h"

namespace sinew::app {
namespace {

std::string query_of(MessageSettings const& settings) {
  std::string query;
  for (auto const& [name, value] : settings.criteria)
    if (!value.empty()) query += fmt::format("&{}={}", name, net::percent_encode(value));
  return query;
}

std::string message_table(json::Value root) {
  constexpr auto kRow = "{:>10} {:<24} {:<16} {:<10} {:<20} {:<10} {}\n";
  auto out =
      fmt::format(kRow, "MESSAGE", "received", "feed", "type", "control id", "STATUS", "reason");
  for (auto const each : root["messages"].elements()) {
    out += fmt::format(kRow, each["id"].text(), each["received"].text(), each["feed"].text(),
                       each["type"].text(), each["controlId"].text(), each["status"].text(),
                       each["reason"].text());
  }
  if (auto const next = root["next"].text(); next != "0")
    out += fmt::format("older ones: --before {}\n", next);
  return out;
}

std::string message_text(json::Value root) {
  auto out =
      fmt::format("message {} of {}, received {}: {} {}\n", root["id"].text(), root["feed"].text(),
                  root["received"].text(), root["status"].text(), root["reason"].text());
  for (auto const each : root["deliveries"].elements()) {
    out += fmt::format("  to {}: {} {}\n", each["destination"].text(), each["status"].text(),
                       each["reason"].text());
  }
  for (auto const c : root["message"].text()) out += c == '\r' ? '\n' : c;
  return out;
}

}  // namespace

int message_find(MessageSettings const& settings) {
  auto const target = fmt::format("/messages?count={}{}", settings.count, query_of(settings));
  return print_answer(settings.server, target, settings.json, message_table);
}

int message_show(MessageSettings const& settings) {
  int status = kExitSuccess;
  for (auto const& id : settings.targets) {
    auto const printed = print_answer(settings.server, "/messages/" + net::percent_encode(id),
                                      settings.json, message_text);
    if (printed != kExitSuccess) status = printed;
  }
  return status;
}

int message_reprocess(MessageSettings const& settings) {
  std::string query = settings.delivers ? "" : "&deliver=false";
  std::string ids;
  for (auto const& id : settings.targets) ids += (ids.empty() ? "" : ",") + id;
  auto const criteria = query_of(settings);
  if (ids.empty() && criteria.empty() && !settings.takes_all) {
    complain("name messages, or say which by --status, --since ...; --all for every one");
    return kExitUsage;
  }
  query += ids.empty() ? criteria : "&id=" + net::percent_encode(ids);
  if (settings.takes_all) query += "&all=true";
  auto const answer = ask_server(settings.server, "POST", "/messages/reprocess?" + query.substr(1));
  if (!answer) return complain(answer.error()), kExitFailed;
  if (settings.json) return print(*answer + "\n"), kExitSuccess;
  auto const document = json::Document::parse(*answer);
  if (!document) return complain(document.error()), kExitFailed;
  auto const root = document->root();
  print(
      fmt::format("{} messages are taken up again{}\n", root["reprocessed"].size(),
                  root["more"].boolean() ? "; there are more: narrow the search by --until" : ""));
  return kExitSuccess;
}

}  // namespace sinew::app
