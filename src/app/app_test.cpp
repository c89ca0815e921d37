#include <doctest/doctest.h>

#include "app/console.h"
#include "app/explanation.h"
#include "app/feeds.h"
#include "app/load.h"
#include "app/where.h"

using namespace sinew;
using namespace sinew::app;

TEST_CASE("a byte of a message has a path in HL7's own words") {
  std::string const er7 =
      "MSH|^~\\&|LAB\rPID|1||1^^^A&1.2&ISO~2||Doe^Jane\rOBX|1|NM|X||5\rOBX|2|NM|Y||6\r";
  auto const message = hl7v2::parse_message(er7);
  REQUIRE(message);
  struct {
    std::string_view at, path;
  } const rows[] = {
      {"LAB", "MSH-3"},    {"^~\\&", "MSH-2"},  {"1.2", "PID-3.4.2"}, {"2||Doe", "PID-3[2]"},
      {"Jane", "PID-5.2"}, {"5\r", "OBX[1]-5"}, {"6\r", "OBX[2]-5"},  {"PID|", "PID"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.at);
    CHECK(path_at(*message, static_cast<std::uint32_t>(er7.find(row.at))) == row.path);
  }
}

TEST_CASE("what to explain is a reference and an element path") {
  auto const path = parse_element_path("Observation/a-1.component[1].valueQuantity.value");
  REQUIRE(path);
  CHECK(path->type == "Observation");
  CHECK(path->id == "a-1");
  CHECK(path->steps == std::vector<std::string>{"component", "1", "valueQuantity", "value"});
  REQUIRE(parse_element_path("Patient/x"));
  CHECK(parse_element_path("Patient/x")->steps.empty());
  for (auto const* wrong : {"", "Patient", "/x", "Patient/", "Patient/x.", "Patient/x.name[",
                            "Patient/x.name[0]y", "Patient/x..a"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_element_path(wrong));
  }
}

TEST_CASE("addresses need a port") {
  REQUIRE(parse_address("localhost:2575"));
  CHECK(parse_address("localhost:2575")->port == 2575);
  CHECK(parse_address("[::1]:80")->host == "::1");
  for (auto const* wrong :
       {"", "localhost", ":1", "localhost:", "localhost:99999", "localhost:x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_address(wrong));
  }
}

TEST_CASE("a feed of its own takes tables over those of the main one") {
  ServeSettings settings;
  settings.map.map_folders = {"site"};
  settings.listen = {"lab=0.0.0.0:2576,map=site/lab,zone=-05:00"};
  auto const feeds = read_feeds(settings);
  REQUIRE(feeds);
  REQUIRE(feeds->size() == 2);
  CHECK(feeds->at(1).map.feed_name == "lab");
  CHECK(feeds->at(1).map.map_folders == std::vector<std::string>{"site", "site/lab"});
  CHECK(feeds->at(1).map.zone == "-05:00");
  settings.listen.push_back("lab=0.0.0.0:2577");
  CHECK_FALSE(read_feeds(settings));
  settings.listen = {"lab"};
  CHECK_FALSE(read_feeds(settings));
  settings.listen = {"lab=h:1,colour=red"};
  CHECK_FALSE(read_feeds(settings));
}

TEST_CASE("percentiles are taken by rank") {
  Latencies latencies;
  CHECK(latencies.milliseconds(0.5) == 0);
  for (int i = 1; i <= 101; ++i) latencies.add(std::chrono::milliseconds(i));
  CHECK(latencies.milliseconds(0.5) == doctest::Approx(51));
  CHECK(latencies.milliseconds(0.99) == doctest::Approx(100));
}
