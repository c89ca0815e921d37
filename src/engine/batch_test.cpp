#include "engine/batch.h"

#include <doctest/doctest.h>

using namespace sinew::engine;

TEST_CASE("a frame that may hold several messages is noticed") {
  CHECK(may_be_batch("FHS|^~\\&|A\rMSH|"));
  CHECK(may_be_batch("\r\nBHS|^~\\&|A\r"));
  CHECK(may_be_batch("MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r"));
  CHECK_FALSE(may_be_batch("MSH|^~\\&|A\rBHS|x\rNTE|MSH|"));
  CHECK_FALSE(may_be_batch("BHSX|"));
  CHECK_FALSE(may_be_batch(""));
}

TEST_CASE("acknowledgements of a batch travel in a batch, sender and receiver exchanged") {
  auto const batch = sinew::hl7v2::split_batch(
      "FHS|^~\\&|LAB|L|EHR|E\rBHS|^~\\&|LAB|L|EHR|E|2026||||B7\rMSH|^~\\&|\r");
  REQUIRE(batch);
  std::string const acknowledgements[] = {"MSH|1\r", "", "MSH|2\r"};
  CHECK(answer_batch(*batch, "X-1", {0}, acknowledgements) ==
        "FHS|^~\\&|EHR|E|LAB|L|19700101000000+0000||||X-1|\r"
        "BHS|^~\\&|EHR|E|LAB|L|19700101000000+0000||||X-1|B7\r"
        "MSH|1\rMSH|2\rBTS|2\rFTS|1\r");
}
