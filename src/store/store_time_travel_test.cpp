#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "store/store_suite.h"

// What a store answers about an instant is what it answered at that instant: every question is
// asked while things change, and all of them again at the end, as of the moments they were asked.

namespace sinew::store {
namespace {

std::string shown(SearchPage const& page) {
  std::string out;
  for (auto const& match : page.matches)
    out +=
        match.type + "/" + match.id + "/" + std::to_string(match.version) + " " + match.body + "\n";
  return out;
}

std::string shown_included(SearchPage const& page) {
  std::vector<std::string> lines;
  for (auto const& resource : page.included) lines.push_back(resource.body);
  std::ranges::sort(lines);
  std::string out = "included:\n";
  for (auto const& line : lines) out += line + "\n";
  return out;
}

struct Question {
  std::string type, text;
};
Question const kQuestions[] = {
    {"Observation", ""},
    {"Observation", "status=final"},
    {"Observation", "status:not=final&_sort=-date"},
    {"Observation", "code=urn:s|c1&_sort=date,_id"},
    {"Observation", "value-quantity=gt10&_sort=-_lastUpdated"},
    {"Observation", "value-quantity=lt20&_sort=value-quantity"},
    {"Observation", "date:missing=true"},
    {"Observation", "component-code-value-quantity=c1$gt10"},
    {"Observation", "_id=o1,o2,o3,o4,o5,o6"},
    {"Observation", "patient=p1&_include=Observation:subject"},
    {"Observation", "_include=Observation:subject&_include:iterate=Patient:general-practitioner"},
    {"Observation", "subject:Patient.gender=male"},
    {"Observation", "subject:Patient.general-practitioner:Practitioner.family=f1"},
    {"Observation", "subject:Patient.general-practitioner:Practitioner.family:missing=true"},
    {"Observation", "subject._has:Observation:subject:status=amended"},
    {"Observation", "_list=l1"},
    {"Observation", "_compartment-of-p1"},
    {"Patient", "_has:Observation:subject:code=c2"},
    {"Patient", "_has:Observation:subject:_lastUpdated=lt2023-11-14T22:30:00Z"},
    {"Patient", "gender=female&_revinclude=Observation:subject"},
    {"Patient", "general-practitioner.family=f0,f2"},
    {"Practitioner", "_has:Patient:general-practitioner:_has:Observation:subject:code=c1"},
    {"Practitioner", "family=f1&_revinclude=Patient:general-practitioner"},
    {"", "_id=p1,o1,d1,l1"},
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed), store_(open_test_store(clock_)) {}

  int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  Store& store() { return *store_; }
  Instant now() { return clock_.now(); }

  void change(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.ms += 1 + any(3) * 1000;
      switch (any(8)) {
        case 0:
          put_or_remove("Practitioner", "d", 4,
                        any(4) == 0 ? "" : R"("name":[{"family":"F)" + text(3) + R"("}])");
          break;
        case 1:
        case 2:
          put_or_remove("Patient", "p", 8,
                        std::string(R"("gender":")") + (any(2) == 0 ? "male" : "female") +
                            R"(","generalPractitioner":[{"reference":"Practitioner/d)" + text(4) +
                            R"("}])");
          break;
        case 3:
          put_list();
          break;
        default:
          put_observation();
      }
    }
    clock_.ms += 5;
  }

  /// One text for the whole answer; an error is an answer as well.
  std::string answer(Question const& question, std::optional<Instant> as_of, std::size_t count) {
    auto const compartment = question.text.starts_with("_compartment");
    auto query = parse_search(question.type, compartment ? "" : question.text);
    REQUIRE(query);
    if (compartment) {
      auto& member = query->criteria.emplace_back();
      member.parameter = kCompartmentParameter;
      member.values = {"Patient/p1"};
    }
    query->as_of = as_of;
    query->count = count;
    std::string out;
    do {
      auto const page = store_->search(*query);
      if (!page) return to_string(page.error());
      out += shown(*page);
      if (count == kAll) out += shown_included(*page);
      if (page->next.empty()) out += "total " + std::to_string(page->total.value_or(0));
      query->cursor = page->next;
      ++pages;
    } while (!query->cursor.empty());
    return out;
  }

  static constexpr std::size_t kAll = 1000;
  std::size_t pages = 0;

 private:
  std::string text(int below) { return std::to_string(any(below)); }

  void put_or_remove(char const* type, char const* letter, int ids, std::string const& elements) {
    auto const id = letter + text(ids);
    REQUIRE(apply_one(*store_,
                      any(6) == 0 ? change_of(Verb::remove, type, id) : put(type, id, elements)));
  }

