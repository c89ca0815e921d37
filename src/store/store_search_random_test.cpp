#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "store/store_suite.h"

// Random Observations, Patients and their likes, and random questions that need more than one
// index: composites, chains, ranges, units. The expected answers come from plain structs, not from
// FHIR.

namespace sinew::store {
namespace {

struct Amount {
  int milligrams = 0;     // what it is
  int shown_as = 0;       // 0 mg, 1 g, 2 ug, 3 no UCUM: "mg" of another system
  char comparator = '=';  // =, <, >
};
struct Part {
  int code = 0;
  Amount amount;
};
struct Reading {
  int patient = 0;
  int code = 0;
  bool has_amount = false;
  Amount amount;
  std::vector<Part> parts;
};
struct Person {
  int doctor = 0;
  bool is_male = false;
};
struct Doctor {
  int family = 0;
};

std::string const kPrefixes[] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};

/// Does the amount satisfy a whole number of milligrams? Half a milligram either way is equal.
bool holds(std::string const& prefix, Amount const& amount, int asked) {
  double const value = amount.milligrams;
  double const infinite = 1e300;
  if (amount.comparator == '=') {
    if (prefix == "eq") return amount.milligrams == asked;
    if (prefix == "ne") return amount.milligrams != asked;
    if (prefix == "gt" || prefix == "sa") return value > asked;
    if (prefix == "lt" || prefix == "eb") return value < asked;
    return prefix == "ge" ? value >= asked : value <= asked;
  }
  // An open range from, or up to, the value, which itself is not in it.
  double const low = amount.comparator == '<' ? -infinite : value;
  double const high = amount.comparator == '<' ? value : infinite;
  if (prefix == "eq") return false;
  if (prefix == "ne") return true;
  if (prefix == "gt" || prefix == "ge") return high > asked;
  if (prefix == "lt" || prefix == "le") return low < asked;
  if (prefix == "sa") return low >= asked;
  return high <= asked;
}

class World {
 public:
  explicit World(unsigned seed) : random_(seed), store_(open_test_store(clock_)) {}

