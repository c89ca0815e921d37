#include <doctest/doctest.h>

#include "mapping/convert.h"
#include "mapping/tables_test.h"

using namespace sinew;
using namespace sinew::mapping;

namespace {

std::string const kHeader = "MSH|^~\\&|APP|FAC|||20240101||ADT^A01^ADT_A01|42|P|2.5.1\r";

/// A program with one Patient table, and whatever else the test adds.
std::shared_ptr<Program const> patient_program(
    std::string_view rows,
    std::initializer_list<std::pair<std::string_view, std::string_view>> more = {}) {
  auto layer = layer_of("base", more);
  if (std::ranges::none_of(layer.files,
                           [](auto const& f) { return f.path.starts_with("message/"); })) {
    layer.files.push_back(
        {"message/ADT_A01.tsv", table_of("id!source!resource!use\np!PID!Patient!PID.Patient\n")});
  }
  layer.files.push_back({"segment/PID.Patient.tsv",
                         table_of("id!source!target!as!when!note\n" + std::string(rows) + "\n")});
  auto compiled = compile(std::vector{layer});
  for (auto const& issue : compiled.issues) {
    if (issue.severity == Severity::error) FAIL_CHECK(issue.where << ": " << issue.what);
  }
  return compiled.program;
}

/// The Patient of a PID line, without its head.
std::string patient_of(
    std::string_view rows, std::string const& pid,
    std::initializer_list<std::pair<std::string_view, std::string_view>> more = {},
    Feed const& feed = {}) {
  auto const program = patient_program(rows, more);
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + pid + "\r", feed);
  for (auto const& issue : run.issues) FAIL_CHECK(issue.where << ": " << issue.what);
  auto const text = run.resource("Patient");
  auto const head = text.find(",", text.find("\"id\""));
  return head == std::string::npos ? text : "{" + text.substr(head + 1);
}

}  // namespace

TEST_CASE("values take the lexical form that FHIR demands, or are refused") {
  struct {
    char const* target;
    char const* value;
    char const* expected;
  } const rows[] = {
      {"birthDate", "19610615", R"({"birthDate":"1961-06-15"})"},
      {"birthDate", "1961", R"({"birthDate":"1961"})"},
      {"birthDate", "19610231", ""},
      {"birthDate", "not a date", ""},
      {"birthDate", "19610615103000+0100", R"({"birthDate":"1961-06-15"})"},
      {"deceasedDateTime", "202402291530-0500",
       R"({"deceasedDateTime":"2024-02-29T15:30:00-05:00"})"},
      {"deceasedDateTime", "20240229153011.123+0530",
       R"({"deceasedDateTime":"2024-02-29T15:30:11.123+05:30"})"},
      {"deceasedDateTime", "20240229", R"({"deceasedDateTime":"2024-02-29"})"},
      {"deceasedDateTime", "20240229253000+0000",  // no such hour: the date stays, and the original
       R"({"deceasedDateTime":"2024-02-29","_deceasedDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/originalText","valueString":"20240229253000+0000"}]}})"},
      {"deceasedDateTime", "20240229253000\x01", ""},
      {"deceasedBoolean", "Y", R"({"deceasedBoolean":true})"},
      {"deceasedBoolean", "maybe", ""},
      {"multipleBirthInteger", "+02", R"({"multipleBirthInteger":2})"},
      {"multipleBirthInteger", "2.5", ""},
      {"multipleBirthInteger", "99999999999", ""},
      {"photo.size", "12", R"({"photo":[{"size":12}]})"},
      {"photo.size", "-1", ""},
      {"photo.data", "QUJD", R"({"photo":[{"data":"QUJD"}]})"},
      {"photo.data", "QUJ", ""},
      {"photo.url", "http://a b", R"({"photo":[{"url":"http://a%20b"}]})"},
      {"name.family", "  O\\T\\Neil \\X41\\ ", R"({"name":[{"family":"O&Neil A"}]})"},
      {"name.family", "a \"quoted\" \\E\\ value",
       R"({"name":[{"family":"a \"quoted\" \\ value"}]})"},
      {"language", "en  us", R"({"language":"en us"})"},
      {"gender", "masculine", ""},
      {"gender", "male", R"({"gender":"male"})"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.value);
    CHECK(patient_of("a!PID-2!" + std::string(row.target) + "!first(it)",
                     "PID||" + std::string(row.value)) == row.expected);
  }
}

