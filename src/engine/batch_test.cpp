#include "engine/batch.h"

#include <doctest/doctest.h>

using namespace sinew::engine;

TEST_CASE("a batch is known by its first segment") {
  CHECK(is_batch("FHS|^~\\&|A\rMSH|"));
  CHECK(is_batch("\r\nBHS|^~\\&|A\r"));
  CHECK_FALSE(is_batch("MSH|^~\\&|A\rBHS|x"));
  CHECK_FALSE(is_batch("BHSX|"));
  CHECK_FALSE(is_batch("BHS"));
  CHECK_FALSE(is_batch(""));
}

TEST_CASE("a batch is taken apart at its headers, messages and trailers") {
  auto const batch = split_batch(
      "FHS|^~\\&|A\rBHS|^~\\&|B\rMSH|^~\\&|1\rPID|1\rMSH#^~\\&#2\r\nNTE|MSHX\rBTS|2\rBHS|^~\\&|C\r"
      "MSH|^~\\&|3\rBTS\rFTS|2\r");
  CHECK(batch.file_header == "FHS|^~\\&|A");
  CHECK(batch.batch_header == "BHS|^~\\&|B");
  REQUIRE(batch.messages.size() == 3);
  CHECK(batch.messages[0] == "MSH|^~\\&|1\rPID|1\r");
  CHECK(batch.messages[1] == "MSH#^~\\&#2\r\nNTE|MSHX\r");
  CHECK(batch.messages[2] == "MSH|^~\\&|3\r");
}

TEST_CASE("a batch cut off keeps the message it ends in, and an empty one has none") {
  auto const cut = split_batch("BHS|^~\\&|B\rMSH|^~\\&|1\rPID|1");
  REQUIRE(cut.messages.size() == 1);
  CHECK(cut.messages[0] == "MSH|^~\\&|1\rPID|1");
  CHECK(split_batch("BHS|^~\\&|B\rBTS|0\r").messages.empty());
}

TEST_CASE("acknowledgements of a batch travel in a batch, sender and receiver exchanged") {
  auto const batch =
      split_batch("FHS|^~\\&|LAB|L|EHR|E\rBHS|^~\\&|LAB|L|EHR|E|2026||||B7\rMSH|^~\\&|\r");
  CHECK(answer_batch(batch, "X-1", {0}, {"MSH|1\r", "", "MSH|2\r"}) ==
        "FHS|^~\\&|EHR|E|LAB|L|19700101000000+0000||||X-1|\r"
        "BHS|^~\\&|EHR|E|LAB|L|19700101000000+0000||||X-1|B7\r"
        "MSH|1\rMSH|2\rBTS|2\rFTS|1\r");
}