  void put_list() {
    std::string entries;
    for (int i = 1 + any(5); i > 0; --i)
      entries += (entries.empty() ? "" : ",") +
                 (R"({"item":{"reference":"Observation/o)" + text(30) + R"("}})");
    put_or_remove("List", "l", 3,
                  R"("status":"current","mode":"working","entry":[)" + entries + "]");
  }

  void put_observation() {
    std::string elements = R"("status":")" + std::string(any(2) == 0 ? "final" : "amended") +
                           R"(","code":{"coding":[{"system":"urn:s","code":"c)" + text(3) +
                           R"("}]},"subject":{"reference":"Patient/p)" + text(8) +
                           R"("},"valueQuantity":{"value":)" + text(30) + "}";
    if (any(3) != 0)
      elements += R"(,"effectiveDateTime":"2024-01-)" + std::to_string(10 + any(20)) + R"(")";
    if (any(2) == 0)
      elements += R"(,"component":[{"code":{"coding":[{"code":"c)" + text(3) +
                  R"("}]},"valueQuantity":{"value":)" + text(30) + "}}]";
    put_or_remove("Observation", "o", 30, elements);
  }

  TestClock clock_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
};

TEST_CASE("a search as of an instant answers what it answered at that instant") {
  for (unsigned const seed : {31U, 32U, 33U}) {
    World world(seed);
    std::map<std::int64_t, std::vector<std::string>> whole, paged;
    for (int moment = 0; moment < 7; ++moment) {
      world.change(moment == 0 ? 3 : 60);
      for (auto const& question : kQuestions) {
        whole[world.now().ms].push_back(world.answer(question, std::nullopt, World::kAll));
        paged[world.now().ms].push_back(world.answer(question, std::nullopt, 3));
      }
    }
    std::size_t changed = 0;
    auto const& last = whole.rbegin()->second;
    for (auto const& [ms, answers] : whole) {
      CAPTURE(ms);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        CAPTURE(kQuestions[i].type + "?" + kQuestions[i].text);
        CHECK(world.answer(kQuestions[i], Instant{ms}, World::kAll) == answers[i]);
        CHECK(world.answer(kQuestions[i], Instant{ms}, 3) == paged[ms][i]);
        if (answers[i] != last[i]) ++changed;
      }
    }
    CHECK(changed > 100);  // the past is not the present
    CHECK(world.pages > 1000);
  }
}

TEST_CASE("a read as of an instant gives the version that was current") {
  World world(41);
  world.change(300);
  std::size_t reads = 0, deletions = 0;
  for (int i = 0; i < 30; ++i) {
    auto const id = "o" + std::to_string(i);
    auto const versions = world.store().history("Observation", id);
    if (!versions) continue;
    for (auto const& version : *versions) {
      auto const read = world.store().read_as_of("Observation", id, version.updated);
      REQUIRE(bool(read) == !version.deleted);
      ++reads;
      if (version.deleted) {
        CHECK(read.error().code == ErrorCode::gone);
        ++deletions;
        continue;
      }
      CHECK(read->version == version.version);
      CHECK(read->body == version.body);
      CHECK(read->updated.ms == version.updated.ms);
    }
    auto const before = Instant{versions->back().updated.ms - 1};
    auto const unborn = world.store().read_as_of("Observation", id, before);
    REQUIRE(!unborn);
    CHECK(unborn.error().code == ErrorCode::not_found);
  }
  CHECK(reads > 50);
  CHECK(deletions > 5);
  auto const unknown = world.store().read_as_of("Patient", "nobody", world.now());
  REQUIRE(!unknown);
  CHECK(unknown.error().code == ErrorCode::not_found);
}

TEST_CASE("an instant that lies ahead or is none is refused") {
  World world(42);
  world.change(5);
  auto ahead = parse_search("Patient", "_asOf=2999-01-01T00:00:00Z");
  REQUIRE(ahead);
  auto const refused = world.store().search(*ahead);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::invalid);
  CHECK(refused.error().where == "_asOf");
  for (auto const* text : {"2024", "2024-05-01", "2024-05-01T10:00", "yesterday", "10:00:00"}) {
    CAPTURE(text);
    auto const parsed = parse_search("Patient", std::string("_asOf=") + text);
    REQUIRE(!parsed);
    CHECK(parsed.error().where == "_asOf");
  }
  // The `+` of a zone that nobody escaped arrives as a blank.
  auto const zone = parse_search("Patient", "_asOf=2023-05-01T10:00:00.250+02:00");
  REQUIRE(zone);
  CHECK(zone->as_of->ms == 1682928000250);
}

}  // namespace
}  // namespace sinew::store