TEST_CASE("numbers legal in v2 become numbers legal in JSON") {
  for (auto const& [sent, expected] :
       {std::pair{"0065.88", "65.88"}, std::pair{"+5", "5"}, std::pair{".5", "0.5"},
        std::pair{"5.", "5"}, std::pair{"-007.10", "-7.10"}, std::pair{"000", "0"}}) {
    CAPTURE(sent);
    CHECK(patient_of("a!PID-2!extension[n].valueDecimal", "PID||" + std::string(sent),
                     {{"extension.tsv", "name!url\nn!http://n\n"}}) ==
          std::string(R"({"extension":[{"url":"http://n","valueDecimal":)") + expected + "}]}");
  }
}

TEST_CASE("a time without a zone takes the feed's, and without one only the date is kept") {
  auto const* const row = "a!PID-29!deceasedDateTime";
  auto const pid = "PID|" + std::string(28, '|') + "202402291530";
  Feed feed;
  feed.zone_offset_minutes = -300;
  CHECK(patient_of(row, pid, {}, feed) == R"({"deceasedDateTime":"2024-02-29T15:30:00-05:00"})");
  CHECK(
      patient_of(row, pid).starts_with(R"({"deceasedDateTime":"2024-02-29","_deceasedDateTime":)"));
}

TEST_CASE("a repetition drives the innermost list that can hold it") {
  std::initializer_list<std::pair<std::string_view, std::string_view>> const more = {
      {"extension.tsv", "name!url\nrace!http://race\n"}};
  CHECK(
      patient_of("a!PID-10.1!extension[race].extension[code].valueCode\n"
                 "b!PID-10.2!extension[race].extension[text].valueString",
                 "PID||||||||||1^one~2^two", more) ==
      R"({"extension":[{"url":"http://race","extension":[{"url":"code","valueCode":"1"},{"url":"code","valueCode":"2"},{"url":"text","valueString":"one"},{"url":"text","valueString":"two"}]}]})");
  CHECK(
      patient_of(
          "a!PID-3.1!identifier.value\nb!PID-3.2!identifier.system\nc!!identifier.use!'usual'",
          "PID|||1^a~2~^c") ==
      R"({"identifier":[{"use":"usual","system":"a","value":"1"},{"use":"usual","value":"2"},{"use":"usual","system":"c"}]})");
}

TEST_CASE("tags keep instances of a list apart, and constants alone make none") {
  CHECK(patient_of("a!PID-2!identifier[x].value!first(it)\nb!!identifier[x].use!'usual'\n"
                   "c!PID-4.1!identifier[y].value\nd!!identifier[y].use!'old'",
                   "PID||1") == R"({"identifier":[{"use":"usual","value":"1"}]})");
}

TEST_CASE("an object of constants only stands where its table writes anything at all") {
  CHECK(patient_of("a!PID-7!birthDate\nb!!maritalStatus.text!'unknown to us'", "PID|||||||1999") ==
        R"({"birthDate":"1999","maritalStatus":{"text":"unknown to us"}})");
  CHECK(patient_of("a!PID-7!birthDate\nb!!maritalStatus.text!'unknown to us'", "PID|1").empty());
}

TEST_CASE("extensions of primitives stand beside them, in lists padded with null") {
  std::initializer_list<std::pair<std::string_view, std::string_view>> const more = {
      {"extension.tsv", "name!url\nx!http://x\n"}};
  CHECK(
      patient_of("a!PID-7!birthDate\nb!PID-7!birthDate.extension[x].valueDateTime",
                 "PID|||||||1999", more) ==
      R"({"birthDate":"1999","_birthDate":{"extension":[{"url":"http://x","valueDateTime":"1999"}]}})");
  CHECK(patient_of("b!PID-7!birthDate.extension[x].valueString", "PID|||||||never", more) ==
        R"({"_birthDate":{"extension":[{"url":"http://x","valueString":"never"}]}})");
  auto const* const names =
      "a!PID-5.2!name.given\nb!PID-5.3!name.given[second]\n"
      "c!PID-5.4!name.given[second].extension[x].valueString";
  CHECK(
      patient_of(names, "PID|||||F^Ann^Bea^note", more) ==
      R"({"name":[{"given":["Ann","Bea"],"_given":[null,{"extension":[{"url":"http://x","valueString":"note"}]}]}]})");
  CHECK(
      patient_of(names, "PID|||||F^Ann^^note", more) ==
      R"({"name":[{"given":["Ann",null],"_given":[null,{"extension":[{"url":"http://x","valueString":"note"}]}]}]})");
}

TEST_CASE("the first row that yields wins, in a choice as well") {
  auto const* const rows = "a!PID-2!deceasedDateTime!first(it)\nb!PID-30!deceasedBoolean";
  CHECK(patient_of(rows, "PID||20240101" + std::string(28, '|') + "Y") ==
        R"({"deceasedDateTime":"2024-01-01"})");
  CHECK(patient_of(rows, "PID||soon" + std::string(28, '|') + "Y") ==
        R"({"deceasedBoolean":true})");
}

TEST_CASE("conditions and functions mean what the manual says") {
  struct {
    char const* when;
    bool holds;
  } const rows[] = {
      {"PID-8 = 'M'", true},
      {"PID-8 != 'M'", false},
      {"PID-8 in ('F', 'M')", true},
      {"PID-8 not in ('F', 'M')", false},
      {"PID-9 = 'x'", false},
      {"PID-9 != 'x'", true},
      {"valued PID-8", true},
      {"valued PID-10", false},
      {"empty PID-10", true},
      {"null PID-11", true},
      {"count(PID-3) = 2", true},
      {"count(PID-3) < 2", false},
      {"PID-4 >= 9.5", true},
      {"PID-4 > 10", false},
      {"PID-3.1 matches 'a*'", true},
      {"PID-3.1 matches '?'", false},
      {"PID-8 = 'F' or PID-4 = '10'", true},
      {"not (PID-8 = 'M' and PID-4 = '10')", false},
      {"length(PID-3.1) = 3", true},
      {"upper(PID-3.1) = 'ABC'", true},
      {"PID-3[2].1 = 'def'", true},
      {"MSH-10 = '42'", true},
      {"substring(PID-3.1, 2, 1) = 'b'", true},
      {"before(PID-3.1, 'c') = 'ab'", true},
      {"after(PID-3.1, 'b') = 'c'", true},
      {"replace(PID-3.1, 'b', '--') = 'a--c'", true},
      {"pad(PID-4, 4, '0') = '0010'", true},
      {"join('-', PID-3.1, PID-9, PID-8) = 'abc-M'", true},
      {"first(PID-9, PID-8) = 'M'", true},
      {"empty concat('x', PID-9)", true},
      {"number('007') = 7", true},
      {"v2table('0001', PID-8) = 'Male'", true},
  };
  for (auto const& row : rows) {
    CAPTURE(row.when);
    auto const patient = patient_of("a!PID-7!birthDate!!" + std::string(row.when),
                                    "PID|||abc~def|10|||1999|M|||\"\"");
    CHECK(!patient.empty() == row.holds);
  }
}

TEST_CASE("two mentions of one resource become one: the first keeps its values") {
  auto const program = patient_program(
      "a!PID-3.1!identifier.value\nb!PID-7!birthDate\nc!PID-8!gender!lower(it)",
      {{"message/ADT_A01.tsv",
        "id!source!resource!use\np!PID!Patient!PID.Patient\nn!NK1!Patient:kin!NK1.Patient\n"},
       {"segment/NK1.Patient.tsv",
        "id!source!target!as\na!NK1-33.1!identifier.value\nb!NK1-16!birthDate\n"
        "c!NK1-2!name!XPN.HumanName\n"},
       {"type/XPN.HumanName.tsv", "id!source!target!as\na!.1!family\n"},
       {"identity/a.tsv", "id!resource!tuple\na!Patient!cx(PID-3)\nb!Patient:kin!cx(NK1-33)\n"}});
  REQUIRE(program);
  auto const run =
      run_text(*program, kHeader + "PID|||7||||1999|MALE\rNK1|1|Doe" + std::string(14, '|') +
                             "2001" + std::string(17, '|') + "7\r");
  CHECK(run.issues.empty());
  REQUIRE(run.output.resources.size() == 1);
  auto const patient = run.resource("Patient");
  CHECK(patient.find("\"birthDate\":\"1999\"") != std::string::npos);
  CHECK(patient.find("2001") == std::string::npos);
  CHECK(patient.find("\"family\":\"Doe\"") != std::string::npos);
  CHECK(patient.find("\"identifier\":[{\"value\":\"7\"}]") != std::string::npos);
  for (auto const& leaf : run.output.leaves) {
    auto const value = run.output.json.substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
    CHECK((value == "\"7\"" || value == "\"1999\"" || value == "\"male\"" || value == "\"Doe\""));
  }
  // The other birth date is not lost in silence.
  auto const refused = std::ranges::find_if(run.output.ledger, [](LedgerEntry const& entry) {
    return entry.fate == Fate::unmapped && entry.rule != kNoRule;
  });
  REQUIRE(refused != run.output.ledger.end());
  CHECK(refused->field == 16);
}

TEST_CASE("events decide what is done, and set elements before any other row") {
  auto const program =
      patient_program("a!PID-7!birthDate\nb!!active!'true'",
                      {{"event/e.tsv",
                        "id!event!resource!verb!set!when\na!ADT^A01!Patient!put!active='false'\n"
                        "b!ADT^*!Patient!remove\nc!*!*!ensure\n"}});
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID|||||||1999\r");
  REQUIRE(run.output.resources.size() == 1);
  CHECK(run.output.resources[0].verb == Verb::put);
  CHECK(run.resource("Patient").find("\"active\":false") != std::string::npos);
  auto const other =
      run_text(*program, "MSH|^~\\&|||||||ADT^A04^ADT_A01|1|P|2.5.1\rPID|||||||1999\r");
  REQUIRE(other.output.resources.size() == 1);
  CHECK(other.output.resources[0].verb == Verb::remove);
  CHECK(other.resource("Patient").find("\"active\":true") != std::string::npos);
  CHECK(other.bundle.find("\"method\":\"DELETE\"") != std::string::npos);
}

TEST_CASE("HL7 null asks for the element to be cleared") {
  auto const program = patient_program("a!PID-7!birthDate\nb!PID-8!gender!lower(it)");
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID|||||||\"\"|MALE\r");
  REQUIRE(run.output.resources.size() == 1);
  CHECK(run.output.resources[0].clear == std::vector<std::string>{"birthDate"});
}

TEST_CASE("a reference never points at a resource that is not written") {
  auto const program = patient_program(
      "a!PID-7!birthDate\nb!!managingOrganization!ref Organization",
      {{"message/ADT_A01.tsv",
        "id!source!resource!use\np!PID!Patient!PID.Patient\no!PV1!Organization!PV1.Organization\n"},
       {"segment/PV1.Organization.tsv",
        "id!source!target!as\na!PV1-3.1!name\n"
        "b!!partOf!ref Organization\n"}});
  REQUIRE(program);
  auto const without = run_text(*program, kHeader + "PID|||||||1999\rPV1|1\r");
  CHECK(without.issues.empty());
  CHECK(without.resource("Patient").find("managing") == std::string::npos);
  auto const with = run_text(*program, kHeader + "PID|||||||1999\rPV1|1||WARD\r");
  CHECK(with.issues.empty());
  CHECK(with.resource("Patient").find("managing") != std::string::npos);
}

TEST_CASE("every non-empty atom is mapped, ignored with a reason, or unmapped") {
  auto const program = patient_program(
      "a!PID-7!birthDate\nb!PID-8!gender!!PID-9 = 'x'\nc!PID-4!-!!!an alternate id",
      {{"ignore/i.tsv", "id!source!note\na!PID-1!a counter\nb!MSH!the envelope\n"}});
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID|1||3|4^5|||soon|male|x|2~6&7|\"\"\r");
  CHECK(run.output.mapped == 2);    // PID-8, and PID-9 which decided over it
  CHECK(run.output.unmapped == 5);  // PID-3, PID-7 (refused), 2, 6, 7
  auto const of_field = [&](int field) {
    return std::ranges::find_if(run.output.ledger, [&](LedgerEntry const& entry) {
      return entry.segment == 1 && entry.field == field;
    });
  };
  CHECK(of_field(1)->reason == "a counter");
  CHECK(of_field(4)->fate == Fate::ignored);
  CHECK(of_field(4)->reason == "an alternate id");
  CHECK(of_field(7)->fate == Fate::unmapped);
  CHECK(of_field(7)->reason == "no legal value of the element");
  CHECK(rule_info(*program, of_field(7)->rule).name == "segment/PID.Patient#a");
}

TEST_CASE("each leaf says which bytes it came from") {
  auto const program =
      patient_program("a!PID-7!birthDate\nb!PID-5.1!name.family\nc!!active!'true'");
  REQUIRE(program);
  auto const text = kHeader + "PID|||||Doe^John||1999\r";
  auto const run = run_text(*program, text);
  REQUIRE(run.output.leaves.size() == 3);
  for (auto const& leaf : run.output.leaves) {
    auto const value = run.output.json.substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
    auto const source = text.substr(leaf.source_begin, leaf.source_end - leaf.source_begin);
    if (value == "\"Doe\"") CHECK(source == "Doe");
    if (value == "\"1999\"") CHECK(source == "1999");
    if (value == "true") CHECK(source.empty());
  }
}

TEST_CASE("a leaf is found where it stands, also beside a primitive in a list") {
  auto const program = patient_program(
      "a!PID-5.2!name.given\nb!PID-5.3!name.given[second]\n"
      "c!PID-5.4!name.given[second].extension[x].valueString",
      {{"extension.tsv", "name!url\nx!http://x\n"}});
  REQUIRE(program);
  auto const text = kHeader + "PID|||||F^Ann^Bea^note\r";
  auto const run = run_text(*program, text);
  CHECK(run.output.leaves.size() == 3);
  for (auto const& leaf : run.output.leaves) {
    auto const value = run.output.json.substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
    auto const source = text.substr(leaf.source_begin, leaf.source_end - leaf.source_begin);
    CHECK(value == "\"" + source + "\"");
  }
}

TEST_CASE("a message type without a table is refused") {
  auto const program = patient_program("a!PID-7!birthDate");
  REQUIRE(program);
  auto const text = "MSH|^~\\&|||||||XYZ^Q99|1|P|2.5.1\rPID|||||||1999\r";
  auto const message = hl7v2::parse_message(text);
  REQUIRE(message);
  Output output;
  auto const done = run(*program, *message, hl7v2::group_segments(*message), {}, {}, output);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::not_supported);
  CHECK(done.error().where == "MSH-9");
}

TEST_CASE("identity: the same identifier gives the same id, from message to message") {
  auto const program = patient_program(
      "a!PID-7!birthDate", {{"identity/i.tsv", "id!resource!tuple\na!Patient!cx(PID-3, 'MR')\n"}});
  REQUIRE(program);
  auto const id = [&](std::string const& msh, std::string const& pid) {
    auto const run = run_text(*program, msh + pid + "\r");
    return run.output.resources.empty() ? std::string() : run.output.resources[0].id;
  };
  auto const later = "MSH|^~\\&|OTHER|FAC|||20250101||ADT^A01^ADT_A01|43|P|2.5.1\r";
  auto const elsewhere = "MSH|^~\\&|APP|ELSEWHERE|||20240101||ADT^A01^ADT_A01|42|P|2.5.1\r";
  auto const pid = "PID|||9^^^X^SS~7^^^A^MR||||1999";
  CHECK(id(kHeader, pid).size() == 36);
  CHECK(id(kHeader, pid) == id(later, "PID|||7^^^A^MR||||2001"));
  CHECK(id(kHeader, pid) != id(elsewhere, pid));
  CHECK(id(kHeader, pid) != id(kHeader, "PID|||8^^^A^MR||||1999"));
  // Without an identifier the resource belongs to this message alone.
  CHECK(id(kHeader, "PID|||||||1999") != id(later, "PID|||||||1999"));
}

TEST_CASE("a message of very many segments is mapped in bounded time, or refused in part") {
  auto const program = patient_program(
      "a!PID-7!birthDate",
      {{"message/ADT_A01.tsv",
        "id!source!resource!use\np!PID!Patient!PID.Patient\na!AL1!AllergyIntolerance!AL1."
        "AllergyIntolerance\n"},
       {"segment/AL1.AllergyIntolerance.tsv",
        "id!source!target!as!when\na!AL1-3.1!code.text\nb!!patient!ref Patient\n"
        "c!PV1-3.1!note.text\n"},
       {"required/r.tsv",
        "id!path!policy\na!AllergyIntolerance.patient!absent\nb!Annotation.text!drop\n"}});
  REQUIRE(program);
  std::string text = kHeader + "PID|||||||1999\r";
  for (int i = 0; i < 50'000; ++i) text += "AL1|1||X\r";
  auto const message = hl7v2::parse_message(text);
  REQUIRE(message);
  Output output;
  REQUIRE(run(*program, *message, hl7v2::group_segments(*message), {}, {}, output));
  CHECK(output.resources.size() == 20'000);
  CHECK(output.issues.size() == 1);
}

TEST_CASE("a field that repeats another shares its fate in the ledger, byte for byte") {
  auto const program = patient_program("a!PID-2!extension[x].valueString\nb!PID-4\t=\tPID-2",
                                       {{"extension.tsv", "name!url\nx!urn:x\n"}});
  REQUIRE(program);
  auto const fate = [&](std::string const& pid, std::uint16_t field, std::uint16_t component) {
    auto const run = run_text(*program, kHeader + pid + "\r");
    for (auto const& entry : run.output.ledger) {
      bool const is_pid = entry.segment == 1 && entry.field == field;
      if (is_pid && entry.component == component) return entry.fate;
    }
    return Fate::ignored;
  };
  CHECK(fate("PID||A^B||A^B", 2, 1) == Fate::mapped);
  CHECK(fate("PID||A^B||A^B", 4, 1) == Fate::mapped);
  CHECK(fate("PID||A^B||A^B", 2, 2) == Fate::unmapped);
  CHECK(fate("PID||A^B||A^B", 4, 2) == Fate::unmapped);  // what is lost there is lost here too
  CHECK(fate("PID||A^B||A^C", 4, 1) == Fate::unmapped);
}

TEST_CASE("base64 of the lines of a field, in the segments that hold text") {
  auto const program = patient_program(
      "a!!photo.data!base64(lines(OBX-5))\nb!PID-7!birthDate",
      {{"message/ADT_A01.tsv", "id!source!resource!use\np!PID!Patient!PID.Patient\n"}});
  REQUIRE(program);
  auto const photo = [&](std::string const& message) {
    auto const run = run_text(*program, message);
    auto const json = run.resource("Patient");
    auto const at = json.find("\"data\":\"");
    if (at == std::string::npos) return std::string();
    return json.substr(at + 8, json.find('"', at + 8) - at - 8);
  };
  struct {
    char const* obx;
    char const* data;
  } const rows[] = {
      {"OBX|1|TX|||A", "QQ=="},
      {"OBX|1|TX|||AB", "QUI="},
      {"OBX|1|TX|||ABC\rOBX|2|NM|||5\rOBX|3|FT|||D~E", "QUJDCkQKRQ=="},
      {"OBX|1|NM|||5", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.obx);
    CHECK(photo(kHeader + "PID|||||||1999\rPV1|1|I\r" + row.obx + "\r") == row.data);
  }
}

TEST_CASE("a code that is mapped and sent alike stands once") {
  std::string_view const rows = "a!PID-16!maritalStatus!map(M)";
  auto const code = [&](char const* pid) {
    return patient_of(rows, pid,
                      {{"code/M.tsv", "from!to!system!display\nM!M!urn:m!Married\nS!S!urn:m!\n"},
                       {"type/CWE.CodeableConcept.tsv",
                        "id!source!target!as\na!.1!coding[x].code\nb!.2!coding[x].display\n"
                        "c!.3!coding[x].system\n"}});
  };
  CHECK(code("PID||||||||||||||||M^^urn:m") ==
        R"({"maritalStatus":{"coding":[{"system":"urn:m","code":"M","display":"Married"}]}})");
  CHECK(code("PID||||||||||||||||S^Single^urn:m") ==
        R"({"maritalStatus":{"coding":[{"system":"urn:m","code":"S","display":"Single"}]}})");
  CHECK(code("PID||||||||||||||||M^Wed^urn:m") ==
        R"({"maritalStatus":{"coding":[{"system":"urn:m","code":"M","display":"Married"},)"
        R"({"system":"urn:m","code":"M","display":"Wed"}]}})");
}

TEST_CASE("an organization with two names keeps the second as an alias") {
  auto const program = patient_program(
      "a!PID-2!generalPractitioner!new XON.Organization\n"
      "b!PID-4!managingOrganization!new XON.Organization",
      {{"type/XON.Organization.tsv", "id!source!target!as\na!.1!name\nb!.10!identifier.value\n"},
       {"identity/i.tsv", "id!resource!tuple\na!XON.Organization!.10\n"}});
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID||Lab^^^^^^^^^7||Laboratory^^^^^^^^^7\r");
  for (auto const& issue : run.issues) FAIL_CHECK(issue.where << ": " << issue.what);
  auto const text = run.resource("Organization");
  CHECK(text.find(R"("name":"Lab")") != std::string::npos);
  CHECK(text.find(R"("alias":["Laboratory"])") != std::string::npos);
  CHECK(run.output.unmapped == 9);  // those of MSH: the table reads PID alone
}

TEST_CASE("an event can keep what is stored, or have it replaced as a whole") {
  auto const program = patient_program(
      "a!PID-7!birthDate\nb!PID-8!gender",
      {{"event/e.tsv",
        "id!event!resource!verb!set!when!note\na!ADT^A01!Patient!merge!gender?;link=null\n"}});
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID|||||||1999|male\r");
  REQUIRE(run.output.resources.size() == 1);
  CHECK(run.output.resources[0].clear == std::vector<std::string>{"?gender", "link"});
  CHECK(run.resource("Patient").find("\"gender\":\"male\"") != std::string::npos);

  auto const layer = layer_of(
      "base", {{"message/ADT_A01.tsv", "id!source!resource!use\np!PID!Patient!PID.Patient\n"},
               {"segment/PID.Patient.tsv", "id!source!target\na!PID-7!birthDate\n"},
               {"event/e.tsv", "id!event!resource!verb!set\na!ADT^A01!Patient!merge!gendre?\n"}});
  CHECK_FALSE(compile(std::vector{layer}).program);
}

TEST_CASE("segments that share one entry of a list by the tag `*` write it together") {
  auto const program = patient_program(
      "a!PID-5.1!contact[*].name.family\nb!PID-8!contact[x].gender",
      {{"message/ADT_A01.tsv",
        "id!source!resource!use\np!PID!Patient!PID.Patient\nn!NK1!+Patient!NK1.Patient\n"},
       {"segment/NK1.Patient.tsv",
        "id!source!target\na!NK1-2.2!contact[*].name.given\nb!NK1-15!contact[*].gender\n"}});
  REQUIRE(program);
  auto const run =
      run_text(*program, kHeader + "PID|||||A|||female\rNK1|1|X^B|||||||||||||male\rNK1|2|X^C\r");
  for (auto const& issue : run.issues) FAIL_CHECK(issue.where << ": " << issue.what);
  CHECK(run.resource("Patient").find(
            R"("contact":[{"name":{"family":"A","given":["B","C"]},"gender":"male"},)"
            R"({"gender":"female"}])") != std::string::npos);
}

TEST_CASE("what an expression or a literal does not use of its source stays unmapped") {
  auto const program = patient_program(
      "a!PID-5!birthDate.extension[x].valueString!join('-', PID-5.1, PID-5.2)\n"
      "b!PID-16!maritalStatus.text!'yes'",
      {{"extension.tsv", "name!url\nx!urn:x\n"}});
  REQUIRE(program);
  auto const run = run_text(*program, kHeader + "PID|||||A^B^C|||||||||||S^Single\r");
  std::string lost;
  for (auto const& entry : run.output.ledger) {
    if (entry.segment == 1 && entry.fate == Fate::unmapped) {
      lost += std::to_string(entry.field) + "." + std::to_string(entry.component) + " ";
    }
  }
  CHECK(lost == "5.3 16.2 ");
}

TEST_CASE("a code of which nothing legal is left is no code") {
  struct {
    std::string_view text, expected;
  } const rows[] = {{"\x7F", ""}, {"a\x7F", "\"a\""}, {" \x7F ", ""}, {"a  b\x7F ", "\"a b\""}};
  for (auto const& row : rows) {
    std::string out;
    append_primitive(out, Primitive::code, row.text, std::nullopt);
    CHECK(out == row.expected);
  }
}
