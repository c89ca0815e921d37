#include "json/stage1.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sinew;

// Holds what this module relies on in simdjson's internal stage 1, so that another version of the
// library which behaves otherwise fails here and not in a hospital.

namespace {

std::vector<std::uint32_t> structure_of(std::string_view text) {
  json::Structure structure;
  if (!json::find_structure(text, structure)) return {};
  return {structure.at, structure.at + structure.count + 1};
}

bool accepts(std::string_view text) {
  json::Structure structure;
  return json::find_structure(text, structure);
}

}  // namespace

TEST_CASE("stage 1 gives operators, opening quotes and first bytes of scalars, then the size") {
  using Offsets = std::vector<std::uint32_t>;
  //                     0123456789012345678
  CHECK(structure_of(R"({"a":[1, "b\"" ]} )") == Offsets{0, 1, 4, 5, 6, 7, 9, 15, 16, 18});
  CHECK(structure_of("12") == Offsets{0, 2});
  CHECK(structure_of(R"("a"b)") == Offsets{0, 3, 4});
  CHECK(structure_of(R"("a""b")") == Offsets{0, 3, 6});
  CHECK(structure_of("[true]") == Offsets{0, 1, 5, 6});
}

TEST_CASE("stage 1 gives the size twice behind the offsets, for a parser that looks ahead") {
  json::Structure structure;
  REQUIRE(json::find_structure("[1,", structure));
  CHECK(structure.at[structure.count] == 3);
  CHECK(structure.at[structure.count + 1] == 3);
}

TEST_CASE("stage 1 proves UTF-8, closed strings and no bare control characters in them") {
  CHECK(accepts("[\"\xC3\xA9\"]"));
  for (std::string_view text :
       {"", " ", "[\"\xC3\"]", "[\"\xFF\"]", "[\"\xED\xA0\x80\"]", "[\"\xF4\x90\x80\x80\"]", "\"a",
        "\"a\\\"", "\"a\nb\"", "\"a\tb\"", "\"a\x1F\""}) {
    CAPTURE(text);
    CHECK_FALSE(accepts(text));
  }
}

TEST_CASE("stage 1 sees structure across its blocks of 64 bytes, at every offset") {
  for (std::size_t space = 0; space < 200; ++space) {
    auto const text = std::string(space, ' ') + R"({"a\\":"b\"{"})";
    auto const at = static_cast<std::uint32_t>(space);
    CAPTURE(space);
    CHECK(structure_of(text) ==
          std::vector<std::uint32_t>{at, at + 1, at + 6, at + 7, at + 13, at + 14});
  }
}

TEST_CASE("a text beyond the kept capacity, then a small one, scan alike") {
  std::string large = "[";
  for (int i = 0; i < 3'000'000; ++i) large += "1234,";
  large += "1]";
  json::Structure structure;
  REQUIRE(json::find_structure(large, structure));
  CHECK(structure.count == 3 + 2 * 3'000'000);
  CHECK(structure_of("[1]") == std::vector<std::uint32_t>{0, 1, 2, 3});
}
