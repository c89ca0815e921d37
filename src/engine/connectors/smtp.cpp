#include <algorithm>

#include "engine/connectors/file_name.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/transfer.h"
#include "engine/delivery/sender.h"
#include "mapping/convert.h"

namespace sinew::engine {
namespace {

enum class MailTls : std::uint8_t { starttls, implicit, none };
constexpr NameRow<MailTls> kMailTls[] = {
    {"starttls", MailTls::starttls}, {"implicit", MailTls::implicit}, {"none", MailTls::none}};
constexpr std::uint16_t kSubmissionPort = 587, kSubmissionsPort = 465;

struct Mail {
  Transfer transfer;  ///< everything but the text
  std::vector<std::string> to;
  std::string from, subject, body;
  std::string attachment;  ///< name of the file; empty: the message is the body's end
};

/// Source: RFC 5322 §3.3.
std::string mail_date(Instant instant) {
  constexpr std::string_view kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kDayMs = 86'400'000;
  auto const day = instant.ms / kDayMs;
  auto const date = civil_from_days(day);
  auto const text = to_string(instant);  // 2026-11-21T13:04:51.123Z
  constexpr std::size_t kTimeAt = 11, kTimeLength = 8;
  return std::string(kDays[static_cast<std::size_t>(day % 7)]) + ", " + std::to_string(date.day) +
         ' ' + std::string(kMonths[static_cast<std::size_t>(date.month - 1)]) + ' ' +
         std::to_string(date.year) + ' ' + text.substr(kTimeAt, kTimeLength) + " +0000";
}

/// In lines that mail allows. Source: RFC 2045 §6.8.
void append_base64_lines(std::string& out, std::string_view bytes) {
  constexpr std::size_t kBytesOfLine = 57;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kBytesOfLine))) {
    mapping::append_base64_of(out, bytes.substr(0, kBytesOfLine));
    out += "\r\n";
  }
}

/// A header's text. Source: RFC 2047.
std::string header_text(std::string const& text) {
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; })) return text;
  std::string out;
  constexpr std::size_t kBytesOfWord = 30;  // 75 characters a word, at most
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(at + kBytesOfWord, text.size());
    // A character of UTF-8 is not cut.
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    if (end <= at) end = std::min(at + kBytesOfWord, text.size());
    out += out.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?";
    mapping::append_base64_of(out, std::string_view(text).substr(at, end - at));
    out += "?=";
    at = end;
  }
  return out;
}

/// Segments as lines, for people.
std::string as_lines(std::string_view message) {
  std::string out;
  for (char const c : message) {
    if (c == '\r') {
      out += "\r\n";
    } else if (c != '\n') {
      out += c;
    }
  }
  return out;
}

class MailSender final : public Sender {
 public:
  MailSender(Mail mail, std::string destination)
      : mail_(std::move(mail)), destination_(in_name(destination)) {}

  Reply send(Outgoing const& message) override {
    if (!transport_) {
      auto made = Transport::make();
      if (!made) return unreachable(made.error());
      transport_ = *std::move(made);
    }
    auto const text = compose(message);
    auto transfer = mail_.transfer;
    transfer.body = text;
    auto const transferred = transport_->perform(transfer);
    if (transferred.is_done) return {"sent", {}};
    transport_.reset();
    auto const answer = transferred.status == 0
                            ? std::string()
                            : " (the server answers " + std::to_string(transferred.status) + ')';
    Error const error{ErrorCode::unavailable, transferred.error + answer, mail_.transfer.url};
    if (!transferred.has_begun) return unreachable(error);
    // Source: RFC 5321 §4.2.1: 4yz may be tried again, 5yz not.
    constexpr long kTransient = 400, kPermanent = 500;
    if (transferred.status >= kPermanent) return {"refused", to_string(error)};
    if (transferred.status >= kTransient) return {"busy", to_string(error)};
    return no_reply(error);
  }

