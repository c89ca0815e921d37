#include "validate/codes.h"

#include <doctest/doctest.h>

namespace sinew::validate {

TEST_CASE("a SNOMED CT id is a number, an expression is made of ids; LOINC has a hyphen") {
  constexpr auto kLoinc = "http://loinc.org";
  struct {
    char const* system;
    char const* code;
    bool can_be;
  } const rows[] = {
      // system  code             why
      {"http://snomed.info/sct", "73211009", true},  // diabetes mellitus
      {"http://snomed.info/sct", "840535000", true},
      {"http://snomed.info/sct", "900000000000207008", true},  // 18 digits
      {"http://snomed.info/sct", "1", false},
      {"http://snomed.info/sct", "276885007x", false},
      {"http://snomed.info/sct", "9000000000002070080", false},
      {"http://snomed.info/sct", "", false},
      {"http://snomed.info/sct", "128045006:{363698007=56459004}", true},
      {"http://snomed.info/sct", "421720008 |Spray| + 7946007 |Drug: no 1|", true},
      {"http://snomed.info/sct", "something", false},
      {kLoinc, "8310-5", true},
      {kLoinc, "LA6576-8", true},
      {kLoinc, "LP7839-6", true},
      {kLoinc, "8310", false},
      {kLoinc, "8310-", false},
      {kLoinc, "temperature", false},
      {"http://example.org", "anything at all", true},
  };
  for (auto const& row : rows) {
    CAPTURE(row.code);
    CHECK(can_be_code(row.system, row.code) == row.can_be);
  }
}

TEST_CASE("the check digit of a SNOMED CT id finds a wrong digit and two exchanged") {
  for (auto const* const good : {"73211009", "840535000", "900000000000207008", "404684003"}) {
    CAPTURE(good);
    CHECK_FALSE(has_wrong_digit(good));
  }
  for (auto const* const bad : {"73211008", "37211009", "840535001", "404684030"}) {
    CAPTURE(bad);
    CHECK(has_wrong_digit(bad));
  }
}

TEST_CASE("two operands of an expression constraint have something between them") {
  struct {
    char const* text;
    bool can_be;
  } const rows[] = {
      {"< 404684003", true},
      {"<< 404684003 |Clinical finding|: 363698007 = << 39057004", true},
      {"(< 1 OR < 2) MINUS ^ 700043003", true},
      {"< 19829001: [1..3] { 116676008 = *, 246075003 = < 387517004 }", true},
      {"*", true},
      {"234234 << 234234", false},
      {"73211009 73211009", false},
      {"< ", false},
      {"AND 73211009", false},
      {"73211009 |never closed", false},
      {"", false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    CHECK(can_be_ecl(row.text) == row.can_be);
  }
}

}  // namespace sinew::validate
