#include "engine/delivery/transform.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "json/json.h"

using namespace sinew;
using namespace sinew::engine;

namespace {

constexpr std::string_view kMessage =
    "MSH|^~\\&|LAB|H|||20260101||ORU^R01^ORU_R01|77|P|2.3^USA\r"
    "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||\r"
    "NTE|1||n1\r"
    "OBX|1|NM|GLU^Glucose^L||5.4|mmol/l\r"
    "OBX|2|ST|TXT||a\\T\\b, \"q\"\r"
    "ZXX|secret\r";

struct Folder {
  Folder() {
    char name[] = "/tmp/sinew-transform-XXXXXX";
    path = ::mkdtemp(name);
    std::filesystem::create_directories(path + "/lookups");
    std::filesystem::create_directories(path + "/scripts");
    write("lookups/sex.tsv", "code\tname\tgerman\nF\tfemale\tweiblich\nM\tmale\tmaennlich\n");
    write("lookups/unit.csv", "# key: code, unit\ncode,unit,loinc\nGLU,mmol/l,15074-8\n");
    write("scripts/name.js", "msg['PID']['PID.5']['PID.5.1'] = up(msg.get('PID-5.1'));\n");
    write("scripts/library.js", "function up(text) {\n  return text.toUpperCase();\n}\n");
    write("scripts/bad.js", "var a;\na.b = 1;\n");
  }
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  void write(std::string const& name, std::string_view text) const {
    REQUIRE(write_file(path + '/' + name, text));
  }
  std::string path;
};

/// What one destination gets. `steps` is YAML, `more` keys of the destination.
Result<Transformed> transform(std::string const& steps, std::string const& more = {},
                              std::string_view message = kMessage) {
  Folder const folder;
  folder.write("a.yaml", "channel: a\ntransform:\n" + steps +
                             "\ndestinations:\n  - name: d\n    file: {folder: /tmp/none}\n" +
                             more);
  auto const channels = TRY(read_channels(folder.path));
  auto const& destination = channels.front().destinations.front();
  REQUIRE(destination.transform != nullptr);
  Original const original{message, "lab", *parse_instant("2026-03-01T12:30:45.678Z")};
  return destination.transform->run(original, {});
}

std::string bytes_of(std::string const& steps, std::string const& more = {},
                     std::string_view message = kMessage) {
  auto const result = transform(steps, more, message);
  REQUIRE_MESSAGE(result, (result ? "" : to_string(result.error())));
  return result->bytes;
}

/// The line that begins with `id`.
std::string line(std::string const& bytes, std::string_view id) {
  auto const at = bytes.find(std::string(id) + '|');
  return at == std::string::npos ? "none" : bytes.substr(at, bytes.find('\r', at) - at);
}

std::string error_of(std::string const& steps, std::string const& more = {}) {
  auto const result = transform(steps, more);
  if (result) return "no error: " + result->bytes;
  auto text = to_string(result.error());
  auto const at = text.find("a.yaml");
  return at == std::string::npos ? text : text.substr(at);
}

}  // namespace

