#include "wire/hl7v2/batch.h"

#include <doctest/doctest.h>

#include <string>

#include "wire/hl7v2/continuation.h"
#include "wire/hl7v2/sequence.h"

using namespace sinew;
using namespace sinew::hl7v2;

TEST_CASE("a file with headers is taken apart, and its counts are checked") {
  std::string const text =
      "FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|^~\\&|1\rPID|1\rMSH|^~\\&|2\rBTS|2\r"
      "BHS|^~\\&|B\rMSH|^~\\&|3\rBTS|5\rFTS|2\r";
  auto const batch = split_batch(text);
  REQUIRE(batch);
  CHECK(batch->is_batch());
  CHECK(batch->file_header == "FHS|^~\\&|A");
  CHECK(batch->file_trailer == "FTS|2");
  REQUIRE(batch->batches.size() == 2);
  CHECK(batch->batches[0].header == "BHS|^~\\&|A");
  CHECK(batch->batches[0].trailer == "BTS|2");
  CHECK(batch->batches[0].message_count == 2);
  CHECK(batch->batches[1].first_message == 2);
  REQUIRE(batch->messages.size() == 3);
  CHECK(batch->messages[0].bytes == "MSH|^~\\&|1\rPID|1\r");
  CHECK(batch->messages[1].bytes == "MSH|^~\\&|2\r");
  CHECK(batch->messages[2].batch == 1);
  CHECK(text.substr(batch->messages[2].offset, 3) == "MSH");
  REQUIRE(batch->issues.size() == 1);
  CHECK(batch->issues[0].where == "BTS-1");
}

TEST_CASE("messages without headers, and every way of ending lines") {
  for (std::string_view const end : {"\r", "\n", "\r\n", "\r\n\r\n", "\r\x1C\r\x0B"}) {
    std::string text;
    for (char const id : {'1', '2', '3'}) {
      for (std::string_view const line : {"MSH|^~\\&|", "PID|", "NTE|1||the MSH|x"}) {
        text += line;
        if (line.ends_with('|')) text += id;
        text += end == "\r\x1C\r\x0B" ? "\r" : end;
      }
      if (end == "\r\x1C\r\x0B") text += "\x1C\r\x0B";
    }
    CAPTURE(end);
    auto const batch = split_batch(text);
    REQUIRE(batch);
    REQUIRE(batch->messages.size() == 3);
    CHECK(batch->issues.empty());
    for (std::size_t i = 0; i < 3; ++i) {
      auto const message = parse_message(batch->messages[i].bytes);
      REQUIRE(message);
      CHECK(message->segment_count() == 3);
      CHECK(message->field(0, 3) == std::string(1, static_cast<char>('1' + i)));
      CHECK(batch->messages[i].batch == BatchMessage::kNoBatch);
    }
  }
}

TEST_CASE("a file of one message keeps every byte of the file") {
  for (std::string_view const text :
       {"MSH|^~\\&|A\rPID|1\r", "junk\nMSH|^~\\&|A\nPID|1\n\n\n", "\x0BMSH|^~\\&|A\r\x1C\r"}) {
    auto const batch = split_batch(text);
    REQUIRE(batch);
    CHECK_FALSE(batch->is_batch());
    CHECK(batch->messages.front().bytes == text);
  }
  auto const none = split_batch("PID|1\r");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::malformed);
  auto const empty = split_batch("FHS|^~\\&|A\rFTS|0\r");
  REQUIRE(empty);
  CHECK(empty->messages.empty());
  CHECK(empty->issues.empty());
  CHECK_FALSE(split_batch("MSH|^~\\&|1\rMSH|^~\\&|2\rMSH|^~\\&|3\r", {.messages_max = 2}));
}

TEST_CASE("missing headers and trailers are told and lose nothing") {
  auto const batch = split_batch("BHS#^~\\&#A\rMSH|^~\\&|1\rMSH|^~\\&|2\rFTS|1\r");
  REQUIRE(batch);
  CHECK(batch->messages.size() == 2);
  CHECK(batch->issues.size() == 2);
}

TEST_CASE("fragments are joined by their pointers") {
  Continuations joiner;
  auto add = [&](std::string const& text) {
    auto const message = parse_message(text);
    REQUIRE(message);
    auto joined = joiner.add(*message);
    REQUIRE(joined);
    return *joined;
  };
  CHECK_FALSE(add("MSH|^~\\&|A|B\rPID|1\rOBX|1|TX|||first ha\rADD|\rDSC|P1|F\r"));
  CHECK(joiner.unfinished() == 1);
  // Another sender's message does not disturb it.
  CHECK(*add("MSH|^~\\&|X|B\rPID|9\r") == "MSH|^~\\&|X|B\rPID|9\r");
  CHECK_FALSE(add("MSH|^~\\&|A|B||||||||||P1\rADD|lf||F\rOBX|2\rDSC|P2|F\r"));
  auto const whole = add("MSH|^~\\&|A|B||||||||||P2\rOBX|3\r");
  REQUIRE(whole);
  CHECK(*whole == "MSH|^~\\&|A|B\rPID|1\rOBX|1|TX|||first half||F\rOBX|2\rOBX|3\r");
  CHECK(joiner.unfinished() == 0);

  auto const stray = parse_message("MSH|^~\\&|A|B||||||||||P9\rOBX|3\r");
  auto const refused = joiner.add(*stray);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().where == "MSH-14");
}

TEST_CASE("unfinished messages do not pile up") {
  Continuations joiner({.messages_max = 2, .message_bytes_max = 60});
  for (int i = 0; i < 5; ++i) {
    auto const text = "MSH|^~\\&|A|B\rDSC|P" + std::to_string(i) + "|F\r";
    REQUIRE(joiner.add(*parse_message(text)));
  }
  CHECK(joiner.unfinished() == 2);
  auto const text = "MSH|^~\\&|A|B||||||||||P4\rOBX|" + std::string(60, 'x') + "\r";
  CHECK_FALSE(joiner.add(*parse_message(text)));
}

TEST_CASE("sequence numbers guard a link") {
  SequenceLink link;
  CHECK(link.expected() == -1);
  CHECK(link.check("") == SequenceVerdict::not_used);
  CHECK(link.check("7") == SequenceVerdict::expected);
  link.stored(7);
  CHECK(link.expected() == 8);
  CHECK(link.check("0") == SequenceVerdict::start);
  CHECK(link.check("7") == SequenceVerdict::duplicate);
  CHECK(link.check("8") == SequenceVerdict::expected);
  CHECK(link.check("9") == SequenceVerdict::mismatch);
  CHECK(link.check("6") == SequenceVerdict::mismatch);
  CHECK(link.check("x") == SequenceVerdict::malformed);
  CHECK(link.check("-2") == SequenceVerdict::malformed);
  CHECK(link.check("-1") == SequenceVerdict::resynchronize);
  CHECK(link.expected() == -1);
  CHECK(link.check("100") == SequenceVerdict::expected);
}
