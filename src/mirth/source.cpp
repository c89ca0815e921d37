#include <algorithm>
#include <array>

#include "base/text.h"
#include "mirth/connector.h"

namespace sinew::mirth {
namespace {

/// How the sender is answered.
struct ResponseRow {
  std::string_view variable;
  Verdict verdict;
  std::string_view why;
};
// clang-format off
constexpr auto kResponses = std::to_array<ResponseRow>({
    {"Auto-generate (After source transformer)", Verdict::differs,
     "the answer says that the message is kept for good, before any filter or script ran: AA where Mirth may say AR or AE"},
    {"Auto-generate (Before processing)", Verdict::converted, ""},
    {"Auto-generate (Destinations completed)", Verdict::differs,
     "the answer says that the message is kept for good, before any destination got it: AA where Mirth may say AE"},
    {"None", Verdict::converted, ""},
    {"Postprocessor", Verdict::by_hand, "the postprocessor makes the answer in Mirth; here the source answers by itself"},
});
// clang-format on

void report_response(Item const& properties, Part const& part) {
  auto const settings = properties["sourceConnectorProperties"];
  // Nobody waits for an answer behind a file or a table.
  bool const is_asked = properties["listenerConnectorProperties"].exists();
  auto const variable = is_asked ? settings.trimmed("responseVariable") : std::string();
  auto const* const row = std::ranges::find(kResponses, variable, &ResponseRow::variable);
  if (row != kResponses.end()) {
    part.add(row->verdict, "response \"" + variable + "\"", std::string(row->why));
  } else if (!variable.empty()) {
    part.by_hand("response \"" + variable + "\"",
                 "Mirth answers with what a destination or a script says; here the source answers "
                 "once the message is kept for good");
  }
  if (settings.is_true("processBatch"))
    part.differs("batch",
                 "messages of a batch are told apart by their MSH; other ways of splitting "
                 "are settings of the source");
  if (settings.number("processingThreads", 1) > 1)
    part.differs("threads", "messages of one patient stay in order whatever the number of threads");
}

void report_polling(Item const& properties, Part const& part, Settings& settings) {
  auto const polling = properties["pollConnectorProperties"];
  auto const type = polling.trimmed("pollingType");
  auto every = polling.number("pollingFrequency", 5000);
  if (type == "TIME" || type == "CRON") {
    std::string when = type == "TIME" ? "each day at " + polling.trimmed("pollingHour") + ':' +
                                            polling.trimmed("pollingMinute")
                                      : std::string("as cron says");
    for (auto const& job : polling["cronJobs"].items())
      when += " '" + job.trimmed("expression") + "'";
    part.by_hand("polling", "Mirth looks " + when + "; here it is looked at the whole day");
    every = 60'000;
  }
  auto const advanced = polling["pollConnectorPropertiesAdvanced"];
  bool const is_limited =
      (advanced.exists() && !advanced.is_true("allDay")) ||
      std::ranges::any_of(advanced["inactiveDays"].items(),
                          [](Item const& day) { return trim(day.text()) == "true"; });
  if (is_limited && type == "INTERVAL")
    part.by_hand("polling",
                 "Mirth looks at some hours or days only; here it is looked all the time");
  settings.emplace_back("each", duration(every));
}

Section tcp_source(Item const& properties, Part const& part) {
  auto const mode = properties["transmissionModeProperties"];
  bool const is_mllp =
      mode.kind() == "MLLPModeProperties" || mode.trimmed("pluginPointName") == "MLLP";
  Section section(is_mllp ? "mllp" : "tcp");
  auto const listener = properties["listenerConnectorProperties"];
  if (properties.trimmed("serverMode") == "false") {
    Settings address;
    add_address(address, part, properties.trimmed("remoteAddress"),
                properties.trimmed("remotePort"));
    section.settings.emplace_back("connect", flow(address));
  } else {
    auto const host = setting(part, "host", listener.trimmed("host"));
    auto const port = port_setting(part, listener.trimmed("port"));
    section.settings.emplace_back("listen", scalar((host.empty() ? "0.0.0.0" : host) + ':' + port));
  }
  if (is_mllp && mode.is_true("useMLLPv2"))
    part.by_hand("MLLP release 2", "frames are acknowledged by messages, not by single bytes");
  auto const frame = frame_of(mode);
  if (!frame.empty()) {
    section.kind = "tcp";
    section.settings.emplace_back("frame", frame);
  }
  if (section.kind == "tcp" && frame.empty() && !is_mllp)
    part.differs("frame", "Mirth is told no bytes round a message; here they are those of MLLP");
  if (properties["sourceConnectorProperties"].trimmed("responseVariable") == "None") {
    section.kind = "tcp";
    section.settings.emplace_back("answer", "none");
  }
  if (auto const tls = tls_of(properties, part, "server"); !tls.empty())
    section.settings.emplace_back("tls", tls);
  if (is_mllp &&
      (mode.trimmed("startOfMessageBytes") != "0B" ||
       mode.trimmed("endOfMessageBytes") != "1C0D") &&
      mode["startOfMessageBytes"].exists())
    part.by_hand("frame", "other bytes than those of MLLP stand round a message: a tcp source");
  if (properties.trimmed("respondOnNewConnection") == "1" ||
      properties.trimmed("respondOnNewConnection") == "NEW_CONNECTION")
    part.by_hand("answer on a new connection", "answers leave on the connection of the message");
  if (properties.is_true("dataTypeBinary"))
    part.by_hand("binary data", "messages are text of HL7 v2");
  return section;
}

Section http_source(Item const& properties, Part const& part) {
  Section section("http");
  auto const listener = properties["listenerConnectorProperties"];
  auto const host = setting(part, "host", listener.trimmed("host"));
  auto const port = port_setting(part, listener.trimmed("port"));
  section.settings.emplace_back("listen", scalar((host.empty() ? "0.0.0.0" : host) + ':' + port));
  auto path = setting(part, "path", properties.trimmed("contextPath"));
  if (!path.empty()) {
    if (!path.starts_with('/')) path.insert(0, "/");
    section.settings.emplace_back("path", scalar(path));
  }
  for (auto const& plugin : properties["pluginProperties"].items()) {
    if (plugin.kind() != "BasicHttpAuthProperties") continue;
    auto const users = plugin.entries("credentials");
    if (users.size() != 1)
      part.by_hand("users", "the source knows one user and password; Mirth has " +
                                std::to_string(users.size()));
    Settings basic{{"user", scalar(setting(part, "user", users.empty() ? "" : users[0].first))},
                   {"password", scalar(secret(part, "password"))}};
    section.settings.emplace_back("basic", flow(basic));
  }
  if (auto const tls = tls_of(properties, part, "server"); !tls.empty())
    section.settings.emplace_back("tls", tls);
  if (properties.is_true("xmlBody"))
    part.by_hand("XML body",
                 "the body is the message; method, headers and parameters are not "
                 "wrapped round it");
  if (!properties["staticResources"].items().empty())
    part.by_hand("static resources", "the source gives out no files: use a web server");
  auto const status = properties.trimmed("responseStatusCode");
  if (!status.empty() || !properties.entries("responseHeaders").empty())
    part.differs("answer", "the status and headers of the answer are those of the source");
  return section;
}

Section file_source(Item const& properties, Part const& part) {
  auto section = folder_section(properties, part);
  auto& settings = section.settings;
  auto pattern = properties.trimmed("fileFilter");
  if (pattern.empty()) pattern = properties.trimmed("inputPattern");
  if (properties.is_true("regex")) {
    part.by_hand("pattern", "a regular expression: '" + pattern + "'; write patterns with * and ?");
    pattern = "*";
  }
  if (!pattern.empty() && pattern != "*") {
    std::vector<std::string> patterns;
    for (auto const each : split(pattern, ',')) patterns.emplace_back(trim(each));
    settings.emplace_back("pattern", flow(patterns));
  }
  report_polling(properties, part, settings);
  if (properties.is_true("checkFileAge"))
    settings.emplace_back("settle", duration(properties.number("fileAge", 1000)));
  if (properties.trimmed("sortBy") == "date") settings.emplace_back("order", "time");
  auto const action = properties.trimmed("afterProcessingAction");
  if (action == "DELETE") settings.emplace_back("after", "delete");
  if (action == "MOVE") {
    auto const folder =
        setting(part, "folder of done files", properties.trimmed("moveToDirectory"));
    if (!folder.empty()) settings.emplace_back("after", flow(Settings{{"move", scalar(folder)}}));
    if (!properties.trimmed("moveToFileName").empty())
      part.differs("name of done files", "a file keeps its name when it is moved");
  }
  if (action == "NONE" || action.empty())
    part.differs("after reading",
                 "Mirth leaves files where they are and reads them again; here they "
                 "are moved to the folder 'done'");
  if (auto const folder = properties.trimmed("errorMoveToDirectory"); !folder.empty())
    settings.emplace_back("errors", scalar(setting(part, "folder of refused files", folder)));
  if (properties.is_true("directoryRecursion"))
    part.by_hand("folders below", "only the folder itself is looked at: a source for each");
  if (properties.is_true("binary")) part.by_hand("binary files", "messages are text of HL7 v2");
  return section;
}

/// `${column}` of a statement as `:column`. A quote round it goes: it is a value, not text.
std::string with_columns(std::string_view statement) {
  std::string out;
  while (!statement.empty()) {
    auto const begin = statement.find("${");
    auto const end = begin == std::string_view::npos ? begin : statement.find('}', begin);
    if (end == std::string_view::npos) return out + std::string(statement);
    bool const is_quoted = begin > 0 && statement[begin - 1] == '\'' &&
                           end + 1 < statement.size() && statement[end + 1] == '\'';
    out += statement.substr(0, is_quoted ? begin - 1 : begin);
    out += ':' + std::string(statement.substr(begin + 2, end - begin - 2));
    statement.remove_prefix(is_quoted ? end + 2 : end + 1);
  }
  return out;
}

/// The column of a query that selects one.
std::string only_column(std::string_view query) {
  auto const lower = to_lower(query);
  auto const from = lower.find(" from ");
  if (!lower.starts_with("select ") || from == std::string::npos) return {};
  auto const column = trim(query.substr(7, from - 7));
  bool const is_name = !column.empty() && std::ranges::all_of(column, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_';
  });
  return is_name ? std::string(column) : std::string();
}

Section database_source(Item const& properties, Part const& part) {
  auto section = database_section(properties, part);
  if (properties.is_true("useScript")) {
    part.by_hand("query", "a script asks the database in Mirth: write it as SQL");
    section.is_draft = true;
    return section;
  }
  auto const whole = properties.text("select");
  auto const query = trim(whole);
  section.settings.emplace_back("query", scalar(query));
  auto const column = only_column(query);
  section.settings.emplace_back("message", scalar(column.empty() ? "message" : column));
  if (column.empty()) {
    part.by_hand("rows",
                 "a row is XML in Mirth, which scripts make a message of; here one column "
                 "holds the message, or a 'template' makes it of the columns");
    section.is_draft = true;
  }
  if (properties.trimmed("updateMode") != "1" && !properties.trimmed("update").empty())
    section.settings.emplace_back("mark", scalar(with_columns(properties.trimmed("update"))));
  report_polling(properties, part, section.settings);
  return section;
}

Section channel_source(Item const&, Part const& part) {
  part.converted("Channel Reader", "other channels send to it by its name");
  Section section("channel");
  section.value = "true";
  return section;
}

Section no_source(Part const& part, std::string_view why) {
  part.by_hand("connector", std::string(why));
  return Section();
}
Section script_source(Item const&, Part const& part) {
  return no_source(part,
                   "scripts bring in no messages: use a file, http or sql source, or a small "
                   "program that posts to an http source");
}
Section soap_source(Item const& properties, Part const& part) {
  auto section = http_source(properties, part);
  auto const service = properties.trimmed("serviceName");
  if (!service.empty()) section.settings.emplace_back("path", scalar("/services/" + service));
  section.settings.emplace_back("soap", "true");
  part.differs("web service",
               "the text in the body of the envelope is the message; there is no WSDL");
  if (properties.trimmed("className").find("DefaultAcceptMessage") == std::string::npos)
    part.by_hand("class " + properties.trimmed("className"), "Java classes are not there");
  return section;
}
Section jms_source(Item const&, Part const& part) {
  return no_source(part,
                   "JMS is not there: amqp, nats or kafka are, with the same broker's other side");
}
Section dicom_source(Item const&, Part const& part) {
  return no_source(part, "DICOM is not taken in by channels");
}

struct SourceRow {
  std::string_view kind;
  Section (*convert)(Item const&, Part const&);
};
constexpr auto kSources = std::to_array<SourceRow>({
    {"DICOMReceiverProperties", dicom_source},
    {"DatabaseReceiverProperties", database_source},
    {"FileReceiverProperties", file_source},
    {"HttpReceiverProperties", http_source},
    {"JavaScriptReceiverProperties", script_source},
    {"JmsReceiverProperties", jms_source},
    {"LLPListenerProperties", tcp_source},
    {"TcpReceiverProperties", tcp_source},
    {"VmReceiverProperties", channel_source},
    {"WebServiceReceiverProperties", soap_source},
});
static_assert(std::ranges::is_sorted(kSources, {}, &SourceRow::kind));

}  // namespace

Section convert_source(Item const& connector, Part const& part) {
  auto const properties = connector["properties"];
  auto const kind = properties.kind();
  auto const* const row = std::ranges::find(kSources, kind, &SourceRow::kind);
  if (row == kSources.end())
    return no_source(part,
                     "the connector " + transport_of(connector) + " (" + kind + ") is not known");
  auto section = row->convert(properties, part);
  report_plugins(properties, part);
  report_response(properties, part);
  auto const charset = properties.trimmed("charsetEncoding");
  if (!charset.empty() && charset != "DEFAULT_ENCODING" && charset != "UTF-8")
    part.by_hand("charset " + charset, "name it by table 0211 with 'charset' beside the connector");
  return section;
}

}  // namespace sinew::mirth
