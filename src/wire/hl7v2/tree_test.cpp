#include "wire/hl7v2/tree.h"

#include <doctest/doctest.h>

#include <string>

using namespace sinew::hl7v2;

namespace {

constexpr std::string_view kResult =
    "MSH|^~\\&|LAB|HOSP|||20240229||ORU^R01^ORU_R01|M1|P|2.5.1||||||UNICODE UTF-8\r"
    "PID|1||12345^^^HOSP&1.2.3&ISO^MR~999^^^SSA^SS||M\xC3\xBCller^Zo\\S\\e||19801341|F\r"
    "OBR|1|||2951-2^Sodium^LN\r"
    "OBX|1|NM|2951-2^Sodium^LN||14O|mmol/L|||||F\r"
    "ZZZ|x\r";

}  // namespace

TEST_CASE("the tree names what is there and marks what is wrong at its place") {
  auto const message = parse_message(kResult);
  REQUIRE(message);
  auto const tree = print_tree(*message);
  for (std::string_view const line : {
           "ORU_R01  ORU^R01^ORU_R01, version 2.5.1\n",
           "  MSH  Message Header\n",
           "    MSH-3  Sending Application: LAB\n",
           "  PATIENT_RESULT\n    PATIENT\n      PID  Patient Identification\n",
           "        PID-3[1]  Patient Identifier List\n",
           "          PID-3[1].1  ID Number: 12345\n",
           "          PID-3[1].4  Assigning Authority\n",
           "            PID-3[1].4.2  Universal ID: 1.2.3\n",
           "          PID-3[1].5  Identifier Type Code: MR (Medical record number)\n",
           "          PID-3[2].1  ID Number: 999\n",
           "          PID-5.1  Family Name: Müller\n",
           "          PID-5.2  Given Name: Zo^e\n",
           "        PID-7  Date/Time of Birth: 19801341\n          ! PID-7: not a date or time\n",
           "        PID-8  Administrative Sex: F (Female)\n",
           "      OBSERVATION\n        OBX  Observation/Result\n",
           "          OBX-5  Observation Value: 14O\n            ! OBX-5: not a number\n",
           "        ZZZ  (no place in the structure)\n          ! ZZZ[1]: no place in "
           "ORU_R01\n",
       }) {
    CAPTURE(line);
    CAPTURE(tree);
    CHECK(tree.find(line) != std::string::npos);
  }
  CHECK(tree.find("MSH-10  Message Control ID: M1") != std::string::npos);
}

TEST_CASE("the JSON form holds the same, with the places of the bytes") {
  auto const message = parse_message(kResult);
  auto const json = print_tree_json(*message);
  for (
      std::string_view const piece : {
          R"({"type":"ORU^R01^ORU_R01","version":"2.5.1","structure":"ORU_R01","children":[{"segment":"MSH")",
          R"({"group":"PATIENT_RESULT","children":[{"group":"PATIENT","children":[{"segment":"PID")",
          R"({"path":"PID-8","name":"Administrative Sex","type":"IS","offset":148,"length":1,"value":"F","display":"Female"})",
          R"("issues":[{"severity":"warning","where":"PID-7","what":"not a date or time"}])",
          R"("unplaced":true)",
          R"("value":"Müller")",
      }) {
    CAPTURE(json);
    CAPTURE(piece);
    CHECK(json.find(piece) != std::string::npos);
  }
  // Well nested: every bracket has its partner.
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      depth += json[i] == '{' || json[i] == '[';
      depth -= json[i] == '}' || json[i] == ']';
    }
  }
  CHECK(depth == 0);
  CHECK_FALSE(in_string);
}

TEST_CASE("a missing required field and a field of no standard are told") {
  auto const text = "MSH|^~\\&|A|||||||M1|P|2.5.1\rPID|1\rPV1|1|I|" + std::string(60, '|') + "x\r";
  auto const message = parse_message(text);
  auto const tree = print_tree(*message);
  CHECK(tree.find("! MSH-9: required and missing: Message Type") != std::string::npos);
  CHECK(tree.find("! PID-3: required and missing: Patient Identifier List") != std::string::npos);
  CHECK(tree.find("! PV1-63: the standard has no such field") != std::string::npos);
}

TEST_CASE("a value cannot drive the terminal, and a long one is cut") {
  auto const text =
      "MSH|^~\\&|A|||||||M1|P|2.5.1\rNTE|1||\x1B[2J\\X07\\\\.br\\" + std::string(1000, 'x') + "\r";
  auto const tree = print_tree(*parse_message(text));
  CHECK(tree.find("\\x1b[2J\\x07\\nxxx") != std::string::npos);
  CHECK(tree.find('\x1B') == std::string::npos);
  CHECK(tree.find("bytes)") != std::string::npos);
  CHECK(tree.size() < 1500);
}

TEST_CASE("values of primitive types are checked") {
  struct {
    std::string_view type, value;
    bool good;
  } const rows[] = {
      {"NM", "-1.50", true},
      {"NM", "1e5", false},
      {"NM", ".", false},
      {"NM", "+.5", true},
      {"SI", "1", true},
      {"SI", "-1", false},
      {"SI", "1000000000", false},
      {"DT", "2024", true},
      {"DT", "20240229", true},
      {"DT", "20230229", false},
      {"DT", "2024-02-29", false},
      {"DT", "20241", false},
      {"TM", "2359", true},
      {"TM", "2460", false},
      {"TM", "101112.1234-0500", true},
      {"TM", "1011.5", false},
      {"DTM", "202402291530", true},
      {"DTM", "20240229153000.1+0100", true},
      {"DTM", "2024+0100", true},
      {"TS", "20240229-0500", true},
      {"TS", "20240229T10", false},
      {"TS", "\"\"", true},
      {"ST", "anything", true},
      {"", "anything", true},
  };
  for (auto const& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.value);
    CHECK(value_fault(row.type, row.value).empty() == row.good);
  }
}
