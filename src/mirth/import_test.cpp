#include "mirth/import.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "mirth/part.h"
#include "mirth/yaml.h"

namespace {

using namespace sinew;
using namespace sinew::mirth;

Kinds all_kinds() {
  return {{"amqp", "file", "http", "kafka", "mllp", "nats", "sftp", "sql", "tcp"},
          {"channel", "file", "http", "mllp", "sftp", "smtp", "sql", "tcp"}};
}

std::string connector(std::string_view kind, std::string_view properties,
                      std::string_view more = {}) {
  return "<properties class=\"com.mirth.connect.connectors." + std::string(kind) +
         "\" version=\"4.5.2\"><pluginProperties/>" + std::string(properties) + "</properties>" +
         std::string(more);
}

constexpr std::string_view kHl7 =
    "<inboundDataType>HL7V2</inboundDataType><outboundDataType>HL7V2</outboundDataType>";
constexpr std::string_view kReader = "vm.VmReceiverProperties";
constexpr std::string_view kQueue =
    "<destinationConnectorProperties version=\"4.5.2\"><queueEnabled>true</queueEnabled>"
    "<retryIntervalMillis>15000</retryIntervalMillis><retryCount>0</retryCount><rotate>false</"
    "rotate>"
    "<threadCount>1</threadCount></destinationConnectorProperties>";

struct Parts {
  std::string source = connector(kReader, "");
  std::string filter, steps;  ///< of the source: elements
  std::string target =
      connector("tcp.TcpDispatcherProperties",
                std::string(kQueue) +
                    "<transmissionModeProperties class=\"com.mirth.connect.plugins."
                    "mllpmode.MLLPModeProperties\"/><remoteAddress>10.0.0.5</remoteAddress>"
                    "<remotePort>6661</remotePort><template>${message.encodedData}</template>");
  std::string target_filter, target_steps;
  std::string more;  ///< of the channel
  std::string inbound = std::string(kHl7);
};

std::string channel(Parts const& parts) {
  return "<channel version=\"4.5.2\"><id>c-1</id><name>Lab In</name><revision>3</revision>"
         "<sourceConnector "
         "version=\"4.5.2\"><metaDataId>0</metaDataId><name>sourceConnector</name>" +
         parts.source + "<transformer><elements>" + parts.steps + "</elements>" + parts.inbound +
         "</transformer><filter><elements>" + parts.filter +
         "</elements></filter><transportName>X</transportName></sourceConnector>"
         "<destinationConnectors><connector version=\"4.5.2\"><metaDataId>1</metaDataId>"
         "<name>Billing A</name>" +
         parts.target + "<transformer><elements>" + parts.target_steps + "</elements>" +
         std::string(kHl7) + "</transformer><filter><elements>" + parts.target_filter +
         "</elements></filter><transportName>TCP Sender</transportName><enabled>true</enabled>"
         "</connector></destinationConnectors>" +
         parts.more + "</channel>";
}

Import imported(std::string text) {
  std::vector<std::pair<std::string, std::string>> exports;
  exports.emplace_back("export.xml", std::move(text));
  auto result = import_exports(std::move(exports), all_kinds());
  if (!result) FAIL(to_string(result.error()));
  return *std::move(result);
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// How the report speaks of a piece; nothing when it does not.
std::string verdict_of(Import const& import, std::string_view what) {
  for (auto const& entry : import.report.entries)
    if (has(entry.what, what)) return std::string(to_string(entry.verdict));
  return {};
}

std::string element(std::string_view kind, std::string_view inner, std::string_view name = "n") {
  return "<com.mirth.connect.plugins." + std::string(kind) + " version=\"4.5.2\"><name>" +
         std::string(name) + "</name><sequenceNumber>0</sequenceNumber><enabled>true</enabled>" +
         std::string(inner) + "</com.mirth.connect.plugins." + std::string(kind) + ">";
}
std::string rule(std::string_view field, std::string_view condition, std::string_view values,
                 std::string_view join = "") {
  return element("rulebuilder.RuleBuilderRule",
                 (join.empty() ? "" : "<operator>" + std::string(join) + "</operator>") +
                     "<field>" + std::string(field) + "</field><condition>" +
                     std::string(condition) + "</condition><values>" + std::string(values) +
                     "</values>");
}
std::string js_rule(std::string_view script, std::string_view join = "") {
  return element("javascriptrule.JavaScriptRule",
                 (join.empty() ? "" : "<operator>" + std::string(join) + "</operator>") +
                     "<script>" + std::string(script) + "</script>");
}
std::string js_step(std::string_view script, std::string_view name = "n") {
  return element("javascriptstep.JavaScriptStep", "<script>" + std::string(script) + "</script>",
                 name);
}

}  // namespace

TEST_CASE("each source becomes a section of the channel file") {
  std::string const listener =
      "<listenerConnectorProperties><host>0.0.0.0</host><port>6661</port></"
      "listenerConnectorProperties>";
  std::string const poll =
      "<pollConnectorProperties><pollingType>INTERVAL</pollingType><pollingFrequency>30000"
      "</pollingFrequency></pollConnectorProperties>";
  struct {
    std::string_view kind;
    std::string properties;
    std::string_view yaml;
  } const rows[] = {
      {"tcp.TcpReceiverProperties",
       listener +
           "<serverMode>true</serverMode><transmissionModeProperties class=\"com.mirth.connect."
           "plugins.mllpmode.MLLPModeProperties\"><startOfMessageBytes>0B</startOfMessageBytes>"
           "<endOfMessageBytes>1C0D</endOfMessageBytes></transmissionModeProperties>",
       "source:\n  mllp: {listen: \"0.0.0.0:6661\"}\n"},
      {"tcp.TcpReceiverProperties",
       listener +
           "<transmissionModeProperties class=\"com.mirth.connect.model.transmission.framemode."
           "FrameModeProperties\"><pluginPointName>Basic</pluginPointName><startOfMessageBytes>02"
           "</startOfMessageBytes><endOfMessageBytes>03</endOfMessageBytes></"
           "transmissionModeProperties>",
       "  tcp: {listen: \"0.0.0.0:6661\", frame: {start: \"02\", end: \"03\"}}\n"},
      {"tcp.TcpReceiverProperties",
       "<serverMode>false</serverMode><remoteAddress>10.0.0.1</remoteAddress><remotePort>7</"
       "remotePort>"
       "<sourceConnectorProperties><responseVariable>None</responseVariable></"
       "sourceConnectorProperties>"
       "<transmissionModeProperties "
       "class=\"com.mirth.connect.plugins.mllpmode.MLLPModeProperties\"/>",
       "  tcp: {connect: {host: 10.0.0.1, port: 7}, answer: none}\n"},
      {"http.HttpReceiverProperties", listener + "<contextPath>/lab</contextPath>",
       "  http: {listen: \"0.0.0.0:6661\", path: /lab}\n"},
      {"file.FileReceiverProperties",
       poll + "<scheme>FILE</scheme><host>/data/in</host><fileFilter>*.hl7,*.txt</fileFilter>"
              "<afterProcessingAction>MOVE</afterProcessingAction><moveToDirectory>/data/done"
              "</moveToDirectory><checkFileAge>true</checkFileAge><fileAge>2000</"
              "fileAge><sortBy>date</sortBy>",
       "folder: /data/in\n    pattern: [\"*.hl7\", \"*.txt\"]\n    each: 30s\n    settle: 2s\n    "
       "order: "
       "time\n    after: {move: /data/done}\n"},
      {"file.FileReceiverProperties",
       poll + "<scheme>SFTP</scheme><host>sftp.example/in</host><username>me</"
              "username><password>geheim"
              "</password><fileFilter>*</fileFilter><afterProcessingAction>DELETE</"
              "afterProcessingAction>",
       "sftp:\n    host: sftp.example\n    port: 22\n    user: me\n    password: "
       "\"${LAB_IN_PASSWORD}\"\n    known-hosts: \"${LAB_IN_KNOWN_HOSTS}\"\n    folder: /in\n    "
       "each: 30s\n    after: delete\n"},
      {"jdbc.DatabaseReceiverProperties",
       poll + "<driver>org.postgresql.Driver</driver><url>jdbc:postgresql://db/x</url><username>u"
              "</username><password>geheim</password><select>SELECT text FROM t</select>"
              "<update>DELETE FROM t WHERE id = '${id}'</update><updateMode>3</updateMode>",
       "    connection: \"${LAB_IN_CONNECTION}\"\n    query: \"SELECT text FROM t\"\n    message: "
       "text\n"
       "    mark: \"DELETE FROM t WHERE id = :id\"\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.yaml);
    Parts parts;
    parts.source = connector(row.kind, row.properties);
    auto const import = imported(channel(parts));
    auto const& yaml = import.files.at("Lab-In.yaml");
    CAPTURE(yaml);
    CHECK(has(yaml, row.yaml));
    for (auto const& [name, content] : import.files) CHECK(!has(content, "geheim"));
  }
}

TEST_CASE("a source that nothing stands for is in the report, and the file is there") {
  for (auto const* kind : {"js.JavaScriptReceiverProperties", "jms.JmsReceiverProperties",
                           "dimse.DICOMReceiverProperties", "odd.UnknownProperties"}) {
    CAPTURE(kind);
    Parts parts;
    parts.source = connector(kind, "<script>return 1</script>");
    auto const import = imported(channel(parts));
    CHECK(verdict_of(import, "connector") == "by-hand");
    CHECK(has(import.files.at("Lab-In.yaml"), "feeds: [Lab-In]\n"));
  }
}

TEST_CASE("each target becomes a section of its destination") {
  struct {
    std::string_view kind;
    std::string properties;
    std::string_view yaml;
  } const rows[] = {
      {"tcp.TcpDispatcherProperties",
       "<transmissionModeProperties "
       "class=\"com.mirth.connect.plugins.mllpmode.MLLPModeProperties\"/>"
       "<remoteAddress>10.0.0.5</remoteAddress><remotePort>6661</remotePort><responseTimeout>5000"
       "</responseTimeout><template>${message.encodedData}</template>",
       "    mllp: {host: 10.0.0.5, port: 6661, timeout: 5s}\n"},
      {"http.HttpDispatcherProperties",
       "<host>http://x/y</host><method>put</method><contentType>text/plain</contentType><headers "
       "class="
       "\"linked-hash-map\"><entry><string>X-A</string><list><string>1</string></list></"
       "entry><entry>"
       "<string>Authorization</string><list><string>Bearer geheim</string></list></entry></headers>"
       "<useAuthentication>true</useAuthentication><authenticationType>Basic</authenticationType>"
       "<username>u</username><password>geheim</password><content>${message.rawData}</content>",
       "      method: PUT\n      content-type: text/plain\n      headers: {X-A: 1, Authorization: "
       "\"${LAB_IN_BILLING_A_HEADER_AUTHORIZATION}\"}\n      basic: {user: u, password: "
       "\"${LAB_IN_BILLING_A_PASSWORD}\"}\n"},
      {"file.FileDispatcherProperties",
       "<scheme>FILE</scheme><host>/out/</host><outputPattern>${date.get('yyyyMMdd')}-${UUID}.hl7"
       "</outputPattern><template>${message.encodedData}</template>",
       "    file: {folder: /out, name: \"{date}-{item}.hl7\"}\n"},
      {"file.FileDispatcherProperties",
       "<scheme>FILE</scheme><host>/out</host><outputPattern>all.hl7</"
       "outputPattern><outputAppend>true"
       "</outputAppend>",
       "name: \"{item}-all.hl7\""},
      {"jdbc.DatabaseDispatcherProperties",
       "<url>jdbc:postgresql://db/x?user=u&amp;password=geheim</url><password>geheim</password>"
       "<query>INSERT INTO t VALUES (${mrn}, '${message.encodedData}')</query>",
       "statement: \"INSERT INTO t VALUES (:mrn, :message_encodeddata)\"\n      values: {mrn: "
       "PID-3.1, "
       "message_encodeddata: message}\n"},
      {"smtp.SmtpDispatcherProperties",
       "<smtpHost>mail.example</smtpHost><smtpPort>587</smtpPort><encryption>TLS</"
       "encryption><to>a@b.example"
       "</to><from>c@d.example</from><subject>Hi</subject><body>${message.encodedData}</body>",
       "security: starttls"},
      {"ws.WebServiceDispatcherProperties",
       "<locationURI>http://x/soap</locationURI><soapAction>add</soapAction>",
       "url: \"http://x/soap\""},
      {"vm.VmDispatcherProperties", "<channelId>c-1</channelId>", "    channel: Lab-In\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.yaml);
    Parts parts;
    parts.target = connector(row.kind, row.properties);
    parts.steps =
        element("mapper.MapperStep",
                "<variable>mrn</variable><mapping>msg['PID']['PID.3']['PID.3.1'].toString()"
                "</mapping><defaultValue></defaultValue><replacements/><scope>CHANNEL</scope>");
    auto const import = imported(channel(parts));
    auto const& yaml = import.files.at("Lab-In.yaml");
    CAPTURE(yaml);
    CHECK(has(yaml, row.yaml));
    CHECK(has(yaml, "  - name: Billing-A\n"));
    for (auto const& [name, content] : import.files) CHECK(!has(content, "geheim"));
  }
}

TEST_CASE("a channel is sent to by its name when it reads from channels") {
  auto const two = [](std::string const& source) {
    Parts receiving;
    receiving.source = source;
    auto to = channel(receiving);
    to.replace(to.find("c-1"), 3, "c-9");
    to.replace(to.find("Lab In"), 6, "Second");
    Parts sending;
    sending.target = connector("vm.VmDispatcherProperties", "<channelId>c-9</channelId>");
    return imported("<list>" + channel(sending) + to + "</list>").files.at("Lab-In.yaml");
  };
  CHECK(has(two(connector(kReader, "")), "    channel: Second\n"));
  CHECK(has(two(connector("file.FileReceiverProperties", "<host>/x</host>")),
            "#     channel: Second\n"));
}

TEST_CASE("a connector that channel files do not take yet stands there as a comment") {
  std::vector<std::pair<std::string, std::string>> exports;
  exports.emplace_back("export.xml", channel({}));
  auto const import = import_exports(std::move(exports), Kinds{});
  REQUIRE(import);
  auto const& yaml = import->files.at("Lab-In.yaml");
  CHECK(has(yaml, "destinations: []\n#   - name: Billing-A\n#     mllp: "));
  CHECK(verdict_of(*import, "connector (TCP Sender)") == "by-hand");
}

TEST_CASE("queues become retries and an order") {
  auto const queued = imported(channel({}));
  CHECK(has(queued.files.at("Lab-In.yaml"),
            "    retry: {first: 15s, factor: 1, longest: 15s}\n    order: destination\n"));
  CHECK(verdict_of(queued, "queue") == "converted");
  Parts parts;
  parts.target = connector("tcp.TcpDispatcherProperties",
                           "<destinationConnectorProperties><queueEnabled>false</queueEnabled>"
                           "</destinationConnectorProperties><remoteAddress>h</remoteAddress>"
                           "<remotePort>1</remotePort>");
  CHECK(verdict_of(imported(channel(parts)), "queue") == "differs");
}

TEST_CASE("rules of the rule builder become conditions") {
  std::string const event =
      "msg[&apos;MSH&apos;][&apos;MSH.9&apos;][&apos;MSH.9.2&apos;].toString()";
  std::string const code =
      "msg[&apos;OBX&apos;][&apos;OBX.3&apos;][&apos;OBX.3.1&apos;].toString()";
  struct {
    std::string rules;
    std::string_view yaml, verdict;
  } const rows[] = {
      {rule(event, "EQUALS", "<string>\"A01\"</string><string>'A04'</string>"),
       "accept:\n  - {field: MSH-9.2, is: [A01, A04]}\n", "converted"},
      {rule(event, "NOT_EQUAL", "<string>\"A01\"</string>"), "- {field: MSH-9.2, is-not: [A01]}\n",
       "converted"},
      {rule(event, "EXISTS", ""), "- {field: MSH-9.2, exists: true}\n", "converted"},
      {rule(event, "NOT_EXIST", ""), "- {field: MSH-9.2, exists: false}\n", "converted"},
      {rule(event, "EQUALS", ""), "- {field: MSH-9.2, exists: false}\n", "converted"},
      {rule(event, "CONTAINS", "<string>\"A.0\"</string>"),
       "- {field: MSH-9.2, matches: \"A\\\\.0\"}\n", "converted"},
      {rule(event, "NOT_CONTAIN", "<string>\"A0\"</string>"),
       "- {not: [{field: MSH-9.2, matches: A0}]}\n", "converted"},
      {rule(code, "EQUALS", "<string>\"GLU\"</string>"), "- {field: OBX-3.1, is: [GLU]}\n",
       "differs"},
      {rule(event, "EXISTS", "") + rule(code, "EXISTS", "", "AND"),
       "accept:\n  - {field: MSH-9.2, exists: true}\n  - {field: OBX-3.1, exists: true}\n",
       "converted"},
      {rule(event, "EXISTS", "") + rule(code, "EXISTS", "", "OR") +
           rule(event, "EXISTS", "", "AND"),
       "accept:\n  - {any: [{field: MSH-9.2, exists: true}, {all: [{field: OBX-3.1, exists: true}, "
       "{field: MSH-9.2, exists: true}]}]}\n",
       "converted"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.yaml);
    Parts parts;
    parts.filter = row.rules;
    auto const import = imported(channel(parts));
    CHECK(has(import.files.at("Lab-In.yaml"), row.yaml));
    CHECK(verdict_of(import, "rule 1") == row.verdict);
  }
}

TEST_CASE("other rules become a script that says whether the message passes") {
  Parts parts;
  parts.filter = rule("msg['MSH']['MSH.9']['MSH.9.1']", "EXISTS", "") +
                 js_rule("if (msg..OBX.length() &gt; 1)\n  return true;", "AND");
  auto const and_ed = imported(channel(parts));
  CHECK(has(and_ed.files.at("Lab-In.yaml"),
            "accept:\n  - {field: MSH-9.1, exists: true}\ntransform:\n  - script: "
            "scripts/Lab-In-filter.js\n"));
  CHECK(and_ed.files.at("scripts/Lab-In-filter.js") ==
        "return Boolean((function () { if (msg['OBX'].length() > 1)\n  return true;\n})());\n");
  parts.filter = rule("msg['MSH']['MSH.9']['MSH.9.1']", "EQUALS", "<string>'ORU'</string>") +
                 js_rule("return false;", "OR");
  auto const or_ed = imported(channel(parts));
  CHECK(!has(or_ed.files.at("Lab-In.yaml"), "accept:"));
  CHECK(or_ed.files.at("scripts/Lab-In-filter.js") ==
        "return Boolean((function () { return (msg['MSH']['MSH.9']['MSH.9.1'] == 'ORU');\n})()) || "
        "Boolean((function () { return false;\n})());\n");
}

TEST_CASE("plain steps become steps, others one script in one scope") {
  auto const builder = [](std::string_view to, std::string_view from) {
    return element("messagebuilder.MessageBuilderStep",
                   "<messageSegment>" + std::string(to) + "</messageSegment><mapping>" +
                       std::string(from) +
                       "</mapping><defaultValue></defaultValue><replacements/>");
  };
  Parts parts;
  parts.steps =
      builder("msg['PID']['PID.8']['PID.8.1']", "\"F\"") +
      builder("tmp['PID']['PID.4']['PID.4.1']", "msg['PID']['PID.3'][0]['PID.3.1'].toString()") +
      builder("msg['PID']['PID.9']['PID.9.1']", "");
  auto const plain = imported(channel(parts));
  CHECK(has(plain.files.at("Lab-In.yaml"),
            "transform:\n  - set: {PID-8.1: F}\n  - copy: {from: \"PID-3[1].1\", to: PID-4.1}\n  - "
            "clear: PID-9.1\n"));
  parts.steps +=
      js_step("var a = 1;", "first") + js_step("a = msg..OBX.length();", "second") +
      element("mapper.MapperStep",
              "<variable>mrn</variable><mapping>msg['PID']['PID.3']['PID.3.1']</mapping>"
              "<defaultValue>'?'</defaultValue><replacements><org.apache.commons.lang3.tuple."
              "ImmutablePair><left>\"^0+\"</left><right>\"\"</right></org.apache.commons.lang3."
              "tuple.ImmutablePair></replacements><scope>CHANNEL</scope>");
  auto const scripted = imported(channel(parts));
  auto const& script = scripted.files.at("scripts/Lab-In-transform.js");
  CHECK(has(script, "msg['PID']['PID.8']['PID.8.1'] = validate(\"F\", '', []);\n"));
  CHECK(has(script, "// step 4 \"first\" (JavaScript)\nvar a = 1;\n"));
  CHECK(has(script, "a = msg['OBX'].length();\n"));
  CHECK(has(
      script,
      "{ let mapping; try { mapping = msg['PID']['PID.3']['PID.3.1']; } catch (e) { "
      "mapping = ''; } channelMap.put(\"mrn\", validate(mapping, '?', [[\"^0+\", \"\"]])); }\n"));
  CHECK(has(scripted.files.at("Lab-In.yaml"), "  - script: scripts/Lab-In-transform.js\n"));
}

TEST_CASE("a remark names the step and the line of the file") {
  Parts parts;
  parts.steps =
      js_step("var a = 1;\nvar b = 2;", "one") + js_step("\nalerts.sendAlert('x');", "two");
  auto const import = imported(channel(parts));
  auto const entry = std::ranges::find_if(import.report.entries, [](Entry const& each) {
    return each.verdict == Verdict::by_hand && has(each.what, "\"two\"");
  });
  REQUIRE(entry != import.report.entries.end());
  CHECK(entry->line == 6);
  CHECK(entry->channel == "Lab In");
  CHECK(entry->part == "source transformer");
  CHECK(verdict_of(import, "\"one\"") == "converted");
  CHECK(has(import.files.at("IMPORT.md"), "line 6 — alerts: "));
}

TEST_CASE("iterators become loops; XSLT and files of the server are for a person") {
  Parts parts;
  parts.steps =
      "<com.mirth.connect.model.IteratorStep version=\"4.5.2\"><name>i</name><sequenceNumber>0"
      "</sequenceNumber><enabled>true</enabled><properties class=\"com.mirth.connect.model."
      "IteratorStepProperties\"><target>msg['OBX']</target><indexVariable>i</indexVariable>"
      "<prefixSubstitutions/><children>" +
      js_step("msg['OBX'][i]['OBX.2']['OBX.2.1'] = 'ST';") +
      "</children></properties></com.mirth.connect.model.IteratorStep>" +
      element("xsltstep.XsltStep", "<template>x</template>") +
      element("scriptfilestep.ExternalScriptStep", "<scriptPath>/a.js</scriptPath>");
  auto const import = imported(channel(parts));
  CHECK(has(import.files.at("scripts/Lab-In-transform.js"),
            "for (var i = 0; i < e4x.length(msg['OBX']); i++) {\nmsg['OBX'][i]"));
  CHECK(verdict_of(import, "(XSLT)") == "by-hand");
  CHECK(verdict_of(import, "(External Script)") == "by-hand");
  CHECK(has(import.files.at("Lab-In.yaml"),
            "script: {file: scripts/Lab-In-transform.js, library: [scripts/e4x.js]}"));
  CHECK(has(import.files.at("scripts/e4x.js"), "destinationSet"));
}

TEST_CASE("destinations are taken out by conditions, or by scripts that they ask") {
  auto const set_filter = [](std::string_view field) {
    return element("destinationsetfilter.DestinationSetFilterStep",
                   "<behavior>REMOVE</behavior><metaDataIds><int>1</int></metaDataIds><field>" +
                       std::string(field) +
                       "</field><condition>EQUALS</condition><values><string>'T'"
                       "</string></values>");
  };
  Parts parts;
  parts.steps = set_filter("msg['MSH']['MSH.11']['MSH.11.1'].toString()");
  CHECK(has(imported(channel(parts)).files.at("Lab-In.yaml"),
            "    accept:\n      - {not: [{field: MSH-11.1, is: [T]}]}\n"));
  parts.steps = set_filter("channelMap.get('a')");
  auto const scripted = imported(channel(parts));
  CHECK(scripted.files.at("scripts/Lab-In-Billing-A-kept.js") ==
        "return e4x.keeps(\"Billing A\", 1);\n");
  CHECK(has(scripted.files.at("scripts/Lab-In-transform.js"), "e4x.destinationSet.remove([1])"));
}

TEST_CASE("a destination's filter sees what the source's transformer made") {
  Parts parts;
  parts.target_filter = rule("msg['PID']['PID.8']['PID.8.1']", "EQUALS", "<string>'F'</string>");
  CHECK(has(imported(channel(parts)).files.at("Lab-In.yaml"),
            "    accept:\n      - {field: PID-8.1, is: [F]}\n"));
  parts.steps = js_step("msg['PID']['PID.8']['PID.8.1'] = 'F';");
  CHECK(has(imported(channel(parts)).files.at("Lab-In.yaml"),
            "    transform:\n      - only-if: [{field: PID-8.1, is: [F]}]\n"));
}

TEST_CASE("what is disabled is left out, and a disabled channel has a name that is not read") {
  Parts parts;
  parts.steps =
      "<com.mirth.connect.plugins.javascriptstep.JavaScriptStep><name>off</name><enabled>false"
      "</enabled><script>x</script></com.mirth.connect.plugins.javascriptstep.JavaScriptStep>";
  parts.more = "<exportData><metadata><enabled>false</enabled></metadata></exportData>";
  auto const import = imported(channel(parts));
  CHECK(verdict_of(import, "\"off\"") == "left-out");
  CHECK(import.files.contains("Lab-In.yaml.disabled"));
}

TEST_CASE("a channel of other messages than HL7 v2 is a draft") {
  Parts parts;
  parts.inbound =
      "<inboundDataType>JSON</inboundDataType><outboundDataType>JSON</outboundDataType>";
  auto const import = imported(channel(parts));
  CHECK(import.files.contains("Lab-In.yaml.draft"));
  CHECK(verdict_of(import, "data type JSON") == "by-hand");
}

TEST_CASE("scripts around the message are kept for a person, when somebody wrote them") {
  Parts parts;
  parts.more =
      "<preprocessingScript>// Modify the message\nreturn message;</preprocessingScript>"
      "<postprocessingScript>logger.info('x');\nreturn;</postprocessingScript>"
      "<deployScript>// This\nreturn;</deployScript>";
  auto const import = imported(channel(parts));
  CHECK(import.files.contains("by-hand/Lab-In-postprocessor.js"));
  CHECK(!import.files.contains("by-hand/Lab-In-preprocessor.js"));
  CHECK(!import.files.contains("by-hand/Lab-In-deploy-script.js"));
}

TEST_CASE("a backup of a server: groups, libraries, configuration, references") {
  auto const one = channel({});
  auto const inner = one.substr(one.find('>') + 1);
  std::string const backup =
      "<serverConfiguration version=\"4.5.2\"><date>x</date><channelGroups><channelGroup><id>g</id>"
      "<channels><channel version=\"4.5.2\"><id>c-1</id><revision>1</revision></channel></channels>"
      "</channelGroup></channelGroups><channels><channel version=\"4.5.2\">" +
      inner +
      "</channels><users><user><username>anna</username></user></"
      "users><alerts><alertModel><name>Down</name>"
      "</alertModel></alerts><codeTemplateLibraries><codeTemplateLibrary><name>Own Tools</name>"
      "<includeNewChannels>true</includeNewChannels><enabledChannelIds/><disabledChannelIds/"
      "><codeTemplates>"
      "<codeTemplate><name>f</name><properties class=\"com.mirth.connect.model.codetemplates."
      "BasicCodeTemplateProperties\"><type>FUNCTION</type><code>function f(x) { return x..A; "
      "}</code>"
      "</properties></codeTemplate></codeTemplates></codeTemplateLibrary><codeTemplateLibrary "
      "reference=\"../codeTemplateLibrary\"/></"
      "codeTemplateLibraries><globalScripts><entry><string>Deploy"
      "</string><string>globalMap.put('a', "
      "1);</string></entry></globalScripts><configurationMap><entry>"
      "<string>host</string><com.mirth.connect.util.ConfigurationProperty><value>h1</"
      "value><comment/>"
      "</com.mirth.connect.util.ConfigurationProperty></entry><entry><string>dbPassword</string>"
      "<com.mirth.connect.util.ConfigurationProperty><value>geheim</value></com.mirth.connect.util."
      "ConfigurationProperty></entry></configurationMap></serverConfiguration>";
  auto const import = imported(backup);
  CHECK(import.files.contains("Lab-In.yaml"));
  CHECK(import.files.at("lookups/configuration.tsv") == "key\tvalue\nhost\th1\n");
  CHECK(has(import.files.at("scripts/library-Own-Tools.js"), "e4x.descendants(x, 'A')"));
  CHECK(import.files.contains("scripts/library-Own-Tools-2.js"));  // the reference is followed
  CHECK(import.files.contains("by-hand/global-deploy.js"));
  CHECK(verdict_of(import, "user \"anna\"") == "by-hand");
  CHECK(verdict_of(import, "alert") == "by-hand");
  for (auto const& [name, content] : import.files) CHECK(!has(content, "geheim"));
}

TEST_CASE("libraries go with the scripts that call them") {
  Parts parts;
  parts.steps = js_step("f(msg);");
  parts.more =
      "<exportData><codeTemplateLibraries><codeTemplateLibrary><name>T</"
      "name><enabledChannelIds><string>c-1"
      "</string></enabledChannelIds><codeTemplates><codeTemplate><name>f</"
      "name><properties><type>FUNCTION"
      "</type><code>function f(x) { return x; }</code></properties></codeTemplate></codeTemplates>"
      "</codeTemplateLibrary></codeTemplateLibraries></exportData>";
  CHECK(has(imported(channel(parts)).files.at("Lab-In.yaml"),
            "script: {file: scripts/Lab-In-transform.js, library: [scripts/library-T.js]}"));
  parts.steps = js_step("g(msg);");
  CHECK(has(imported(channel(parts)).files.at("Lab-In.yaml"),
            "script: scripts/Lab-In-transform.js\n"));
}

TEST_CASE("settings with variables become variables of the environment") {
  Parts parts;
  parts.target = connector("http.HttpDispatcherProperties",
                           "<host>http://${env.get('HOST')}:${port}/x${</host>");
  auto const import = imported(channel(parts));
  CHECK(has(import.files.at("Lab-In.yaml"), "url: \"http://${HOST}:${PORT}/x\""));
  CHECK(import.report.variables.contains("HOST"));
  CHECK(import.report.variables.contains("PORT"));
}

TEST_CASE("channels of one name get two files") {
  auto const one = channel({});
  auto two = one;
  two.replace(two.find("c-1"), 3, "c-2");
  auto const import = imported("<list>" + one + two + one + "</list>");
  CHECK(import.files.contains("Lab-In.yaml"));
  CHECK(import.files.contains("Lab-In-2.yaml"));
  CHECK(!import.files.contains("Lab-In-3.yaml"));
}

TEST_CASE("hostile exports are refused or harmless") {
  auto const refused = [](std::string text) {
    std::vector<std::pair<std::string, std::string>> exports;
    exports.emplace_back("x.xml", std::move(text));
    return !import_exports(std::move(exports), all_kinds());
  };
  CHECK(refused(""));
  CHECK(refused("<html/>"));
  CHECK(refused("<!DOCTYPE a [<!ENTITY x 'y'>]><channel/>"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<channel>";
  CHECK(refused(deep));
  CHECK(refused("<channel reference=\"../channel\"/>"));
  CHECK(!refused(
      "<list><channel reference=\"../channel[2]\"/><channel reference=\"../channel\"/></list>"));
  auto named = channel({});
  auto const at = named.find("Lab In");
  named.replace(at, 6, "../../etc/passwd\n- x: {");
  for (auto const& [name, content] : imported(named).files) {
    CHECK(!has(name, ".."));
    CHECK(!name.starts_with('/'));
  }
}

TEST_CASE("characters that XML does not have are replaced, and counted") {
  Parts parts;
  parts.steps = js_step("var a = '&#x1c;&#11;';");
  auto const import = imported(channel(parts));
  CHECK(verdict_of(import, "2 characters") == "differs");
}

TEST_CASE("texts as YAML") {
  CHECK(scalar("abc-1") == "abc-1");
  CHECK(scalar("yes") == "\"yes\"");
  CHECK(scalar("") == "\"\"");
  CHECK(scalar("a: b\n\"") == "\"a: b\\n\\\"\"");
  CHECK(file_name_of("../a b/c") == "a-b-c");
  CHECK(file_name_of("\xC3\xA4") == "unnamed");
  CHECK(variable_name_of("Lab In-pass") == "LAB_IN_PASS");
}