 private:
  [[nodiscard]] std::string compose(Outgoing const& message) const {
    std::string recipients;
    for (auto const& each : mail_.to) recipients += (recipients.empty() ? "" : ", ") + each;
    auto const item = std::to_string(message.item);
    auto const boundary = "sinew-" + item + "-part";
    // The same at every attempt, so that a mail that comes again can be told.
    std::string out = "From: " + mail_.from + "\r\nTo: " + recipients +
                      "\r\nSubject: " + header_text(fill_places(mail_.subject, message)) +
                      "\r\nDate: " + mail_date(message.received) + "\r\nMessage-ID: <" + item +
                      '.' + destination_ + "@sinew>\r\nMIME-Version: 1.0\r\n";
    constexpr std::string_view kText =
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    auto body = fill_places(mail_.body, message);
    if (mail_.attachment.empty()) {
      out += kText;
      if (!body.empty()) body += "\r\n\r\n";
      append_base64_lines(out, body + as_lines(message.bytes));
      return out;
    }
    auto const name = file_name(mail_.attachment, message);
    out += "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary +
           "\r\n" + std::string(kText);
    append_base64_lines(out, body + "\r\n");
    out += "--" + boundary + "\r\nContent-Type: application/hl7-v2; name=\"" + name +
           "\"\r\nContent-Disposition: attachment; filename=\"" + name +
           "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    append_base64_lines(out, message.bytes);
    return out + "--" + boundary + "--\r\n";
  }

  Mail const mail_;
  std::string const destination_;
  std::unique_ptr<Transport> transport_;
};

/// "Ann <ann@example.org>" or "ann@example.org": the address itself, for the envelope.
std::string address_of(std::string const& mailbox) {
  auto const begin = mailbox.rfind('<');
  auto const end = mailbox.rfind('>');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return mailbox;
  return mailbox.substr(begin + 1, end - begin - 1);
}

Result<> check_mailbox(Node const& node, std::string const& mailbox) {
  bool const is_one = mailbox.find_first_of("\r\n,;") == std::string::npos &&
                      address_of(mailbox).find('@') != std::string::npos;
  if (!is_one) return node.wrong("has to be an address such as lab@example.org");
  return {};
}

}  // namespace

Result<OpenSender> read_smtp_target(Node const& node) {
  TRY(node.allow({"host", "port", "security", "tls", "user", "password", "from", "to", "subject",
                  "body", "attachment", "timeout"}));
  auto const security = TRY(node["security"].one_of(kMailTls, MailTls::starttls));
  bool const is_implicit = security == MailTls::implicit;
  auto const address =
      TRY(read_host_and_port(node, is_implicit ? kSubmissionsPort : kSubmissionPort));
  Mail mail;
  auto& transfer = mail.transfer;
  transfer.url = (is_implicit ? "smtps://" : "smtp://") + address.host + ':' +
                 std::to_string(address.port) + "/sinew";
  transfer.needs_tls = security != MailTls::none;
  if (auto const tls = node["tls"]; tls.exists()) transfer.tls = TRY(read_client_tls(tls));
  transfer.user = TRY(node["user"].text_or({}));
  transfer.password = TRY(node["password"].secret());
  if (!transfer.password.empty() && security == MailTls::none)
    return node["password"].wrong("would go over the wire in the clear: 'security' is none");
  transfer.timeout = TRY(node["timeout"].duration(transfer.timeout));
  mail.from = TRY(node["from"].needed_text(node));
  TRY(check_mailbox(node["from"], mail.from));
  transfer.from = address_of(mail.from);
  mail.to = TRY(node["to"].texts());
  if (mail.to.empty()) return node.wrong("needs a 'to'");
  for (auto const& each : mail.to) {
    TRY(check_mailbox(node["to"], each));
    transfer.recipients.push_back(address_of(each));
  }
  mail.subject = TRY(node["subject"].text_or("{type} {control_id}"));
  mail.body = TRY(node["body"].text_or({}));
  if (node["attachment"].exists()) mail.attachment = TRY(read_file_name(node["attachment"]));
  return OpenSender([mail](SenderContext const& context) -> std::unique_ptr<Sender> {
    return std::make_unique<MailSender>(mail, context.destination);
  });
}

}  // namespace sinew::engine
