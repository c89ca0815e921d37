#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "store/store_suite.h"

// Random resources, random changes, random questions: every answer of the store is compared with a
// plain loop over the same data, which knows nothing of indexes, plans or FHIR tables.

namespace sinew::store {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

struct Person {
  std::string family, gender, mrn;
  int birth_day = 0;  // days since 1970
};
struct Reading {
  std::string patient, status;
  std::vector<std::string> codes;
  int value = 0;
  int first_day = 0, last_day = 0;  // last_day < first_day: no date
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed), store_(open_test_store(clock_)) {}

  int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  Store& store() { return *store_; }

  static std::string date(int day) { return to_string(Instant{day * kDayMs}).substr(0, 10); }

  void change_person() {
    auto const id = "p" + std::to_string(any(40));
    clock_.ms += 1000;
    if (any(8) == 0) {
      people.erase(id);
      REQUIRE(apply_one(*store_, change_of(Verb::remove, "Patient", id)));
      return;
    }
    Person person{kFamilies[any(6)], kGenders[any(3)], std::to_string(any(20)), any(4000)};
    std::string elements =
        R"("name":[{"family":")" + person.family + R"("}],"birthDate":")" + date(person.birth_day) +
        R"(","identifier":[{"system":"urn:mrn","value":")" + person.mrn + R"("}])";
    if (!person.gender.empty()) elements += R"(,"gender":")" + person.gender + R"(")";
    REQUIRE(apply_one(*store_, put("Patient", id, elements)));
    people[id] = person;
  }

  void change_reading() {
    auto const id = "o" + std::to_string(any(150));
    clock_.ms += 1000;
    if (any(10) == 0) {
      readings.erase(id);
      REQUIRE(apply_one(*store_, change_of(Verb::remove, "Observation", id)));
      return;
    }
    Reading reading;
    reading.patient = "p" + std::to_string(any(40));
    reading.status = any(2) == 0 ? "final" : "amended";
    for (int i = any(3); i >= 0; --i) reading.codes.push_back("c" + std::to_string(any(5)));
    reading.value = any(50);
    reading.first_day = any(1000);
    reading.last_day = any(5) == 0 ? -1 : reading.first_day + (any(4) == 0 ? any(200) : 0);
    std::string codings;
    for (auto const& code : reading.codes)
      codings += (codings.empty() ? "" : ",") + (R"({"system":"urn:s","code":")" + code + R"("})");
    std::string elements = R"("status":")" + reading.status + R"(","code":{"coding":[)" + codings +
                           R"(]},"subject":{"reference":"Patient/)" + reading.patient +
                           R"("},"valueQuantity":{"value":)" + std::to_string(reading.value) + "}";
    if (reading.last_day >= reading.first_day)
      elements += R"(,"effectivePeriod":{"start":")" + date(reading.first_day) + R"(","end":")" +
                  date(reading.last_day) + R"("})";
    REQUIRE(apply_one(*store_, put("Observation", id, elements)));
    readings[id] = reading;
  }

  template <class Things, class Holds>
  void compare(Things const& things, char const* type, std::string const& query,
               Holds const& holds) {
    std::set<std::string> expected, found;
    for (auto const& [id, thing] : things)
      if (holds(thing)) expected.insert(id);
    auto parsed = parse_search(type, query + "&_count=1000");
    REQUIRE(parsed);
    auto page = store_->search(*parsed);
    CAPTURE(query);
    REQUIRE(page);
    for (auto const& match : page->matches) found.insert(match.id);
    CHECK(found.size() == page->matches.size());
    CHECK(page->total == found.size());
    CHECK(found == expected);
  }

  static constexpr char const* kFamilies[] = {"Smith", "Smythe", "Müller", "Muller", "Ng", "Øst"};
  static constexpr char const* kGenders[] = {"", "male", "female"};
  std::map<std::string, Person> people;
  std::map<std::string, Reading> readings;

 private:
  TestClock clock_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
};

bool has_code(Reading const& reading, std::string const& code) {
  return std::ranges::find(reading.codes, code) != reading.codes.end();
}

/// The comparison of days that a prefix asks for, of [first, last] with one day.
bool day_holds(std::string const& prefix, Reading const& reading, int day) {
  if (reading.last_day < reading.first_day) return false;
  bool const inside = reading.first_day == day && reading.last_day == day;
  if (prefix == "eq") return inside;
  if (prefix == "ne") return !inside;
  if (prefix == "gt") return reading.last_day > day;
  if (prefix == "lt") return reading.first_day < day;
  if (prefix == "ge") return reading.last_day > day || inside;
  if (prefix == "le") return reading.first_day < day || inside;
  if (prefix == "sa") return reading.first_day > day;
  return reading.last_day < day;  // eb
}

