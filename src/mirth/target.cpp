#include <algorithm>
#include <array>

#include "base/text.h"
#include "mirth/connector.h"

namespace sinew::mirth {
namespace {

void report_template(Part const& part, std::string_view text) {
  if (sends_message(text)) return;
  part.by_hand("template",
               "the text that is sent is made from maps in Mirth; here the message leaves "
               "as it is: a script changes it, or a format");
}

Section tcp_target(Item const& properties, Part const& part) {
  auto const mode = properties["transmissionModeProperties"];
  bool const is_mllp =
      mode.kind() == "MLLPModeProperties" || mode.trimmed("pluginPointName") == "MLLP";
  Section section(is_mllp ? "mllp" : "tcp");
  if (properties.is_true("serverMode"))
    part.by_hand("server mode", "the receiver is connected to: it cannot connect to Sinew");
  add_address(section.settings, part, properties.trimmed("remoteAddress"),
              properties.trimmed("remotePort"));
  auto const timeout = properties.number("responseTimeout", 5000);
  if (properties.is_true("ignoreResponse")) {
    section.kind = "tcp";
    section.settings.emplace_back("answer", "none");
  }
  if (timeout > 0) section.settings.emplace_back("timeout", duration(timeout));
  if (auto const frame = frame_of(mode); !frame.empty()) {
    section.kind = "tcp";
    section.settings.emplace_back("frame", frame);
  }
  if (auto const tls = tls_of(properties, part, "client"); !tls.empty())
    section.settings.emplace_back("tls", tls);
  if (properties.is_true("overrideLocalBinding"))
    part.by_hand("local address", "the system chooses the address that a connection leaves from");
  report_template(part, properties.text("template"));
  return section;
}

Section http_target(Item const& properties, Part const& part) {
  Section section("http");
  auto url = setting(part, "url", properties.trimmed("host"));
  std::string query;
  for (auto const& [name, value] : properties.entries("parameters")) {
    if (value.find("${") != std::string::npos)
      part.by_hand("parameter " + name, "it is filled from a map in Mirth");
    query += (query.empty() ? "?" : "&") + name + '=' + setting(part, "parameter " + name, value);
  }
  section.settings.emplace_back("url", scalar(url + query));
  auto const method = to_upper(properties.trimmed("method"));
  if (!method.empty() && method != "POST") section.settings.emplace_back("method", scalar(method));
  if (auto const type = properties.trimmed("contentType"); !type.empty())
    section.settings.emplace_back("content-type", scalar(type));
  Settings headers;
  for (auto const& [name, value] : properties.entries("headers")) {
    bool const is_secret = equals_ignoring_case(name, "authorization") ||
                           to_lower(name).find("key") != std::string::npos ||
                           to_lower(name).find("token") != std::string::npos;
    headers.emplace_back(scalar(name), scalar(is_secret ? secret(part, "header " + name)
                                                        : setting(part, "header " + name, value)));
  }
  if (!headers.empty()) section.settings.emplace_back("headers", flow(headers));
  if (properties.is_true("useHeadersVariable") || properties.is_true("useParametersVariable"))
    part.by_hand("headers", "headers or parameters are taken from a map in Mirth");
  if (auto const timeout = properties.number("socketTimeout", 0); timeout > 0)
    section.settings.emplace_back("timeout", duration(timeout));
  if (properties.is_true("useAuthentication")) {
    if (properties.trimmed("authenticationType") == "Digest")
      part.by_hand("authentication", "HTTP digest is not there: basic, bearer and OAuth 2 are");
    Settings basic{{"user", scalar(setting(part, "user", properties.trimmed("username")))},
                   {"password", scalar(secret(part, "password"))}};
    section.settings.emplace_back("basic", flow(basic));
  }
  if (properties.is_true("useProxyServer"))
    section.settings.emplace_back(
        "proxy", scalar("http://" + setting(part, "proxy", properties.trimmed("proxyAddress")) +
                        ':' + setting(part, "proxy", properties.trimmed("proxyPort"))));
  if (auto const tls = tls_of(properties, part, "client"); !tls.empty())
    section.settings.emplace_back("tls", tls);
  if (properties.is_true("multipart"))
    part.by_hand("multipart", "the message is the body, not a part of it");
  report_template(part, properties.text("content"));
  return section;
}

Section file_target(Item const& properties, Part const& part) {
  auto section = folder_section(properties, part);
  section.settings.emplace_back("name",
                                scalar(file_pattern(part, properties.trimmed("outputPattern"))));
  if (properties.is_true("outputAppend"))
    part.differs("append", "Mirth adds to one file; here there is a file a message");
  if (properties.is_true("errorOnExists"))
    part.left_out("error when the file exists", "names are never given twice");
  if (properties.is_true("temporary"))
    part.left_out("temporary file", "a file always appears whole");
  report_template(part, properties.text("template"));
  return section;
}

/// A statement's `${..}` are bound in Mirth as they are here; what they are filled from is a map
/// there, and a field here.
Section database_target(Item const& properties, Part const& part, MapFields const& fields) {
  auto section = database_section(properties, part);
  if (properties.is_true("useScript")) {
    part.by_hand("query", "a script writes to the database in Mirth: write it as SQL");
    section.is_draft = true;
    return section;
  }
  std::string statement;
  Settings values;
  auto const whole = properties.text("query");
  auto rest = trim(whole);
  for (auto begin = rest.find("${"); begin != std::string_view::npos; begin = rest.find("${")) {
    auto const end = rest.find('}', begin);
    if (end == std::string_view::npos) break;
    bool const is_quoted =
        begin > 0 && rest[begin - 1] == '\'' && end + 1 < rest.size() && rest[end + 1] == '\'';
    auto const variable = rest.substr(begin + 2, end - begin - 2);
    auto const name = to_lower(variable_name_of(variable));
    statement += rest.substr(0, is_quoted ? begin - 1 : begin);
    statement += ':' + name;
    rest.remove_prefix(is_quoted ? end + 2 : end + 1);
    auto const field = fields.find(variable);
    std::string value;
    if (field != fields.end()) {
      value = field->second;
    } else if (variable.starts_with("message.") &&
               sends_message("${" + std::string(variable) + "}")) {
      value = "message";
    } else if (variable == "message.messageId") {
      value = "item";
    } else {
      part.by_hand("value '" + std::string(variable) + "'",
                   "a script fills it in Mirth: name the field that it is");
      value = "message";
      section.is_draft = true;
    }
    if (std::ranges::find(values, name, &Settings::value_type::first) == values.end())
      values.emplace_back(name, scalar(value));
  }
  statement += rest;
  section.settings.emplace_back("statement", scalar(trim(statement)));
  if (!values.empty()) section.settings.emplace_back("values", flow(values));
  return section;
}

Section channel_target(Item const& properties, Part const& part) {
  Section section("channel");
  auto const id = properties.trimmed("channelId");
  if (id.empty() || id == "none" || id == "sink") {
    part.left_out("Channel Writer to nowhere", "messages are kept without a destination");
    return Section();
  }
  auto const& roads = part.shared().roads;
  auto const found = roads.find(id);
  section.value = scalar(found == roads.end() ? file_name_of(id) : found->second.name);
  if (found == roads.end()) {
    part.by_hand("channel " + id, "that channel is not in the export: name it");
    section.is_draft = true;
  } else if (!found->second.takes_channels) {
    part.by_hand("channel " + found->second.name,
                 "it has a source of its own, and only one with the source 'channel: true' "
                 "is sent to by channels: let both send to a third");
    section.is_draft = true;
  }
  if (!properties["mapVariables"].items().empty())
    part.by_hand("map variables", "a channel gets the message; maps stay behind");
  report_template(part, properties.text("channelTemplate"));
  return section;
}

Section mail_target(Item const& properties, Part const& part) {
  Section section("smtp");
  add_address(section.settings, part, properties.trimmed("smtpHost"),
              properties.trimmed("smtpPort"));
  auto const encryption = to_lower(properties.trimmed("encryption"));
  bool const is_secure = encryption == "tls" || encryption == "ssl";
  section.settings.emplace_back("security", encryption == "tls"   ? "starttls"
                                            : encryption == "ssl" ? "implicit"
                                                                  : "none");
  if (properties.is_true("authentication") && !is_secure)
    part.by_hand("password", "Mirth sends it in the clear; here it needs 'security'");
  if (properties.is_true("authentication") && is_secure) {
    section.settings.emplace_back("user",
                                  scalar(setting(part, "user", properties.trimmed("username"))));
    section.settings.emplace_back("password", scalar(secret(part, "password")));
  }
  section.settings.emplace_back("from", scalar(setting(part, "from", properties.trimmed("from"))));
  std::vector<std::string> to;
  for (auto const* key : {"to", "cc", "bcc"}) {
    auto const addresses = setting(part, key, properties.trimmed(key));
    for (auto const each : split(addresses, ','))
      if (!trim(each).empty()) to.emplace_back(trim(each));
  }
  section.settings.emplace_back("to", flow(to));
  if (to.empty()) section.is_draft = true;
  if (auto const subject = properties.trimmed("subject"); !subject.empty())
    section.settings.emplace_back("subject", scalar(setting(part, "subject", subject)));
  if (!properties["attachments"].items().empty())
    part.by_hand("attachments", "a mail has the text alone");
  if (properties.is_true("html")) part.by_hand("HTML", "a mail is plain text");
  auto const body = properties.text("body");
  if (!sends_message(body)) {
    section.settings.emplace_back("body", scalar(setting(part, "body", body)));
  }
  return section;
}

Section no_target(Part const& part, std::string_view why) {
  part.by_hand("connector", std::string(why));
  return Section();
}
Section script_target(Item const&, Part const& part) {
  return no_target(part,
                   "scripts send nothing: what it computes belongs into the transform of another "
                   "destination");
}
Section soap_target(Item const& properties, Part const& part) {
  Section section("http");
  auto url = properties.trimmed("locationURI");
  if (url.empty()) url = properties.trimmed("wsdlUrl");
  section.settings.emplace_back("url", scalar(setting(part, "url", url)));
  section.settings.emplace_back("content-type", scalar("text/xml; charset=utf-8"));
  if (auto const action = properties.trimmed("soapAction"); !action.empty())
    section.settings.emplace_back(
        "headers",
        flow(Settings{{"SOAPAction", scalar("\"" + setting(part, "action", action) + "\"")}}));
  if (properties.is_true("useAuthentication"))
    section.settings.emplace_back(
        "basic",
        flow(Settings{{"user", scalar(setting(part, "user", properties.trimmed("username")))},
                      {"password", scalar(secret(part, "password"))}}));
  part.by_hand("envelope", "Mirth puts the message into an envelope; here it leaves as it is");
  return section;
}
Section jms_target(Item const&, Part const& part) {
  return no_target(part,
                   "JMS is not there: amqp, nats or kafka are, with the same broker's other side");
}
Section document_target(Item const&, Part const& part) {
  return no_target(part,
                   "no PDF or RTF is made: let a program make it of the files of a destination");
}
Section dicom_target(Item const&, Part const& part) {
  return no_target(part, "DICOM is not sent by channels");
}

struct TargetRow {
  std::string_view kind;
  Section (*convert)(Item const&, Part const&);
};
constexpr auto kTargets = std::to_array<TargetRow>({
    {"DICOMDispatcherProperties", dicom_target},
    {"DatabaseDispatcherProperties", nullptr},  // needs the fields
    {"DocumentDispatcherProperties", document_target},
    {"FileDispatcherProperties", file_target},
    {"HttpDispatcherProperties", http_target},
    {"JavaScriptDispatcherProperties", script_target},
    {"JmsDispatcherProperties", jms_target},
    {"LLPSenderProperties", tcp_target},
    {"SmtpDispatcherProperties", mail_target},
    {"TcpDispatcherProperties", tcp_target},
    {"VmDispatcherProperties", channel_target},
    {"WebServiceDispatcherProperties", soap_target},
});
static_assert(std::ranges::is_sorted(kTargets, {}, &TargetRow::kind));

}  // namespace

Section convert_target(Item const& connector, Part const& part, MapFields const& fields) {
  auto const properties = connector["properties"];
  auto const kind = properties.kind();
  auto const* const row = std::ranges::find(kTargets, kind, &TargetRow::kind);
  if (row == kTargets.end())
    return no_target(part,
                     "the connector " + transport_of(connector) + " (" + kind + ") is not known");
  auto section = row->convert == nullptr ? database_target(properties, part, fields)
                                         : row->convert(properties, part);
  report_plugins(properties, part);
  return section;
}

Settings convert_policies(Item const& connector, Part const& part) {
  auto const all = connector["properties"];
  auto queue = all["destinationConnectorProperties"];
  if (!queue.exists()) queue = all["queueConnectorProperties"];
  Settings settings;
  auto const interval = queue.number("retryIntervalMillis", 10'000);
  auto const retries = queue.number("retryCount", 0);
  auto const threads = queue.number("threadCount", 1);
  if (!queue.is_true("queueEnabled")) {
    part.differs("queue", retries == 0
                              ? "Mirth tries once and gives up; here a message is kept and "
                                "tried again until it is delivered"
                              : "Mirth tries " + std::to_string(retries) +
                                    " times more and gives up; here it is tried until it is "
                                    "delivered");
  } else {
    settings.emplace_back("retry", flow(Settings{{"first", duration(interval)},
                                                 {"factor", "1"},
                                                 {"longest", duration(interval)}}));
    if (queue.is_true("rotate")) {
      settings.emplace_back("order", "none");
      part.converted("queue", "rotating: a message that fails lets the others pass");
    } else if (threads > 1) {
      part.differs("queue", "its threads are lanes of patients: messages of one stay in order");
    } else {
      settings.emplace_back("order", "destination");
      part.converted("queue", "one after the other; a message that fails holds the others");
    }
  }
  if (auto const by = queue.trimmed("threadAssignmentVariable"); !by.empty())
    part.differs("thread assignment by '" + by + "'",
                 "lanes are those of patients (or 'order: order')");
  return settings;
}

}  // namespace sinew::mirth
