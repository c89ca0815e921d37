#include "engine/alerts/tell.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/severity.h"
#include "engine/connectors/transfer.h"
#include "json/write.h"
#include "net/http.h"

namespace sinew::engine {
namespace {

Result<> tell_log(AlertNotice const& notice) {
  auto const& alert = notice.alert;
  log(alert.severity == Severity::error ? Level::error : Level::warning,
      notice.is_start ? "alert started" : "alert ended",
      {{"alert", alert.rule}, {"subject", alert.subject}, {"text", alert.text}});
  return {};
}

Result<> tell_webhook(WebhookRecipient const& webhook, AlertNotice const& notice) {
  net::Headers headers;
  headers.add("Content-Type", "application/json");
  for (auto const& [name, value] : webhook.headers) headers.add(name, value);
  auto body =
      webhook.body.empty() ? notice_json(notice) : fill_template(webhook.body, notice, true);
  auto const answer =
      TRY(net::http_request("POST", webhook.url, std::move(headers), std::move(body),
                            static_cast<std::uint32_t>(webhook.timeout.count())));
  if (answer.status < 200 || answer.status > 299)
    return fail(ErrorCode::unavailable, "answered " + std::to_string(answer.status));
  return {};
}

Result<> tell_mail(MailRecipient const& mail, AlertNotice const& notice) {
  auto const transport = TRY(Transport::make());
  auto const text = notice_mail(mail, notice);
  Transfer transfer;
  transfer.url = (mail.is_tls ? "smtps://" : "smtp://") + mail.server;
  transfer.needs_tls = mail.needs_tls;
  transfer.user = mail.user;
  transfer.password = mail.password;
  transfer.tls.ca_file = mail.ca_file;
  transfer.from = mail.from;
  transfer.recipients = mail.to;
  transfer.body = text;
  auto const done = transport->perform(transfer);
  if (!done.is_done) return fail(ErrorCode::unavailable, done.error);
  return {};
}

/// A header's value is one line.
std::string one_line(std::string text) {
  for (auto& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

Result<> tell_alert(AlertRecipient const& recipient, AlertNotice const& notice) {
  if (auto const* const webhook = std::get_if<WebhookRecipient>(&recipient.target))
    return tell_webhook(*webhook, notice);
  if (auto const* const mail = std::get_if<MailRecipient>(&recipient.target))
    return tell_mail(*mail, notice);
  return tell_log(notice);
}

std::string notice_json(AlertNotice const& notice) {
  auto const& alert = notice.alert;
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("state", notice.is_start ? "started" : "ended");
  writer.member("alert", alert.rule);
  writer.member("subject", alert.subject);
  writer.member("kind", row_of(alert.kind).key);
  writer.member("severity", name_of(alert.severity));
  writer.member("text", alert.text);
  writer.member("started", to_string(alert.started));
  if (!notice.is_start) writer.member("ended", to_string(alert.ended));
  writer.end_object();
  return out;
}

std::string notice_mail(MailRecipient const& mail, AlertNotice const& notice) {
  std::string to;
  for (auto const& each : mail.to) to += (to.empty() ? "" : ", ") + each;
  auto const& alert = notice.alert;
  auto text = fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@sinew>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
      one_line(mail.from), one_line(to), one_line(fill_template(mail.title, notice, false)),
      sha256_hex(alert.id() + to_string(alert.started) + (notice.is_start ? "+" : "-"))
          .substr(0, 32));
  text += fmt::format("{} {}: {}\r\n{}\r\nsince {}\r\n", name_of(alert.severity), alert.rule,
                      alert.subject, alert.text, to_string(alert.started));
  if (!notice.is_start) text += "over since " + to_string(alert.ended) + "\r\n";
  return text;
}

}  // namespace sinew::engine