bool value_holds(std::string const& prefix, int value, int wanted) {
  if (prefix == "eq") return value == wanted;
  if (prefix == "ne") return value != wanted;
  if (prefix == "gt" || prefix == "sa") return value > wanted;
  if (prefix == "lt" || prefix == "eb") return value < wanted;
  if (prefix == "ge") return value >= wanted;
  return value <= wanted;
}

void ask_readings(World& world) {
  std::string const prefixes[] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
  auto const prefix = prefixes[world.any(8)];
  auto const code = "c" + std::to_string(world.any(6));
  auto const patient = "p" + std::to_string(world.any(40));
  int const day = world.any(1000), value = world.any(50);
  auto const date = World::date(day);
  auto const number = std::to_string(value);
  auto const& all = world.readings;
  world.compare(all, "Observation", "code=urn:s|" + code,
                [&](Reading const& reading) { return has_code(reading, code); });
  world.compare(all, "Observation", "code:not=" + code + "&status=final",
                [&](Reading const& reading) {
                  return !has_code(reading, code) && reading.status == "final";
                });
  world.compare(all, "Observation", "date=" + prefix + date,
                [&](Reading const& reading) { return day_holds(prefix, reading, day); });
  world.compare(all, "Observation", "value-quantity=" + prefix + number + "&code=" + code,
                [&](Reading const& reading) {
                  return value_holds(prefix, reading.value, value) && has_code(reading, code);
                });
  world.compare(all, "Observation", "subject=Patient/" + patient + "&status=final,amended",
                [&](Reading const& reading) { return reading.patient == patient; });
  world.compare(all, "Observation", "date:missing=true&patient=" + patient + ",p1",
                [&](Reading const& reading) {
                  return reading.last_day < reading.first_day &&
                         (reading.patient == patient || reading.patient == "p1");
                });
  world.compare(all, "Observation", "subject:Patient.gender=female&code=" + code + ",c0",
                [&](Reading const& reading) {
                  auto const person = world.people.find(reading.patient);
                  return person != world.people.end() && person->second.gender == "female" &&
                         (has_code(reading, code) || has_code(reading, "c0"));
                });
}

void ask_people(World& world) {
  auto const& all = world.people;
  auto const mrn = std::to_string(world.any(22));
  int const day = world.any(4000);
  world.compare(all, "Patient", "identifier=urn:mrn|" + mrn,
                [&](Person const& person) { return person.mrn == mrn; });
  world.compare(all, "Patient", "family=mu", [](Person const& person) {
    return person.family == "Müller" || person.family == "Muller";
  });
  world.compare(all, "Patient", "family:exact=Muller",
                [](Person const& person) { return person.family == "Muller"; });
  world.compare(
      all, "Patient", "family:contains=mi&gender:missing=false",
      [](Person const& person) { return person.family == "Smith" && !person.gender.empty(); });
  world.compare(all, "Patient", "gender:not=male",
                [](Person const& person) { return person.gender != "male"; });
  world.compare(
      all, "Patient", "birthdate=lt" + World::date(day) + "&gender=male,female",
      [&](Person const& person) { return person.birth_day < day && !person.gender.empty(); });
  world.compare(all, "Patient", "_id=p1,p2,p39", [&](Person const& person) {
    for (auto const* id : {"p1", "p2", "p39"})
      if (auto const found = all.find(id); found != all.end() && &found->second == &person)
        return true;
    return false;
  });
}

/// Every page of a sorted search, against a sort of the plain data.
void check_order(World& world) {
  std::vector<std::pair<int, std::string>> expected;
  for (auto const& [id, reading] : world.readings) expected.emplace_back(-reading.value, id);
  std::ranges::sort(expected);
  auto query = parse_search("Observation", "_sort=-value-quantity,_id&_count=7");
  REQUIRE(query);
  std::vector<std::pair<int, std::string>> found;
  do {
    auto page = world.store().search(*query);
    REQUIRE(page);
    for (auto const& match : page->matches) {
      REQUIRE(world.readings.contains(match.id));
      found.emplace_back(-world.readings[match.id].value, match.id);
    }
    query->cursor = page->next;
  } while (!query->cursor.empty());
  CHECK(found == expected);
}

TEST_CASE("random changes and searches agree with a loop over the data") {
  for (unsigned const seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    World world(seed);
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 60; ++i)
        world.any(3) == 0 ? world.change_person() : world.change_reading();
      for (int i = 0; i < 5; ++i) {
        ask_readings(world);
        ask_people(world);
      }
      check_order(world);
    }
  }
}

}  // namespace
}  // namespace sinew::store