TEST_CASE("each step changes what it names and nothing else") {
  struct {
    char const *steps, *segment, *expected;
  } const rows[] = {
      {"  - set: {MSH-5: BILLING, PID-19: '{PID-3.1}/{PID-3[2].4}{{x}}'}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||||||||||4711/TEST{x}"},
      {"  - set: {OBX-11: F}", "OBX|2", "none"},
      {"  - copy: {from: 'PID-3[2]', to: PID-2}", "PID",
       "PID|1|5^^^TEST|4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - clear: [PID-7, PID-3.4, PID-30]", "PID", "PID|1||4711^^^~5^^^||meier&von^anna|||F|||"},
      {"  - nullify: PID-8", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|\"\"|||"},
      {"  - remove: [NTE, 'PID-3[1]']", "PID", "PID|1||5^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - remove: NTE", "NTE", "none"},
      {"  - drop-z-segments: true", "ZXX", "none"},
      {"  - add: {segment: NTE, after: OBX, fields: {NTE-1: '2', NTE-3: 'of {OBX-5}'}}", "NTE|2",
       "none"},
      {"  - add: {segment: PV1, before: OBX, fields: {PV1-2: I}}", "PV1", "PV1||I"},
      {"  - upper: [PID-5, OBX-3]", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||MEIER&VON^ANNA||19700203|F|||"},
      {"  - lower: PID-3.4", "PID", "PID|1||4711^^^hosp~5^^^test||meier&von^anna||19700203|F|||"},
      {"  - pad: {field: PID-3.1, width: 6}", "PID",
       "PID|1||004711^^^HOSP~000005^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - pad: {field: 'PID-3[1].1', width: 6, with: x, side: right}", "PID",
       "PID|1||4711xx^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - replace: {field: PID-7, pattern: '^(....)(..)(..)$', with: '$3.$2.$1'}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||03.02.1970|F|||"},
      {"  - date: {field: PID-7, to: \"dd.MM.yy 'um' HH:mm\"}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||03.02.70 um 00:00|F|||"},
      {"  - map: {field: PID-8, table: sex}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|female|||"},
      {"  - map: {field: PID-8, table: sex, to: german}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|weiblich|||"},
      {"  - map: {field: PID-3.4, table: sex, unknown: keep}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - map: {field: PID-3.4, table: sex, default: '?'}", "PID",
       "PID|1||4711^^^?~5^^^?||meier&von^anna||19700203|F|||"},
      {"  - map: {field: 'OBX[1]-3.1', table: unit, key: ['{OBX-3.1}', '{OBX-6}']}", "OBX",
       "OBX|1|NM|15074-8^Glucose^L||5.4|mmol/l"},
      {"  - version: 2.5.1", "MSH", "MSH|^~\\&|LAB|H|||20260101||ORU^R01^ORU_R01|77|P|2.5.1^USA"},
      {"  - {set: {PID-8: X}, when: [{field: PID-8, is: M}]}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|F|||"},
      {"  - set: {PID-8: X}\n  - {set: {PID-8: Y}, when: [{field: PID-8, is: X}]}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|Y|||"},
      {"  - script: |\n      msg.set('PID-8', lookup('sex', msg.get('PID-8')));", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|female|||"},
      {"  - script: {file: scripts/name.js, library: [scripts/library.js]}", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||MEIER\\T\\VON^anna||19700203|F|||"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.steps);
    auto const bytes = bytes_of(row.steps);
    std::string const segment(row.segment);
    if (segment.size() == 3) {
      CHECK(line(bytes, segment) == row.expected);
      continue;
    }
    CHECK(bytes.find(segment) != std::string::npos);
  }
  CHECK(bytes_of("  - trim: PID-5") == kMessage);
  CHECK(bytes_of("  - set: {PV1-2: I}") == kMessage);
  CHECK(bytes_of("  - upper: PID-5", {},
                 "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5||||||8859/1\rPID|||||m\xFCller\r") ==
        "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5||||||8859/1\rPID|||||M\xDCLLER\r");
}

TEST_CASE("steps of the destination follow those of the channel") {
  CHECK(line(bytes_of("  - set: {PID-8: X}", "    transform: [{set: {PID-8: '{PID-8}Y'}}]\n"),
             "PID") == "PID|1||4711^^^HOSP~5^^^TEST||meier&von^anna||19700203|XY|||");
}

TEST_CASE("a step filters, and says where it stands") {
  auto const filtered = transform("  - set: {PID-8: X}\n  - only-if: [{field: PID-8, is: F}]");
  REQUIRE(filtered);
  CHECK_FALSE(filtered->passes);
  CHECK(filtered->filtered_by.find("a.yaml:4:") != std::string::npos);
  CHECK_FALSE(transform("  - script: return msg.get('PID-8') !== 'F';")->passes);
  CHECK(transform("  - script: return msg.get('PID-8') === 'F';")->passes);
}

TEST_CASE("a step that fails names its place, and no byte leaves") {
  CHECK(error_of("  - map: {field: PID-3.4, table: sex}")
            .find("a.yaml:3:10: the value is not in the lookup table sex") == 0);
  CHECK(
      error_of("  - date: {field: PID-5.2, to: yyyy}").find("a.yaml:3:11: the value is no date") ==
      0);
  CHECK(error_of("  - script: scripts/bad.js").find("scripts/bad.js:2:1: TypeError") !=
        std::string::npos);
  CHECK(error_of("  - script: |\n      var a;\n      a.b.c = 2;").find("a.yaml:5:1: TypeError") !=
        std::string::npos);
}

TEST_CASE("a mistake in a step is a mistake of the file") {
  CHECK(error_of("  - set: {PID: x}").find("no field such as") != std::string::npos);
  CHECK(error_of("  - set: {MSH-2: x}").find("delimiters") != std::string::npos);
  CHECK(error_of("  - set: {PID-3: '{PID}'}").find("no place such as") != std::string::npos);
  CHECK(error_of("  - set: {PID-3: '{PID-1'}").find("brace") != std::string::npos);
  CHECK(error_of("  - sett: {PID-3: x}").find("'sett' is no key here") != std::string::npos);
  CHECK(error_of("  - {upper: PID-3, lower: PID-4}").find("two steps") != std::string::npos);
  CHECK(error_of("  - map: {field: PID-8, table: nope}").find("lookups has sex, unit") !=
        std::string::npos);
  CHECK(error_of("  - map: {field: PID-8, table: unit}").find("2 parts") != std::string::npos);
  CHECK(error_of("  - map: {field: PID-8, table: sex, to: x}").find("no such column") !=
        std::string::npos);
  CHECK(error_of("  - map: {field: PID-8, table: sex, unknown: default}").find("'default'") !=
        std::string::npos);
  CHECK(error_of("  - replace: {field: PID-8, pattern: '('}").find("regular expression") !=
        std::string::npos);
  CHECK(error_of("  - date: {field: PID-7, to: 'YYYY'}").find("letter Y") != std::string::npos);
  CHECK(error_of("  - script: ../../etc/passwd.js").find("no file of the channels' folder") !=
        std::string::npos);
  CHECK(error_of("  - script: |\n      var = 2;").find("a.yaml:4:") != std::string::npos);
  CHECK(error_of("  - add: {segment: MSH}").find("needs a 'segment'") != std::string::npos);
  CHECK(error_of("  - remove: MSH-1").find("MSH") != std::string::npos);
  CHECK(error_of("  - trim: PID-5", "    format: {csv: {columns: [{value: '{X'}]}}\n")
            .find("brace") != std::string::npos);
  CHECK(error_of("  - trim: PID-5", "    format: json\n    charset: ASCII\n").find("UTF-8") !=
        std::string::npos);
}

TEST_CASE("formats") {
  auto const json = bytes_of("  - remove: ZXX", "    format: json\n");
  auto const document = json::Document::parse(json);
  REQUIRE(document);
  auto const pid = document->root()["segments"].at(1);
  CHECK(pid["PID.3"].at(1)["PID.3.4"].text() == "TEST");
  CHECK(pid["PID.5"].at(0)["PID.5.1"]["PID.5.1.2"].text() == "von");
  CHECK(document->root()["segments"].at(4)["OBX.5"].at(0)["OBX.5.1"].text() == "a&b, \"q\"");
  CHECK(document->root()["segments"].at(0)["MSH.2"].text() == "^~\\&");
  auto const xml = bytes_of("  - remove: ZXX", "    format: xml\n");
  CAPTURE(xml);
  CHECK(xml.find("<ORU_R01 xmlns=\"urn:hl7-org:v2xml\">") != std::string::npos);
  CHECK(xml.find("<ORU_R01.PATIENT><PID>") != std::string::npos);
  CHECK(xml.find("<PID.3><CX.1>4711</CX.1><CX.4><HD.1>HOSP</HD.1></CX.4></PID.3>") !=
        std::string::npos);
  CHECK(xml.find("<OBX.5>a&amp;b, \"q\"</OBX.5>") != std::string::npos);
  CHECK(xml.ends_with("</ORU_R01>\n"));
  auto const csv =
      bytes_of("  - remove: ZXX",
               "    format: {csv: {each: OBX, columns: [{name: mrn, value: '{PID-3.1}'}, "
               "{name: value, value: '{OBX-5}'}]}}\n");
  CHECK(csv == "mrn,value\r\n4711,5.4\r\n4711,\"a&b, \"\"q\"\"\"\r\n");
}

TEST_CASE("the character set is another when asked for, and the message says so") {
  constexpr std::string_view kLatin =
      "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5||||||8859/1\rPID|||||M\xFCller\r";
  CHECK(bytes_of("  - trim: PID-5", "    charset: UNICODE UTF-8\n", kLatin) ==
        "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|||||M\xC3\xBCller\r");
  CHECK(bytes_of("  - trim: PID-5", "    charset: 8859/15\n", kLatin).find("M\xFCller") !=
        std::string::npos);
  auto const refused = transform("  - trim: PID-5", "    charset: ASCII\n", kLatin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("no place in ASCII") != std::string::npos);
}

TEST_CASE("the same original gives the same bytes") {
  constexpr char kSteps[] =
      "  - script: |\n      msg.set('ZXX-1', Math.random() + '/' + new Date().toISOString());";
  auto const first = bytes_of(kSteps);
  CHECK(bytes_of(kSteps) == first);
  CHECK(first.find("2026-03-01T12:30:45.678Z") != std::string::npos);
}
