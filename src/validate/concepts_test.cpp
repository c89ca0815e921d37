// Filters of value sets on the concepts and properties of a code system.

#include "validate/concepts.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sinew::validate {
namespace {

/// Animals: dog and cat below pet, lion beside it; wolf is above dog by a property; a circle of
/// two.
constexpr auto kAnimals = R"({"resourceType":"CodeSystem","content":"complete","property":[
  {"code":"legs","type":"integer"},{"code":"parent","type":"code"}],"concept":[
  {"code":"pet","concept":[
    {"code":"dog","display":"Dog","property":[{"code":"legs","valueInteger":4},
                                              {"code":"parent","valueCode":"wolf"}]},
    {"code":"cat","display":"Cat","property":[{"code":"legs","valueInteger":4}]},
    {"code":"parrot","property":[{"code":"legs","valueInteger":2}]}]},
  {"code":"wolf"},{"code":"lion"},
  {"code":"egg","property":[{"code":"parent","valueCode":"hen"}]},
  {"code":"hen","property":[{"code":"parent","valueCode":"egg"}]}]})";

std::string selected(std::string_view filters) {
  static auto const kDocument = json::Document::parse(kAnimals);
  Concepts const concepts(kDocument->root());
  auto const list = json::Document::parse("[" + std::string(filters) + "]");
  REQUIRE(list);
  for (auto const filter : list->root().elements()) {
    if (!concepts.knows(filter)) return "unknown";
  }
  auto const codes = concepts.select(list->root());
  std::vector<std::string> sorted(codes.begin(), codes.end());
  std::ranges::sort(sorted);
  std::string out;
  for (auto const& code : sorted) out += (out.empty() ? "" : " ") + code;
  return out;
}

std::string filter(std::string_view property, std::string_view op, std::string_view value) {
  return R"({"property":")" + std::string(property) + R"(","op":")" + std::string(op) +
         R"(","value":")" + std::string(value) + R"("})";
}

}  // namespace

TEST_CASE("filters select by hierarchy, property and pattern") {
  struct {
    std::string filters, expected;
  } const rows[] = {
      {"", "cat dog egg hen lion parrot pet wolf"},
      {filter("concept", "is-a", "pet"), "cat dog parrot pet"},
      {filter("concept", "descendent-of", "pet"), "cat dog parrot"},
      {filter("concept", "is-a", "wolf"), "dog wolf"},
      {filter("concept", "generalizes", "dog"), "dog pet wolf"},
      {filter("concept", "is-not-a", "pet"), "egg hen lion wolf"},
      {filter("concept", "is-a", "egg"), "egg hen"},  // a circle ends
      {filter("concept", "descendent-of", "egg"), "hen"},
      {filter("legs", "=", "4"), "cat dog"},
      {filter("legs", "exists", "true"), "cat dog parrot"},
      {filter("legs", "exists", "false"), "egg hen lion pet wolf"},
      {filter("legs", "in", "2, 3"), "parrot"},
      {filter("legs", "not-in", "4"), "egg hen lion parrot pet wolf"},
      {filter("code", "regex", "[a-f].*"), "cat dog egg"},
      {filter("display", "=", "Dog"), "dog"},
      {filter("concept", "is-a", "pet") + "," + filter("legs", "=", "2"), "parrot"},
      // what cannot be said is not guessed
      {filter("colour", "=", "red"), "unknown"},
      {filter("concept", "is-a", "dragon"), "unknown"},
      {filter("legs", "is-a", "4"), "unknown"},
      {filter("code", "child-of", "pet"), "unknown"},
      {filter("code", "regex", "("), "unknown"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.filters);
    CHECK(selected(row.filters) == row.expected);
  }
}

}  // namespace sinew::validate
