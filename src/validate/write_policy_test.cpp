#include "validate/write_policy.h"

#include <doctest/doctest.h>

namespace sinew::validate {

TEST_CASE("a policy without rules, or whose rules all say off, asks nothing") {
  CHECK(WritePolicy::parse({})->is_off());
  CHECK(WritePolicy::parse({"off", "Patient=off"})->is_off());
  CHECK_FALSE(WritePolicy::parse({"base"})->is_off());
  CHECK_FALSE(WritePolicy::parse({"off", "Patient=base"})->is_off());
}

TEST_CASE("the rule of a type goes before the one of all") {
  auto const policy = WritePolicy::parse({"base", "Patient=off", "Observation=profiles"});
  REQUIRE(policy);
  CHECK(policy->level_of("Patient") == WriteLevel::off);
  CHECK(policy->level_of("Observation") == WriteLevel::profiles);
  CHECK(policy->level_of("Encounter") == WriteLevel::base);
}

TEST_CASE("a rule that says nothing is refused, and names itself") {
  for (auto const* const rule : {"", "sometimes", "Patient=", "Patient=much", "=base",
                                 "HumanName=base", "Chicken=base", "patient=base"}) {
    CAPTURE(rule);
    auto const policy = WritePolicy::parse({rule});
    REQUIRE_FALSE(policy);
    CHECK(policy.error().where == rule);
  }
}

TEST_CASE("a profile that no package has stops the start, not every write") {
  Library library;
  auto const policy = WritePolicy::parse({"Patient=http://nowhere/profile"});
  REQUIRE(policy);
  CHECK_FALSE(policy->check_known(library));
}

}  // namespace sinew::validate
