#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "store/store_suite.h"

// Resources inside of others. The expected answers of random worlds come from plain structs.

namespace sinew::store {
namespace {

/// The names of all pages' matches, in order.
std::vector<std::string> all_of(Store& store, std::string_view type, std::string const& query) {
  std::vector<std::string> names;
  auto parsed = parse_search(type, query);
  REQUIRE_MESSAGE(parsed, parsed.error().what);
  std::optional<std::uint64_t> total;
  do {
    auto page = store.search(*parsed);
    REQUIRE_MESSAGE(page, page.error().what);
    CHECK(page->matches.size() <= parsed->count);
    if (!total) total = page->total;
    CHECK(page->total == total);
    for (auto const& match : page->matches) names.push_back(match.type + "/" + match.id);
    parsed->cursor = page->next;
  } while (!parsed->cursor.empty());
  CHECK(total == names.size());
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("contained resources are found by what contains them, or shown themselves") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto const drug = [](std::string const& id, std::string const& code) {
    return R"({"resourceType":"Medication","id":")" + id + R"(","code":{"coding":[{"code":")" +
           code + R"("}]}})";
  };
  REQUIRE(apply_one(*store, put("Medication", "own", R"("code":{"coding":[{"code":"a"}]})")));
  clock.ms += 1000;
  REQUIRE(apply_one(*store,
                    put("MedicationRequest", "r1",
                        R"("contained":[)" + drug("m1", "a") + "," + drug("m2", "b") + "," +
                            drug("m3", "a") + R"(],"medicationReference":{"reference":"#m1"})")));
  clock.ms += 1000;
  REQUIRE(apply_one(*store, put("MedicationRequest", "r2",
                                R"("contained":[{"resourceType":"Patient","id":"m1"}])")));
  clock.ms += 1000;
  REQUIRE(apply_one(*store,
                    put("MedicationStatement", "s1", R"("contained":[)" + drug("m1", "a") + "]")));
  auto const ask = [&](std::string const& query) { return all_of(*store, "Medication", query); };
  CHECK(ask("code=a") == Names{"Medication/own"});
  CHECK(ask("code=a&_contained=false") == Names{"Medication/own"});
  CHECK(ask("code=a&_contained=true") == Names{"MedicationStatement/s1", "MedicationRequest/r1"});
  CHECK(ask("code=a&_contained=both") ==
        Names{"MedicationStatement/s1", "MedicationRequest/r1", "Medication/own"});
  Names const inside = {"MedicationStatement/s1#m1", "MedicationRequest/r1#m1",
                        "MedicationRequest/r1#m3"};
  CHECK(ask("code=a&_contained=true&_containedType=contained") == inside);
  // One at a time: a page may end between two that are in the same resource.
  CHECK(ask("code=a&_contained=true&_containedType=contained&_count=1") == inside);
  CHECK(ask("code=a&_contained=both&_containedType=contained&_count=1&_sort=_lastUpdated") ==
        Names{"Medication/own", "MedicationRequest/r1#m1", "MedicationRequest/r1#m3",
              "MedicationStatement/s1#m1"});
  CHECK(ask("code:not=a&_contained=true&_containedType=contained") ==
        Names{"MedicationRequest/r1#m2"});
  CHECK(ask("_id=m2&_contained=true") == Names{"MedicationRequest/r1"});
  CHECK(ask("_contained=true&_containedType=contained").size() == 4);
  CHECK(all_of(*store, "Patient", "_contained=true") == Names{"MedicationRequest/r2"});

  // The contained resource is shown as it stands, and as it was.
  auto const then = clock.ms;
  clock.ms += 1000;
  REQUIRE(apply_one(*store, put("MedicationStatement", "s1", R"("status":"active")")));
  REQUIRE(apply_one(*store, change_of(Verb::remove, "MedicationRequest", "r1")));
  CHECK(ask("code=a&_contained=true").empty());
  auto query = parse_search("Medication", "code=b&_contained=true&_containedType=contained");
  query->as_of = Instant{then};
  auto const page = store->search(*query);
  REQUIRE_MESSAGE(page, page.error().what);
  REQUIRE(page->matches.size() == 1);
  CHECK(page->matches.front().body == drug("m2", "b"));
}

TEST_CASE("what does not go with contained resources is refused") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (auto const* query : {"_contained=maybe", "_containedType=both"})
    CHECK_FALSE(parse_search("Patient", query));
  for (auto const* query :
       {"_contained=true&_include=Patient:organization", "_contained=true&_sort=name",
        "_contained=true&_revinclude=Observation:subject", "_contained=true&unknown=1"}) {
    CAPTURE(query);
    auto const parsed = parse_search("Patient", query);
    REQUIRE(parsed);
    auto const page = store->search(*parsed);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == ErrorCode::invalid);
  }
  CHECK_FALSE(store->search(*parse_search("", "_contained=true")));
}

