#include "engine/delivery/lookup.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "engine/delivery/channel.h"

using namespace sinew;
using namespace sinew::engine;

namespace {

std::string error_of(std::string_view text, char comma = '\t') {
  auto const table = LookupTable::read(text, "t", comma, "t.tsv");
  REQUIRE_FALSE(table);
  return to_string(table.error());
}

}  // namespace

TEST_CASE("a table is found by its first column, or by those that it names") {
  auto const plain = LookupTable::read("code\tname\nM\tmale\r\nF\tfemale\n\n", "sex", '\t', "x");
  REQUIRE(plain);
  REQUIRE(plain->find("F") != nullptr);
  CHECK(plain->find("F")->at(plain->value_column()) == "female");
  CHECK(plain->find("f") == nullptr);
  CHECK(plain->size() == 2);
  auto const two = LookupTable::read(
      "# from the laboratory\n# key: system, code\nname,code,system\n\"a, "
      "\"\"b\"\"\",1,L\nc,1,LN\n",
      "t", ',', "x");
  REQUIRE_MESSAGE(two, (two ? "" : to_string(two.error())));
  std::string_view const key[] = {"L", "1"};
  REQUIRE(two->find(key) != nullptr);
  CHECK(two->find(key)->at(two->value_column()) == "a, \"b\"");
  CHECK(two->find("1") == nullptr);
  CHECK(*two->column("code") == 1);
  CHECK_FALSE(two->column("kode"));
}

TEST_CASE("a table with a mistake is not taken") {
  CHECK(error_of("a\tb\n1\t2\n1\t3\n") == "t.tsv:3: the key is there twice");
  CHECK(error_of("a\tb\n1\n").find("t.tsv:2: the row has 1 cells") == 0);
  CHECK(error_of("") == "t.tsv:1: the first row has to name the columns");
  CHECK(error_of("a\ta\n").find("twice") != std::string::npos);
  CHECK(error_of("# key: c\na\tb\n").find("no such column") != std::string::npos);
  CHECK(error_of("a\tb\n\xFF\t1\n").find("UTF-8") != std::string::npos);
}

TEST_CASE("tables stand in the folder lookups, and conditions ask them") {
  char name[] = "/tmp/sinew-lookup-XXXXXX";
  std::string const folder = ::mkdtemp(name);
  std::filesystem::create_directories(folder + "/lookups");
  REQUIRE(write_file(folder + "/lookups/wards.tsv", "ward\tphone\nA1\t17\n"));
  REQUIRE(write_file(folder + "/a.yaml",
                     "channel: a\naccept: [{field: PV1-3.1, in: wards}]\ndestinations: []\n"));
  auto const channels = read_channels(folder);
  REQUIRE_MESSAGE(channels, (channels ? "" : to_string(channels.error())));
  auto const passes = [&](std::string const& ward) {
    auto const text = "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rPV1|1||" + ward + "\r";
    auto const message = hl7v2::parse_message(text);
    return holds(channels->front().accept, *message);
  };
  CHECK(passes("A1"));
  CHECK_FALSE(passes("A2"));
  CHECK_FALSE(passes(""));
  std::filesystem::remove_all(folder);
}
