#include "fhirpath/decimal.h"

#include <doctest/doctest.h>

namespace sinew::fhirpath {
namespace {

TEST_CASE("decimals are read and written as they are") {
  for (std::string_view const text :
       {"0", "0.00", "-12.50", "113.50", "1234567890987654321.0", "0.00000001",
        "99999999999999999999999999999999999999", "-0.5"}) {
    auto const value = parse_decimal(text);
    REQUIRE_MESSAGE(value, text);
    CHECK(to_string(*value) == text);
  }
  CHECK(to_string(*parse_decimal("1e3")) == "1000");
  CHECK(to_string(*parse_decimal("-2.5E-3")) == "-0.0025");
  for (std::string_view const text :
       {"", "-", ".", "1.", ".5", "1e", "1e99", "1e-99", "1e2000000000", "0x1", "1 ", "--1",
        "999999999999999999999999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_decimal(text));
  }
}

TEST_CASE("arithmetic is exact or has no result") {
  auto const d = [](std::string_view text) { return *parse_decimal(text); };
  CHECK(to_string(*add(d("0.1"), d("0.2"))) == "0.3");
  CHECK(to_string(*multiply(d("2.50"), d("-4"))) == "-10.00");
  CHECK(to_string(*divide(d("2"), d("3"))) == "0.6666666666666667");
  CHECK(to_string(*divide(d("-2"), d("3"))) == "-0.6666666666666667");
  CHECK(to_string(*divide(d("1"), d("8"))) == "0.125");
  CHECK(to_string(*remainder(d("-5.5"), d("2"))) == "-1.5");
  CHECK_FALSE(divide(d("1"), d("0.00")));
  CHECK(to_string(*divide(d("0"), d("7"))) == "0");
  CHECK_FALSE(multiply(d("1e20"), d("1e20")));
  CHECK_FALSE(add(d("99999999999999999999999999999999999999"), d("1")));
  CHECK(compare(d("1.0"), d("1.00")) == 0);
  CHECK(compare(d("99999999999999999999999999999999999999"), d("0.0000000000001")) > 0);
  CHECK(compare(d("-99999999999999999999999999999999999999"), d("0.0000000000001")) < 0);
  CHECK(to_string(round(d("2.5"), 0, Rounding::half_away)) == "3");
  CHECK(to_string(round(d("-2.5"), 0, Rounding::half_away)) == "-3");
  CHECK(to_string(round(d("-2.1"), 0, Rounding::down)) == "-3");
  CHECK(to_string(*power(d("1.1"), d("3"))) == "1.331");
  CHECK(to_string(*square_root(d("81"))) == "9");
  CHECK_FALSE(square_root(d("-1")));
  CHECK_FALSE(exponential(d("1000")));
}

}  // namespace
}  // namespace sinew::fhirpath
