#include "store/compress.h"

#include <doctest/doctest.h>

namespace sinew::store {
namespace {

TEST_CASE("what is packed is unpacked to the byte, whatever its size") {
  std::string const texts[] = {
      "",
      "x",
      std::string(63, 'a'),
      std::string(64, 'a'),
      std::string(5'000'000, 'b'),
      std::string("\0\1\xff", 3),
      R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org"}]}})"};
  for (auto const& text : texts)
    for (auto const content : {Content::resource, Content::message}) {
      CAPTURE(text.size());
      auto const packed = pack(content, text);
      CHECK(packed.size() <= text.size() + 1);
      auto const back = unpack(packed);
      REQUIRE(back);
      CHECK(*back == text);
    }
}

TEST_CASE("a dictionary shortens what resources and messages have in common") {
  std::string const observation =
      R"({"resourceType":"Observation","id":"1","meta":{},"status":"final","category":[{"coding":)"
      R"([{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":)"
      R"("laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2345-7"}]}})";
  CHECK(pack(Content::resource, observation).size() * 2 < observation.size());
  std::string const message =
      "MSH|^~\\&|LAB|HOSPITAL|SINEW|HOSPITAL|20260101000015+0000||ORU^R01^ORU_R01|1|P|2.5.1\r"
      "PID|1||1^^^HOSPITAL&2.16.840.1.113883.3.1&ISO^MR||Doe^Jane^^^^^L||19800517|F\r";
  CHECK(pack(Content::message, message).size() * 4 < message.size() * 3);
}

TEST_CASE("damaged bytes are refused, never read past") {
  auto const packed = pack(Content::resource, std::string(1000, 'c') + "tail");
  for (std::size_t size = 2; size < packed.size(); ++size)
    CHECK_FALSE(unpack(std::string_view(packed).substr(0, size)));
  for (std::size_t i = 1; i < packed.size(); ++i) {
    auto broken = packed;
    broken[i] = static_cast<char>(broken[i] ^ 0x5a);
    (void)unpack(broken);  // an error or another text; not a crash
  }
  CHECK_FALSE(unpack("\x07whatever"));
}

}  // namespace
}  // namespace sinew::store