  int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  Amount any_amount() {
    Amount amount{any(40), any(4), '='};
    if (any(6) == 0) amount.comparator = any(2) == 0 ? '<' : '>';
    return amount;
  }
  static std::string quantity(Amount const& amount) {
    auto const number = std::to_string(amount.milligrams);
    std::string value = number;
    if (amount.shown_as == 1) {
      auto const digits = std::string(4 - std::min<std::size_t>(4, number.size()), '0') + number;
      value = "0." + digits.substr(digits.size() - 3);
    }
    if (amount.shown_as == 2 && amount.milligrams != 0) value = number + "000";
    constexpr char const* kCodes[] = {"mg", "g", "ug", "mg"};
    std::string text = R"({"value":)" + value;
    if (amount.comparator != '=')
      text += R"(,"comparator":")" + std::string(1, amount.comparator) + R"(")";
    text += std::string(R"(,"system":")") +
            (amount.shown_as == 3 ? "urn:other" : "http://unitsofmeasure.org") + R"(","code":")" +
            kCodes[amount.shown_as] + R"("})";
    return text;
  }
  static std::string concept_of(int code) {
    return R"({"coding":[{"system":"urn:s","code":"c)" + std::to_string(code) + R"("}]})";
  }

  void put_all(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.ms += 1000;
      auto const kind = any(8);
      if (kind == 0) {
        auto const id = any(5);
        doctors[id] = {any(3)};
        apply("Practitioner", "d", id,
              R"("name":[{"family":"F)" + std::to_string(doctors[id].family) + R"("}])");
      } else if (kind <= 2) {
        auto const id = any(12);
        people[id] = {any(5), any(2) == 0};
        apply("Patient", "p", id,
              std::string(R"("gender":")") + (people[id].is_male ? "male" : "female") +
                  R"(","generalPractitioner":[{"reference":"Practitioner/d)" +
                  std::to_string(people[id].doctor) + R"("}])");
      } else if (any(10) == 0) {
        auto const id = any(60);
        readings.erase(id);
        REQUIRE(
            apply_one(*store_, change_of(Verb::remove, "Observation", "o" + std::to_string(id))));
      } else {
        put_reading(any(60));
      }
    }
  }

  void put_reading(int id) {
    Reading reading{any(12), any(4), any(3) != 0, any_amount(), {}};
    for (int i = any(4); i > 0; --i) reading.parts.push_back({any(4), any_amount()});
    std::string parts;
    for (auto const& part : reading.parts)
      parts += (parts.empty() ? "" : ",") + (R"({"code":)" + concept_of(part.code) +
                                             R"(,"valueQuantity":)" + quantity(part.amount) + "}");
    std::string elements = R"("status":"final","code":)" + concept_of(reading.code) +
                           R"(,"subject":{"reference":"Patient/p)" +
                           std::to_string(reading.patient) + R"("})";
    if (reading.has_amount) elements += R"(,"valueQuantity":)" + quantity(reading.amount);
    if (!parts.empty()) elements += R"(,"component":[)" + parts + "]";
    apply("Observation", "o", id, elements);
    readings[id] = reading;
  }

  void apply(char const* type, char const* letter, int id, std::string const& elements) {
    REQUIRE(apply_one(*store_, put(type, letter + std::to_string(id), elements)));
  }

  template <class Things, class Holds>
  void compare(Things const& things, char const* type, char const* letter, std::string const& query,
               Holds const& fits) {
    std::set<std::string> expected, found;
    for (auto const& [id, thing] : things)
      if (fits(id, thing)) expected.insert(letter + std::to_string(id));
    auto parsed = parse_search(type, query + "&_count=1000");
    REQUIRE(parsed);
    auto page = store_->search(*parsed);
    CAPTURE(query);
    REQUIRE_MESSAGE(page, page.error().what);
    for (auto const& match : page->matches) found.insert(match.id);
    CHECK(found.size() == page->matches.size());
    CHECK(page->total == found.size());
    CHECK(found == expected);
    hits += found.size();
  }

  std::map<int, Reading> readings;
  std::map<int, Person> people;
  std::map<int, Doctor> doctors;
  std::size_t hits = 0;

 private:
  TestClock clock_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
};

void ask_amounts(World& world) {
  auto const prefix = kPrefixes[world.any(8)];
  int const asked = world.any(40);
  int const code = world.any(5);
  auto const in_grams = "0.0" + std::string(asked < 10 ? "0" : "") + std::to_string(asked) + "0";
  std::string const ucum = "|http://unitsofmeasure.org|";
  auto const number = prefix + std::to_string(asked) + ucum + "mg";
  // 0.0120 g is as exact as 12.0 mg: a tenth of a milligram either way.
  auto const grams = prefix + in_grams + ucum + "g";
  auto const token = "urn:s|c" + std::to_string(code);
  auto const& all = world.readings;
  auto const fits = [&](Amount const& amount) {
    return amount.shown_as != 3 && holds(prefix, amount, asked);
  };
  for (auto const& value : {number, grams}) {
    world.compare(all, "Observation", "o", "value-quantity=" + value,
                  [&](int, Reading const& r) { return r.has_amount && fits(r.amount); });
    world.compare(all, "Observation", "o", "component-code-value-quantity=" + token + "$" + value,
                  [&](int, Reading const& r) {
                    return std::ranges::any_of(r.parts, [&](Part const& part) {
                      return part.code == code && fits(part.amount);
                    });
                  });
    world.compare(all, "Observation", "o", "combo-code-value-quantity=" + token + "$" + value,
                  [&](int, Reading const& r) {
                    return (r.has_amount && r.code == code && fits(r.amount)) ||
                           std::ranges::any_of(r.parts, [&](Part const& part) {
                             return part.code == code && fits(part.amount);
                           });
                  });
    world.compare(
        all, "Observation", "o", "code-value-quantity=" + token + "$" + value,
        [&](int, Reading const& r) { return r.has_amount && r.code == code && fits(r.amount); });
  }
  // Without a unit every number counts as it is written.
  world.compare(
      all, "Observation", "o",
      "component-code-value-quantity=c1$gt3000,c2$" + prefix + std::to_string(asked) +
          "|urn:other|mg",
      [&](int, Reading const& r) {
        return std::ranges::any_of(r.parts, [&](Part const& part) {
          auto const shown = part.amount.milligrams * (part.amount.shown_as == 2   ? 1000.0
                                                       : part.amount.shown_as == 1 ? 0.001
                                                                                   : 1.0);
          bool const above = shown > 3000 || part.amount.comparator == '>';
          bool const reaches = part.amount.comparator == '<' ? shown > 3000 : above;
          return (part.code == 1 && reaches) ||
                 (part.code == 2 && part.amount.shown_as == 3 && holds(prefix, part.amount, asked));
        });
      });
}

