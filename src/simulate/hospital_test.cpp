#include <doctest/doctest.h>

#include <map>

#include "simulate/hospital.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"

using namespace sinew;
using simulate::Hospital;

TEST_CASE("the same seed gives the same messages, another seed others") {
  auto one = Hospital::open({.seed = 7});
  auto same = Hospital::open({.seed = 7});
  auto other = Hospital::open({.seed = 8});
  REQUIRE(one);
  REQUIRE(same);
  REQUIRE(other);
  bool differs = false;
  for (int i = 0; i < 500; ++i) {
    auto const message = one->next();
    CHECK(message.er7 == same->next().er7);
    differs |= message.er7 != other->next().er7;
  }
  CHECK(differs);
}

TEST_CASE("every simulated message parses without a fault and every kind comes up") {
  auto hospital = Hospital::open({.seed = 1});
  REQUIRE(hospital);
  std::map<std::string, int> seen;
  for (int i = 0; i < 3000; ++i) {
    auto const message = hospital->next();
    CAPTURE(message.er7);
    auto const parsed = hl7v2::parse_message(message.er7);
    REQUIRE(parsed);
    CHECK(parsed->issues().empty());
    CHECK_FALSE(parsed->first("MSH", 10).empty());
    auto const groups = hl7v2::group_segments(*parsed);
    CHECK_FALSE(groups.structure.empty());
    ++seen[message.event];
  }
  for (auto const* event :
       {"ADT^A01", "ADT^A02", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A11", "ADT^A13", "ADT^A40",
        "OML^O21", "ORU^R01", "RDE^O11", "VXU^V04", "MDM^T02", "SIU^S12", "DFT^P03"}) {
    CAPTURE(event);
    CHECK(seen[event] > 0);
  }
}
