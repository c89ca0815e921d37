#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "store/filter.h"
#include "store/store_suite.h"

// `_filter`: its grammar, and that random filters find what a loop over plain structs finds.
// Source: FHIR R4 search_filter.html.

namespace sinew::store {
namespace {

std::string shape(std::vector<FilterNode> const& nodes, std::size_t at) {
  auto const& node = nodes[at];
  switch (node.kind) {
    case FilterNode::Kind::test:
      return node.test.parameter + (node.test.rest.empty() ? "" : "." + node.test.rest) + " " +
             std::string(name_of(node.test.operation)) + " " + node.test.value;
    case FilterNode::Kind::negation:
      return "not(" + shape(nodes, node.left) + ")";
    case FilterNode::Kind::both:
      return "(" + shape(nodes, node.left) + " & " + shape(nodes, node.right) + ")";
    case FilterNode::Kind::either:
      return "(" + shape(nodes, node.left) + " | " + shape(nodes, node.right) + ")";
  }
  return {};
}

TEST_CASE("a filter is read as the grammar says") {
  struct {
    char const *text, *read;
  } const rows[] = {
      {R"(name co "pet")", "name co pet"},
      {R"(given eq "peter" and birthdate ge 2014-10-10)",
       "(given eq peter & birthdate ge 2014-10-10)"},
      {"code eq http://loinc.org|1234-5", "code eq http://loinc.org|1234-5"},
      {R"(subject.name co "pet")", "subject.name co pet"},
      {"a eq 1 or b eq 2 and c eq 3", "((a eq 1 | b eq 2) & c eq 3)"},  // from left to right
      {"a eq 1 or (b eq 2 and c eq 3)", "(a eq 1 | (b eq 2 & c eq 3))"},
      {"not (a eq 1)", "not(a eq 1)"},
      {"not(a eq 1 or b eq 2) and c pr true", "(not((a eq 1 | b eq 2)) & c pr true)"},
      {"((a eq 1))", "a eq 1"},
      {"  a   eq\t1  ", "a eq 1"},
      {R"(a eq "say \"no\" \u0041\\")", "a eq say \"no\" A\\"},
      {"a eq \")\"", "a eq )"},
      {"_lastUpdated gt 2020-01-01T00:00:00+01:00", "_lastUpdated gt 2020-01-01T00:00:00+01:00"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const nodes = parse_filter(row.text);
    REQUIRE_MESSAGE(nodes, nodes.error().what);
    CHECK(shape(*nodes, nodes->size() - 1) == row.read);
  }
  auto const path = parse_filter("subject[gender eq male or active pr false].name[x eq 1].y ne z");
  REQUIRE(path);
  CHECK(path->front().test.condition == "gender eq male or active pr false");
  CHECK(path->front().test.onward == "(gender eq male or active pr false) and name[x eq 1].y ne z");
}

TEST_CASE("what is no filter is refused with its place") {
  for (auto const* text : {"",
                           " ",
                           "name",
                           "name eq",
                           "name is x",
                           "name eq x y",
                           "name eq x and",
                           "and name eq x",
                           "(name eq x",
                           "name eq x)",
                           "not name eq x",
                           "name eqx",
                           "name. eq x",
                           ".name eq x",
                           "name[a eq 1] eq x",
                           "name[a eq 1 eq x",
                           "name eq \"x",
                           "name eq \"\\q\"",
                           "1name eq x",
                           "na/me eq x",
                           "()",
                           "name eq x or or name eq y",
                           "name eq x (name eq y)",
                           "name:exact eq x"}) {
    CAPTURE(text);
    auto const nodes = parse_filter(text);
    REQUIRE(!nodes);
    CHECK(nodes.error().code == ErrorCode::invalid);
    CHECK(nodes.error().where == "_filter");
  }
}

TEST_CASE("a filter of any size ends, and so does one of any depth") {
  std::string wide = "a eq 1", deep, brackets = "a";
  while (wide.size() < 100'000) wide += " and a eq 1";
  for (int i = 0; i < 100'000; ++i) deep += "(";
  for (int i = 0; i < 100; ++i) brackets += "[a";
  for (auto const& text : {wide, deep + "a eq 1", "not " + deep, brackets}) {
    auto const nodes = parse_filter(text);
    REQUIRE(!nodes);
    CHECK(nodes.error().where == "_filter");
  }
  auto const nested = parse_filter("a[b[c[d eq 1].e eq 2].f eq 3].g eq 4");
  CHECK(nested);
}

// ------------------------------------------------------------------ against a loop

struct Person {
  std::string family, gender;
  int born = 1;  // day of January 1970; 0: none
};
struct Reading {
  int person = 0, code = 0, value = 0;
};
std::string const kFamilies[] = {"Smith", "Smythe", "Müller", "Blacksmith"};
std::string const kFolded[] = {"smith", "smythe", "muller", "blacksmith"};

class World {
 public:
  explicit World(unsigned seed) : random_(seed), store_(open_test_store(clock_)) {
    for (int i = 0; i < 250; ++i) change();
  }

  int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  void change() {
    clock_.ms += 1000;
    auto const id = any(40);
    if (any(3) == 0) {
      Person person{any(5) == 0 ? "" : kFamilies[any(4)],
                    any(3) == 0   ? ""
                    : any(2) == 0 ? "male"
                                  : "female",
                    any(20)};
      std::string elements = person.gender.empty() ? "" : R"("gender":")" + person.gender + R"(")";
      if (!person.family.empty())
        elements += std::string(elements.empty() ? "" : ",") + R"("name":[{"family":")" +
                    person.family + R"("}])";
      if (person.born > 0)
        elements += std::string(elements.empty() ? "" : ",") + R"("birthDate":"1970-01-)" +
                    (person.born < 10 ? "0" : "") + std::to_string(person.born) + R"(")";
      REQUIRE(apply_one(*store_, put("Patient", "p" + std::to_string(id), elements)));
      people[id] = person;
    } else if (any(8) == 0) {
      REQUIRE(apply_one(*store_, change_of(Verb::remove, "Observation", "o" + std::to_string(id))));
      readings.erase(id);
    } else {
      Reading reading{any(40), any(4), any(30)};
      REQUIRE(apply_one(
          *store_,
          put("Observation", "o" + std::to_string(id),
              R"("status":"final","code":{"coding":[{"system":"urn:s","code":"c)" +
                  std::to_string(reading.code) + R"("}]},"subject":{"reference":"Patient/p)" +
                  std::to_string(reading.person) + R"("},"valueQuantity":{"value":)" +
                  std::to_string(reading.value) + "}")));
      readings[id] = reading;
    }
  }

  std::set<std::string> found(char const* type, std::string const& filter) {
    Query query;
    query.type = type;
    query.count = 1000;
    auto& criterion = query.criteria.emplace_back();
    criterion.parameter = "_filter";
    criterion.values = {filter};
    auto const page = store_->search(query);
    REQUIRE_MESSAGE(page, page.error().what << " " << page.error().where << " " << filter);
    std::set<std::string> ids;
    for (auto const& match : page->matches) ids.insert(match.id);
    CHECK(page->total == ids.size());
    return ids;
  }
  Store& store() { return *store_; }

  std::map<int, Person> people;
  std::map<int, Reading> readings;

 private:
  TestClock clock_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
};