void ask_chains(World& world) {
  int const family = world.any(4);
  int const code = world.any(4);
  auto const name = "f" + std::to_string(family);
  auto const token = "c" + std::to_string(code);
  auto const doctor_fits = [&](int person) {
    auto const found = world.people.find(person);
    if (found == world.people.end()) return false;
    auto const doctor = world.doctors.find(found->second.doctor);
    return doctor != world.doctors.end() && doctor->second.family == family;
  };
  auto const has_reading = [&](int person) {
    return std::ranges::any_of(world.readings, [&](auto const& entry) {
      return entry.second.patient == person && entry.second.code == code;
    });
  };
  for (std::string const chain : {"subject:Patient.general-practitioner:Practitioner.name=",
                                  "patient.general-practitioner.name=",
                                  "subject.general-practitioner:Practitioner.family="}) {
    world.compare(world.readings, "Observation", "o", chain + name,
                  [&](int, Reading const& r) { return doctor_fits(r.patient); });
  }
  world.compare(world.people, "Patient", "p", "_has:Observation:patient:code=" + token,
                [&](int id, Person const&) { return has_reading(id); });
  world.compare(
      world.people, "Patient", "p",
      "_has:Observation:patient:patient.general-practitioner.family=" + name + "&gender=male",
      [&](int id, Person const& person) {
        auto const any = std::ranges::any_of(
            world.readings, [&](auto const& entry) { return entry.second.patient == id; });
        return any && person.is_male && doctor_fits(id);
      });
  world.compare(world.doctors, "Practitioner", "d",
                "_has:Patient:general-practitioner:_has:Observation:subject:code=" + token,
                [&](int id, Doctor const&) {
                  return std::ranges::any_of(world.people, [&](auto const& entry) {
                    return entry.second.doctor == id && has_reading(entry.first);
                  });
                });
  world.compare(world.readings, "Observation", "o",
                "patient._has:Observation:patient:code=" + token + "&patient.gender:not=male",
                [&](int, Reading const& r) {
                  auto const person = world.people.find(r.patient);
                  return person != world.people.end() && has_reading(r.patient) &&
                         !person->second.is_male;
                });
  world.compare(world.people, "Patient", "p",
                "_has:Observation:subject:component-code-value-quantity=" + token + "$lt20||mg",
                [&](int id, Person const&) {
                  return std::ranges::any_of(world.readings, [&](auto const& entry) {
                    auto const& parts = entry.second.parts;
                    return entry.second.patient == id &&
                           std::ranges::any_of(parts, [&](Part const& part) {
                             auto const shown = part.amount.shown_as;
                             return part.code == code && (shown == 0 || shown == 3) &&
                                    holds("lt", part.amount, 20);
                           });
                  });
                });
}

TEST_CASE("random composites, units, ranges and chains agree with a loop over the data") {
  for (unsigned const seed : {11U, 12U, 13U, 14U}) {
    CAPTURE(seed);
    World world(seed);
    for (int round = 0; round < 8; ++round) {
      world.put_all(80);
      for (int i = 0; i < 12; ++i) {
        ask_amounts(world);
        ask_chains(world);
      }
    }
    CHECK(world.hits > 1000);  // the questions are such as find something
  }
}

}  // namespace
}  // namespace sinew::store
