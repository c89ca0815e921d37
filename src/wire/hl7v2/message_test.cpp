#include "wire/hl7v2/message.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "wire/hl7v2/scan.h"

using namespace sinew;
using namespace sinew::hl7v2;

namespace {

std::string segments_of(Message const& message) {
  std::string text;
  for (std::size_t i = 0; i < message.segment_count(); ++i) {
    if (i > 0) text += ' ';
    text += message.segment_id(i);
  }
  return text;
}

bool has_issue(Message const& message, std::string_view text) {
  for (auto const& issue : message.issues()) {
    if (issue.what.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("fields are numbered as the standard numbers them") {
  auto const message = parse_message("MSH|^~\\&|LAB|HOSP\rPID|1||A~B|\"\"|\rPV1\r");
  REQUIRE(message);
  CHECK(message->issues().empty());
  CHECK(message->field(0, 1) == "|");
  CHECK(message->field(0, 2) == "^~\\&");
  CHECK(message->field(0, 3) == "LAB");
  CHECK(message->field(0, 4) == "HOSP");
  CHECK(message->field(0, 5).empty());
  CHECK(message->field_count(0) == 4);
  CHECK(message->field(1, 1) == "1");
  CHECK(message->field(1, 2).empty());
  CHECK(message->field(1, 3) == "A~B");
  CHECK(message->field(1, 4) == "\"\"");
  CHECK(message->field(1, 5).empty());
  CHECK(message->field(1, 6).empty());
  CHECK(message->field(1, 0).empty());
  CHECK(message->field(1, 4000000000u).empty());
  CHECK(message->field_count(1) == 5);
  CHECK(message->field_count(2) == 0);
  CHECK(message->segment_bytes(1) == "PID|1||A~B|\"\"|");
  CHECK(message->first("PID", 3).data() - message->bytes().data() == 25);
  CHECK(message->first("ZZZ", 3).empty());
  CHECK(message->find_segment("PV1") == 2);
}

TEST_CASE("line ends of every kind end segments, and each tolerance is an issue") {
  struct {
    std::string text, segments, issue;
  } const rows[] = {
      {"MSH|^~\\&|A\nPID|1\nOBX|1\n", "MSH PID OBX", "LF instead"},
      {"MSH|^~\\&|A\r\nPID|1\r\nOBX|1\r\n", "MSH PID OBX", "CR LF instead"},
      {"MSH|^~\\&|A\rPID|1\nOBX|1\r\n", "MSH PID OBX", "LF instead"},
      {"MSH|^~\\&|A\rPID|1\rOBX|1", "MSH PID OBX", "no terminator"},
      {"MSH|^~\\&|A\r\rPID|1\r \rOBX|1\r", "MSH PID OBX", "blank line"},
      {"\xEF\xBB\xBFMSH|^~\\&|A\rPID|1\r", "MSH PID", "byte order mark"},
      {" \r\n MSH|^~\\&|A\rPID|1\r", "MSH PID", "white space before"},
      {"hello\r\nMSH|^~\\&|A\rPID|1\r", "MSH PID", "text before"},
      {"\x0BMSH|^~\\&|A\rPID|1\r\x1C\r", "MSH PID", "framing"},
      {"MSH|^~\\&|A\r  PID|1\r", "MSH PID", "white space before a segment"},
      {"MSH|^~\\&|A\rpid|1\r", "MSH pid", "lower case"},
      {"msh|^~\\&|A\rpid|1\r", "msh pid", "lower case"},
      {"MSH|^~\\&|A\npid|1\nthe|end\nobx|1\n", "MSH pid obx", "lower case"},
      {"MSH|^~\\&|A\nOBX|1|TX|||one\ntwo\n\nthree||F\nOBX|2\n", "MSH OBX OBX", "line break inside"},
      {"MSH|^~\\&|A\rOBX|1|TX|||pid|1\rnot an id|x\rOBX|2\r", "MSH OBX OBX", "line break inside"},
      {"MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r", "MSH PID MSH", "this is a batch"},
      {"MSH|^~|A\rPID|1\r", "MSH PID", "fewer than four"},
      {"MSH|^^\\&|A\rPID|1\r", "MSH PID", "two delimiters"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const message = parse_message(row.text);
    REQUIRE(message);
    CHECK(segments_of(*message) == row.segments);
    CHECK(has_issue(*message, row.issue));
  }
}

TEST_CASE("a line break inside a field keeps the fields that follow it") {
  auto const message = parse_message("MSH|^~\\&|A\nOBX|1|TX|||one\ntwo\n\nthree||F\nNTE|1\n");
  REQUIRE(message);
  CHECK(message->field(1, 5) == "one\ntwo\n\nthree");
  CHECK(message->field(1, 7) == "F");
  CHECK(message->field(2, 1) == "1");
}

TEST_CASE("the delimiters are those that the message declares") {
  auto const message = parse_message("MSH#*!@%~#A\rPID#1##X*Y\r");
  REQUIRE(message);
  CHECK(message->delimiters() == Delimiters{'#', '*', '!', '@', '%', '~'});
  CHECK(message->first("PID", 3) == "X*Y");
  CHECK(part(message->first("PID", 3), '*', 1) == "Y");
  auto const truncating = parse_message("MSH|^~\\&#|A\rPID|1\r");
  REQUIRE(truncating);
  CHECK(truncating->delimiters().truncation == '#');
  CHECK(truncating->issues().empty());
}

TEST_CASE("an MSH-2 of fewer characters keeps the defaults") {
  auto const delimiters = read_delimiters("MSH|^~\\|LAB");
  REQUIRE(delimiters);
  CHECK(delimiters->subcomponent == '&');
  CHECK(read_delimiters("MSH||LAB"));
  CHECK(*read_delimiters("MSH|^~\\\\&|doubled") == Delimiters{});
}

TEST_CASE("what has no usable header is refused, at the place that is wrong") {
  struct {
    std::string text, where;
  } const rows[] = {
      {"", "MSH"},
      {"hello", "MSH"},
      {"PID|1\rOBX|1\r", "MSH"},
      {"MSH", "MSH-1"},
      {"MSHA^~\\&A", "MSH-1"},
      {"MSH ^~\\&", "MSH-1"},
      {"MSH\r^~\\&", "MSH-1"},
      {"MSH|LAB|HOSP|X\r", "MSH-2"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const message = parse_message(row.text);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == ErrorCode::malformed);
    CHECK(message.error().where == row.where);
  }
  std::string long_message = "MSH|^~\\&|A\rOBX|1|TX|||" + std::string(1000, 'x') + "\r";
  CHECK(parse_message(long_message, {.message_bytes_max = long_message.size()}));
  auto const refused = parse_message(long_message, {.message_bytes_max = long_message.size() - 1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::too_large);
}

TEST_CASE("parts are counted from zero and empty beyond the last") {
  CHECK(part("a^b^^d", '^', 0) == "a");
  CHECK(part("a^b^^d", '^', 2).empty());
  CHECK(part("a^b^^d", '^', 3) == "d");
  CHECK(part("a^b^^d", '^', 4).empty());
  CHECK(part("", '^', 0).empty());
  CHECK(part("", '^', 1).empty());
  CHECK(part_count("", '^') == 1);
  CHECK(part_count("a^b^", '^') == 3);
}

TEST_CASE("a Message can be used again and keeps nothing of the one before") {
  Message message;
  REQUIRE(parse_message_into(message, "MSH|^~\\&|A\nPID|1\nOBX|1\n"));
  CHECK(message.segment_count() == 3);
  REQUIRE(parse_message_into(message, "MSH|^~\\&|B\r"));
  CHECK(message.segment_count() == 1);
  CHECK(message.issues().empty());
  CHECK(message.first("MSH", 3) == "B");
}

TEST_CASE("every scanner finds what the plain one finds") {
  std::mt19937 random(7);
  constexpr std::string_view kAlphabet = "||||^&\r\nAB12 \\~";
  for (std::size_t length = 0; length < 400; ++length) {
    std::string text(length, 'x');
    // From mostly separators to mostly text.
    auto const density = 1 + length % 9;
    for (auto& c : text) {
      if (random() % density == 0) c = kAlphabet[random() % kAlphabet.size()];
    }
    auto const begin = length / 7;
    ScanBuffer expected;
    scanners().back().scan(text, begin, '|', expected);
    for (auto const& row : scanners()) {
      if (!row.usable) continue;
      CAPTURE(row.name);
      ScanBuffer found;
      row.scan(text, begin, '|', found);
      REQUIRE(std::ranges::equal(found.field_starts(), expected.field_starts()));
      REQUIRE(std::ranges::equal(
          found.line_ends(), expected.line_ends(), [](LineEnd const& a, LineEnd const& b) {
            return a.offset == b.offset && a.fields_before == b.fields_before;
          }));
    }
  }
}