/// A filter and what it says, grown together.
template <class Thing>
struct Grown {
  std::string text;
  std::function<bool(Thing const&)> holds;
};

Grown<Person> person_test(World& world) {
  auto const family = world.any(4);
  auto const& folded = kFolded[family];
  auto const part = folded.substr(static_cast<std::size_t>(world.any(3)), 3);
  auto const quoted = [](std::string const& text) { return " \"" + text + "\""; };
  auto const name_of = [](Person const& person) {
    for (int i = 0; i < 4; ++i)
      if (kFamilies[i] == person.family) return kFolded[i];
    return std::string();
  };
  auto const day = 1 + world.any(19);
  auto const date = std::string("1970-01-") + (day < 10 ? "0" : "") + std::to_string(day);
  switch (world.any(14)) {
    case 0:
      return {"family eq" + quoted(kFamilies[family]),
              [=](Person const& p) { return name_of(p) == folded; }};
    case 1:
      return {"family ne" + quoted(kFamilies[family]),
              [=](Person const& p) { return !p.family.empty() && name_of(p) != folded; }};
    case 2:
      return {"family co" + quoted(part),
              [=](Person const& p) { return name_of(p).find(part) != std::string::npos; }};
    case 3:
      return {"family sw" + quoted(folded.substr(0, 2)),
              [=](Person const& p) { return name_of(p).starts_with(folded.substr(0, 2)); }};
    case 4:
      return {"family ew" + quoted("smith"),
              [=](Person const& p) { return name_of(p).ends_with("smith"); }};
    case 5:
      return {"family pr true", [](Person const& p) { return !p.family.empty(); }};
    case 6:
      return {"birthdate pr false", [](Person const& p) { return p.born == 0; }};
    case 7:
      return {"birthdate ge " + date, [=](Person const& p) { return p.born >= day; }};
    case 8:
      return {"birthdate lt " + date, [=](Person const& p) { return p.born > 0 && p.born < day; }};
    case 9:
      return {"birthdate po 1970-01", [](Person const& p) { return p.born > 0; }};
    case 10:
      return {"birthdate po " + date, [=](Person const& p) { return p.born == day; }};
    case 11:
      return {"gender ne male", [](Person const& p) { return p.gender == "female"; }};
    case 12:
      return {"gender ew male", [](Person const& p) { return !p.gender.empty(); }};
    default:
      return {"gender eq male", [](Person const& p) { return p.gender == "male"; }};
  }
}

