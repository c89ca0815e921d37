#include "fhirpath/ucum.h"

#include <doctest/doctest.h>

#include <string>

namespace sinew::fhirpath::ucum {
namespace {

Decimal decimal(std::string_view text) { return parse_decimal(text).value_or(Decimal{}); }

TEST_CASE("amounts are converted between units of one dimension") {
  struct {
    std::string_view value, from, to, result;
  } const rows[] = {
      {"1", "[in_i]", "cm", "2.54"},
      {"1", "[lb_av]", "g", "453.59237"},
      {"4000.0", "mg", "g", "4"},
      {"1", "wk", "d", "7"},
      {"98.6", "[degF]", "Cel", "37"},
      {"37.0", "Cel", "K", "310.15"},
      {"5", "mmol/L", "mol/m3", "5"},
      {"13.5", "g/dL", "kg/m3", "135"},
      {"120", "mm[Hg]", "kPa", "15.99864"},
      {"3", "10*3/uL", "10*9/L", "3"},
      {"7", "{cells}/[HPF]", "/[HPF]", "7"},
      {"1", "km/h", "m/h", "1000"},
      {"1", "J", "N.m", "1"},
      {"10", "dB", "B", "1"},
      {"1", "[IU]/mL", "k[IU]/L", "1"},
      {"1", "(m.s)/s", "m", "1"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.from);
    auto const from = parse_unit(row.from);
    auto const to = parse_unit(row.to);
    REQUIRE(from);
    REQUIRE(to);
    REQUIRE(are_comparable(*from, *to));
    auto const result = convert(decimal(row.value), *from, *to);
    REQUIRE(result);
    CHECK(compare(decimal(row.value), *from, decimal(row.result), *to, ratio_of(*from, *to)) == 0);
    CHECK_MESSAGE(fhirpath::compare(*result, decimal(row.result)) == 0, to_string(*result));
  }
}

TEST_CASE("units of different dimensions and arbitrary units are not comparable") {
  struct {
    std::string_view a, b;
  } const rows[] = {{"cm", "s"}, {"mg", "mL"}, {"[iU]", "[arb'U]"}, {"[iU]", "1"}, {"B", "1"}};
  for (auto const& row : rows) {
    CAPTURE(row.a);
    CHECK_FALSE(are_comparable(*parse_unit(row.a), *parse_unit(row.b)));
  }
}

TEST_CASE("texts that are no unit are refused") {
  for (std::string_view const text : {"", "[s]", "foo", "m/", "(m", "m)", "m..s", "{open", "kk[IU]",
                                      "m99", "10*99", "mmHg", "((((((((((m))))))))))"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_unit(text));
  }
  CHECK_FALSE(parse_unit(std::string(kUnitBytesMax + 1, '1')));
}

}  // namespace
}  // namespace sinew::fhirpath::ucum