TEST_CASE("a search for contained resources finds what looking at each would find") {
  struct Inside {
    bool is_male = false;
    int year = 0, family = 0;
  };
  TestClock clock;
  auto store = open_test_store(clock);
  std::mt19937 random(20261122);
  auto const any = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  auto const elements = [](Inside const& person) {
    return std::string(R"("gender":")") + (person.is_male ? "male" : "female") +
           R"(","birthDate":")" + std::to_string(person.year) + R"(","name":[{"family":"F)" +
           std::to_string(person.family) + R"("}])";
  };
  std::map<std::string, std::vector<Inside>> world;  // by container; Patients are in their own
  for (int i = 0; i < 250; ++i) {
    clock.ms += any(3);
    bool const is_patient = any(3) == 0;
    auto const id = "x" + std::to_string(any(80));
    auto const name = (is_patient ? "Patient/" : "RelatedPerson/") + id;
    std::vector<Inside> people;
    for (int n = is_patient ? 1 : any(4); n > 0; --n)
      people.push_back({any(2) == 0, 1950 + any(8), any(3)});
    std::string contained;
    for (std::size_t n = 0; n < people.size() && !is_patient; ++n)
      contained += (n == 0 ? R"("contained":[)" : ",") +
                   (R"({"resourceType":"Patient","id":"p)" + std::to_string(n + 1) + R"(",)") +
                   elements(people[n]) + "}";
    if (!contained.empty()) contained += "]";
    if (any(8) == 0) {
      world.erase(name);
      REQUIRE(apply_one(*store, change_of(Verb::remove, name.substr(0, name.find('/')), id)));
      continue;
    }
    world[name] = people;
    REQUIRE(apply_one(*store, put(name.substr(0, name.find('/')), id,
                                  is_patient ? elements(people[0]) : contained)));
  }
  std::size_t hits = 0;
  for (int round = 0; round < 60; ++round) {
    bool const is_male = any(2) == 0;
    int const year = 1950 + any(8);
    int const family = any(3);
    bool const by_name = any(2) == 0;
    auto const fits = [&](Inside const& person) {
      return person.is_male == is_male && (by_name ? person.family == family : person.year >= year);
    };
    auto const query =
        std::string("gender=") + (is_male ? "male" : "female") +
        (by_name ? "&name=f" + std::to_string(family) : "&birthdate=ge" + std::to_string(year)) +
        "&_count=" + std::to_string(1 + any(40));
    for (bool const both : {false, true})
      for (bool const shown : {false, true}) {
        std::set<std::string> expected;
        for (auto const& [name, people] : world)
          for (std::size_t n = 0; n < people.size(); ++n) {
            bool const is_patient = name.starts_with("Patient");
            if (!fits(people[n]) || (is_patient && !both)) continue;
            expected.insert(is_patient || !shown ? name : name + "#p" + std::to_string(n + 1));
          }
        auto const found =
            all_of(*store, "Patient",
                   query + (both ? "&_contained=both" : "&_contained=true") +
                       (shown ? "&_containedType=contained" : "&_containedType=container"));
        CAPTURE(query);
        CHECK(std::set(found.begin(), found.end()) == expected);
        CHECK(found.size() == expected.size());
        hits += found.size();
      }
  }
  CHECK(hits > 1000);
}

}  // namespace
}  // namespace sinew::store
