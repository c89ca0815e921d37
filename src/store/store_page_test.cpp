#include <doctest/doctest.h>

#include <random>

#include "store/store_suite.h"

// Pages are a snapshot: whatever is written between two of them, all pages together are what one
// long page would have been at the start, in its order, with the versions of then.

namespace sinew::store {
namespace {

std::string shown(SearchPage const& page) {
  std::string out;
  for (auto const& match : page.matches)
    out += match.id + "/" + std::to_string(match.version) + " " + match.body + "\n";
  return out;
}

class World {
 public:
  explicit World(unsigned seed) : random_(seed), store_(open_test_store(clock_)) {}

  int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  Store& store() { return *store_; }

  void change(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.ms += any(3) * 1000;
      auto const id = "o" + std::to_string(any(90));
      if (any(5) == 0) {
        REQUIRE(apply_one(*store_, change_of(Verb::remove, "Observation", id)));
        continue;
      }
      auto const number = std::to_string(any(30));
      std::string elements = R"("status":")" + std::string(any(2) == 0 ? "final" : "amended") +
                             R"(","code":{"coding":[{"system":"urn:s","code":"c)" +
                             std::to_string(any(3)) + R"("}],"text":"Word)" +
                             std::to_string(any(4)) + R"("},"subject":{"reference":"Patient/p)" +
                             std::to_string(any(3)) + R"("},"valueQuantity":{)" +
                             (any(5) == 0 ? R"("comparator":">",)" : "") + R"("value":)" + number +
                             R"(,"code":"mg"})";
      if (any(3) != 0)
        elements += R"(,"effectiveDateTime":"2024-01-)" + std::to_string(10 + any(20)) + R"(")";
      if (any(2) == 0)
        elements += R"(,"component":[{"code":{"coding":[{"code":"c)" + std::to_string(any(3)) +
                    R"("}]},"valueQuantity":{"value":)" + std::to_string(any(30)) + "}}]";
      if (any(3) == 0)
        elements += R"(,"identifier":[{"system":"urn:i","value":")" + number + R"("}])";
      REQUIRE(apply_one(*store_, put("Observation", id, elements)));
    }
  }

 private:
  TestClock clock_;
  std::mt19937 random_;
  std::unique_ptr<Store> store_;
};

TEST_CASE("pages together are what one page would have been, whatever happens between them") {
  std::string const queries[] = {
      "",
      "status=final",
      "status:not=final",
      "code=urn:s|c1&_sort=date",
      "code=c1,c2&_sort=-date,status",
      "_sort=-value-quantity",
      "_sort=value-quantity,-_id",
      "value-quantity=gt15",
      "value-quantity=lt20||mg&_sort=_lastUpdated",
      "date=ge2024-01-15&_sort=-_lastUpdated",
      "date:missing=true",
      "subject:Patient.gender=male",
      "patient=p1,p2&_sort=code",
      "identifier=urn:i|3,urn:i|4,urn:i|5,urn:i|6",
      "component-code-value-quantity=c1$gt10,c2$lt20",
      "code:text=word1",
      "_content=word2",
      "_id=o1,o2,o3,o4,o5,o6,o7,o8,o9",
      "_lastUpdated=ge2023-11-14&status=final",
  };
  std::size_t pages = 0;
  for (unsigned const seed : {21U, 22U}) {
    World world(seed);
    for (int i = 0; i < 3; ++i)
      REQUIRE(
          apply_one(world.store(), put("Patient", "p" + std::to_string(i),
                                       i == 1 ? R"("gender":"female")" : R"("gender":"male")")));
    world.change(200);
    for (auto const& text : queries) {
      CAPTURE(text);
      auto query = parse_search("Observation", text);
      REQUIRE(query);
      query->count = 1000;
      auto const whole = world.store().search(*query);
      REQUIRE_MESSAGE(whole, whole.error().what);
      CHECK(whole->matches.size() == whole->total);
      query->count = 4;
      std::string together;
      do {
        auto const page = world.store().search(*query);
        REQUIRE_MESSAGE(page, page.error().what << " " << page.error().where);
        CHECK(page->total == whole->total);
        together += shown(*page);
        query->cursor = page->next;
        world.change(6);
        ++pages;
      } while (!query->cursor.empty());
      CHECK(together == shown(*whole));
    }
  }
  CHECK(pages > 150);
}

TEST_CASE("a cursor holds for its own search on its own server, and never ends") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto other = open_test_store(clock);
  for (auto* each : {store.get(), other.get()})
    for (int i = 0; i < 5; ++i)
      REQUIRE(apply_one(*each, put("Patient", "p" + std::to_string(i), R"("gender":"male")")));
  auto query = parse_search("Patient", "gender=male&_count=2");
  REQUIRE(query);
  auto const cursor = store->search(*query)->next;
  REQUIRE_FALSE(cursor.empty());
  query->cursor = cursor;
  CHECK(store->search(*query)->matches.size() == 2);
  CHECK(other->search(*query).error().where == "_cursor");
  auto another = parse_search("Patient", "gender=female&_count=2");
  another->cursor = cursor;
  CHECK(store->search(*another).error().where == "_cursor");
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    query->cursor = cursor;
    query->cursor[i] = cursor[i] == '1' ? '2' : '1';
    CAPTURE(query->cursor);
    CHECK_FALSE(store->search(*query));
  }
  // A year later all of them are gone, and the next page is still what it was.
  clock.ms += std::int64_t{365} * 24 * 3600 * 1000;
  for (int i = 0; i < 5; ++i)
    REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "p" + std::to_string(i))));
  query->cursor = cursor;
  auto const page = store->search(*query);
  REQUIRE(page);
  CHECK(page->matches.front().id == "p2");
  CHECK(page->total == 5);
}

TEST_CASE("a search that costs too much says so, and how it was done can be asked") {
  TestClock clock;
  auto store = open_test_store(clock);
  Transaction transaction;
  for (int i = 0; i < 3000; ++i)
    transaction.changes.push_back(
        put("Patient", "p" + std::to_string(i), R"("gender":"male","name":[{"family":"Smith"}])"));
  REQUIRE(store->apply_and_wait(std::move(transaction)));
  auto query = parse_search("Patient", "_content=smith&gender=male&_explain=true");
  REQUIRE(query);
  auto page = store->search(*query);
  REQUIRE(page);
  CHECK(page->total == 3000);
  REQUIRE(page->plan.size() == 2);
  CHECK(page->plan[0].starts_with("Patient: gender (3000 rows of 1 lists), then _content"));
  CHECK(page->plan[1].find("3000 bodies") != std::string::npos);
  for (std::uint64_t const cost_max : {2'000U, 100'000U, 1'000'000U}) {
    query->cost_max = cost_max;
    auto const refused = store->search(*query);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_supported);
    CHECK(refused.error().what.find("too costly") != std::string::npos);
  }
  // The connection is as good as before.
  query->cost_max = 50'000'000;
  CHECK(store->search(*query)->total == 3000);
}

}  // namespace
}  // namespace sinew::store
