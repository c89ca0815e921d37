#include "wire/hl7v2/write.h"

#include <doctest/doctest.h>

#include <string>

#include "wire/hl7v2/path.h"

using namespace sinew::hl7v2;

TEST_CASE("the normal form has CR, the usual delimiters and no empty ends") {
  struct {
    std::string text, normal, why;
  } const rows[] = {
      {"MSH|^~\\&|A\rPID|1||B^C\r", "MSH|^~\\&|A\rPID|1||B^C\r", "as it is"},
      {"MSH|^~\\&|A\nPID|1|\n", "MSH|^~\\&|A\rPID|1\r", "line ends"},
      {"x\nMSH|^~\\&|A\r\n\r\nPID|1", "MSH|^~\\&|A\rPID|1\r", "junk, blank line, no terminator"},
      {"MSH|^~\\&|A||\rPID|1||a^b^^~c&&^~~|||\r", "MSH|^~\\&|A\rPID|1||a^b~c\r", "empty ends"},
      {"MSH|^~\\&|A\rPID|\"\"|^^b||~x\r", "MSH|^~\\&|A\rPID|\"\"|^^b||~x\r", "null, empty starts"},
      {"MSH#*!@%#A\rPID#1#a*b!c%d@F@e|f^g#@X0D@\r",
       "MSH|^~\\&|A\rPID|1|a^b~c&d\\F\\e\\F\\f\\S\\g|\\X0D\\\r", "other delimiters"},
      {"MSH|^~\\&#|A\rPID|long#\r", "MSH|^~\\&#|A\rPID|long#\r", "truncation"},
      {"MSH|^~\\&|A\npid|1\n", "MSH|^~\\&|A\rPID|1\r", "ids in lower case"},
      {"MSH|^~\\&|A\rOBX|1|TX|||a\nb||F\r", "MSH|^~\\&|A\rOBX|1|TX|||a\\.br\\b||F\r", "line break"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.why);
    auto const message = parse_message(row.text);
    REQUIRE(message);
    auto const normal = normalized(*message);
    CHECK(normal == row.normal);
    auto const again = parse_message(normal);
    REQUIRE(again);
    CHECK(normalized(*again) == normal);
  }
}

TEST_CASE("a transcoded message is written in UTF-8 and says so") {
  std::string const text =
      "MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5||||||~ISO IR87\rPID|1||\x1B$BF|K\\\x1B(B\r";
  auto const message = parse_message(text);
  REQUIRE(message);
  CHECK(normalized(*message) ==
        "MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||日本\r");
}

TEST_CASE("a built message reads back as what was put in") {
  auto const text = [] {
    MessageBuilder builder;
    builder.begin("MSH").text(3, "LAB|1").raw(9, "ACK^A01^ACK").text(10, "x");
    builder.begin("NTE").text(3, "a & b\nc").text(4, "");
    builder.segment("ZZZ|as it stands");
    return std::move(builder).finish();
  }();
  CHECK(text ==
        "MSH|^~\\&|LAB\\F\\1||||||ACK^A01^ACK|x\rNTE|||a \\T\\ b\\X0A\\c\rZZZ|as it stands\r");
}

TEST_CASE("paths find repetitions, components and subcomponents") {
  std::string const text = "MSH|^~\\&|A\rPID|1||a^b&c~d^e\rOBX|1|ST|x\rOBX|2|ST|y~z\r";
  auto const message = parse_message(text);
  REQUIRE(message);
  struct {
    std::string_view path, found;
  } const rows[] = {
      {"PID-3", "PID-3=a^b&c~d^e"},
      {"PID-3[2]", "PID-3[2]=d^e"},
      {"PID-3[2].2", "PID-3[2].2=e"},
      {"PID-3.2.2", "PID-3[1].2.2=c"},
      {"PID.3.1", "PID-3[1].1=a PID-3[2].1=d"},
      {"OBX-3", "OBX[1]-3=x OBX[2]-3=y~z"},
      {"OBX[2]-3[2]", "OBX[2]-3[2]=z"},
      {"OBX[3]-3", ""},
      {"PID-30", ""},
      {"PID-3[3]", ""},
      {"PID-3[2].3", ""},
      {"MSH-2", "MSH-2=^~\\&"},
      {"obx[1]", "OBX[1]=OBX|1|ST|x"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.path);
    auto const path = parse_path(row.path);
    REQUIRE(path);
    std::string found;
    for (auto const& place : find_all(*message, *path)) {
      if (!found.empty()) found += ' ';
      found += to_string(place.path) + "=" + std::string(place.bytes);
      CHECK(place.bytes.data() >= message->bytes().data());
      CHECK(place.bytes.data() + place.bytes.size() <=
            message->bytes().data() + message->bytes().size());
    }
    CHECK(found == row.found);
  }
  for (std::string_view const wrong :
       {"", "P", "PID-", "PID-0", "PID-3[", "PID-3[]", "PID-3[0]", "PID-3.1.2.3", "PID-x", "PIDX-3",
        "1ID-3", "PID-3]", "PID-99999999999999999999"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_path(wrong));
  }
}
