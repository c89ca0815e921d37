#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <set>

#include "store/full_text.h"
#include "store/store_suite.h"

// Parameters that are no view on an indexed path.

namespace sinew::store {
namespace {

/// The ids found, sorted; "!where" for an error.
std::string found(Store& store, std::string_view type, std::string_view query) {
  auto parsed = parse_search(type, query);
  if (!parsed) return "!" + parsed.error().where;
  auto page = store.search(*parsed);
  if (!page) return "!" + page.error().where;
  std::set<std::string> ids;
  for (auto const& match : page->matches) ids.insert(match.id);
  std::string out;
  for (auto const& id : ids) out += (out.empty() ? "" : ",") + id;
  return out;
}

TEST_CASE("words are found whole, whatever case and accents, in narrative and content") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(
      *store,
      put("Patient", "a",
          R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><b>Café</b><td>crème</td>x</div>"},
                                   "name":[{"family":"Bonheur"}])")));
  REQUIRE(apply_one(
      *store,
      put("Patient", "b",
          R"("name":[{"text":"Cafe owner"}],"contact":[{"name":{"text":"Crème de la"}}])")));
  struct {
    char const *query, *ids;
  } const rows[] = {
      {"_text=CAFE", "a"},
      {"_text=caf", ""},
      {"_text=caf*", "a"},
      {"_text=creme%20cafe", "a"},
      {"_text=cremex", ""},  // two cells are two words
      {"_text=div", ""},     // markup is no text
      {"_content=cafe", "a,b"},
      {"_content=cafe%20creme", "a,b"},
      {"_content=cafe%20owner", "b"},
      {"_content=bonheur,owner", "a,b"},
      {"_content=family", ""},  // names of elements are no content
      {"_content=owner&_content=la", "b"},
      {"_text=%2B%2B", "!_text=++"},
      {"_text:exact=cafe", "!_text:exact"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(found(*store, "Patient", row.query) == row.ids);
  }
}

TEST_CASE("the members of a list are found, of the type that is asked for") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (auto const* id : {"a", "b", "c"})
    REQUIRE(apply_one(*store, put("Patient", id, R"("gender":"male")")));
  REQUIRE(apply_one(*store, put("Group", "a", R"("type":"person","actual":true)")));
  REQUIRE(apply_one(*store, put("List", "l",
                                R"("status":"current","mode":"working","entry":[
                                   {"item":{"reference":"Patient/a"}},
                                   {"deleted":true,"item":{"reference":"Patient/b"}},
                                   {"item":{"reference":"Patient/gone"}},
                                   {"item":{"reference":"Group/a"}}])")));
  CHECK(found(*store, "Patient", "_list=l") == "a");
  CHECK(found(*store, "Patient", "_list=List/l&gender=male") == "a");
  CHECK(found(*store, "Group", "_list=l") == "a");
  CHECK(found(*store, "Group", "_list=l&type=person") == "a");
  CHECK(found(*store, "Patient", "_list=none") == "!_list=none");
  CHECK(found(*store, "Patient", "_list=$current-problems") == "!_list=$current-problems");
  CHECK(found(*store, "Patient", "_contained=false&_list=l") == "a");
}

TEST_CASE("places near a place agree with the angle between two vectors") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::mt19937 random(5);
  std::uniform_real_distribution<double> latitudes(-89, 89), longitudes(-180, 180),
      distances(1, 9000);
  struct Spot {
    double latitude, longitude;
  };
  std::vector<Spot> spots;
  Transaction transaction;
  for (int i = 0; i < 120; ++i) {
    spots.push_back({latitudes(random), longitudes(random)});
    transaction.changes.push_back(
        put("Location", "l" + std::to_string(i),
            R"("position":{"latitude":)" + std::to_string(spots.back().latitude) +
                R"(,"longitude":)" + std::to_string(spots.back().longitude) + "}"));
  }
  transaction.changes.push_back(put("Location", "nowhere", R"("name":"x")"));
  REQUIRE(store->apply_and_wait(std::move(transaction)));
  auto const radians = [](double degrees) { return degrees * 3.14159265358979323846 / 180; };
  std::size_t hits = 0;
  for (int i = 0; i < 60; ++i) {
    Spot const from{latitudes(random), longitudes(random)};
    double const km = distances(random);
    auto const text = std::to_string(from.latitude) + "|" + std::to_string(from.longitude) + "|";
    std::set<std::string> expected;
    for (std::size_t spot = 0; spot < spots.size(); ++spot) {
      auto const& to = spots[spot];
      auto const cosine = std::sin(radians(from.latitude)) * std::sin(radians(to.latitude)) +
                          std::cos(radians(from.latitude)) * std::cos(radians(to.latitude)) *
                              std::cos(radians(to.longitude - from.longitude));
      if (6371.0088 * std::acos(std::clamp(cosine, -1.0, 1.0)) <= km)
        expected.insert("l" + std::to_string(spot));
    }
    std::string joined;
    for (auto const& id : expected) joined += (joined.empty() ? "" : ",") + id;
    hits += expected.size();
    CAPTURE(text);
    CAPTURE(km);
    CHECK(found(*store, "Location", "_count=1000&near=" + text + std::to_string(km) + "|km") ==
          joined);
    CHECK(found(*store, "Location",
                "_count=1000&near=" + text + std::to_string(km * 1000) + "|m") == joined);
  }
  CHECK(hits > 100);
  CHECK(found(*store, "Location", "near=1|2|3|parsec") == "!near=1|2|3|parsec");
  CHECK(found(*store, "Location", "near=91|2") == "!near=91|2");
  CHECK(found(*store, "Patient", "near=1|2") == "!near");
}

}  // namespace
}  // namespace sinew::store