Grown<Reading> reading_test(World& world) {
  auto const code = world.any(4);
  auto const value = world.any(30);
  switch (world.any(7)) {
    case 0:
      return {"code eq urn:s|c" + std::to_string(code),
              [=](Reading const& r) { return r.code == code; }};
    case 1:
      return {"code ne c" + std::to_string(code), [=](Reading const& r) { return r.code != code; }};
    case 2:
      return {"value-quantity gt " + std::to_string(value),
              [=](Reading const& r) { return r.value > value; }};
    case 3:
      return {"value-quantity eq " + std::to_string(value),
              [=](Reading const& r) { return r.value == value; }};
    case 4:
      return {"subject re Patient/p" + std::to_string(value),
              [=](Reading const& r) { return r.person == value; }};
    default: {
      auto const inner = person_test(world);
      auto const other = person_test(world);
      auto const holds = [&world](Grown<Person> const& test, Reading const& r) {
        auto const found = world.people.find(r.person);
        return found != world.people.end() && test.holds(found->second);
      };
      if (value % 2 == 0)
        return {"patient." + inner.text, [=](Reading const& r) { return holds(inner, r); }};
      return {"subject[" + other.text + "]." + inner.text,
              [=](Reading const& r) { return holds(inner, r) && holds(other, r); }};
    }
  }
}

template <class Thing, class Make>
Grown<Thing> grow(World& world, Make const& make, int depth) {
  if (depth == 0 || world.any(3) == 0) return make(world);
  auto const left = grow<Thing>(world, make, depth - 1);
  auto const right = grow<Thing>(world, make, depth - 1);
  switch (world.any(3)) {
    case 0:
      return {"(" + left.text + ") and (" + right.text + ")",
              [=](Thing const& t) { return left.holds(t) && right.holds(t); }};
    case 1:
      return {"(" + left.text + ") or (" + right.text + ")",
              [=](Thing const& t) { return left.holds(t) || right.holds(t); }};
    default:
      return {"not (" + left.text + ")", [=](Thing const& t) { return !left.holds(t); }};
  }
}

TEST_CASE("random filters agree with a loop over the data") {
  std::size_t hits = 0, misses = 0;
  for (unsigned const seed : {51U, 52U, 53U}) {
    World world(seed);
    auto const compare = [&](char const* type, char const* letter, auto const& things,
                             auto const& grown) {
      std::set<std::string> expected;
      for (auto const& [id, thing] : things)
        if (grown.holds(thing)) expected.insert(letter + std::to_string(id));
      CAPTURE(grown.text);
      CHECK(world.found(type, grown.text) == expected);
      hits += expected.size();
      misses += things.size() - expected.size();
    };
    for (int i = 0; i < 150; ++i) {
      compare("Patient", "p", world.people, grow<Person>(world, person_test, 3));
      compare("Observation", "o", world.readings, grow<Reading>(world, reading_test, 3));
    }
  }
  CHECK(hits > 3000);
  CHECK(misses > 3000);
}

TEST_CASE("a filter that asks what cannot be asked is refused") {
  World world(54);
  for (auto const* text :
       {"nothing eq x", "family gt x", "birthdate co 1970", "gender po 1970", "family pr maybe",
        "birthdate eq soon", "subject.name eq x", "general-practitioner.nothing eq x",
        "gender[family eq x].y eq z", "_id co p", "_lastUpdated po 1970"}) {
    CAPTURE(text);
    auto query = parse_search("Patient", "_count=1");
    auto& criterion = query->criteria.emplace_back();
    criterion.parameter = "_filter";
    criterion.values = {text};
    auto const page = world.store().search(*query);
    REQUIRE(!page);
    CHECK(page.error().code == ErrorCode::invalid);
  }
  // A comma in the URL belongs to the filter.
  auto const parsed = parse_search("Patient", "_filter=family%20eq%20%22a,b%22&gender=male");
  REQUIRE(parsed);
  CHECK(parsed->criteria.front().values == std::vector<std::string>{"family eq \"a,b\""});
  auto const named = parse_search("Patient", "_query=current-high-risk");
  REQUIRE(named);
  auto const refused = world.store().search(*named);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::not_supported);
}

}  // namespace
}  // namespace sinew::store
