#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

#include "store/store_suite.h"

// However a search with several criteria is done, it finds what each of them finds alone and all
// have in common. The criteria differ widely in how much they find, so that lists are read, leapt
// through or counted in part, ranges are looked up, given up, or asked of what is left.

namespace sinew::store {
namespace {

using Ids = std::set<std::string>;

constexpr int kObservations = 2500;
constexpr int kPatients = 60;

std::string observation(std::mt19937& random) {
  auto const any = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  // The first patient has a third of all, the first code half of all.
  auto const patient = any(3) == 0 ? 0 : any(kPatients);
  auto const code = any(2) == 0 ? 0 : any(40);
  auto const two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return R"("status":")" + std::string(any(10) == 0 ? "amended" : "final") +
         R"(","subject":{"reference":"Patient/p)" + std::to_string(patient) +
         R"("},"code":{"coding":[{"system":"urn:s","code":"c)" + std::to_string(code) +
         R"("}]},"effectiveDateTime":")" + std::to_string(2000 + any(20)) + "-" + two(1 + any(12)) +
         "-" + two(1 + any(28)) + R"(","valueQuantity":{"value":)" + std::to_string(any(1000)) +
         R"(,"system":"http://unitsofmeasure.org","code":"mg"},"note":[{"text":"n)" +
         std::to_string(any(50)) + R"("}])";
}

/// All pages together, of which the first says the total.
Ids all_of(Store& store, std::string const& query, std::vector<std::string>* plan = nullptr) {
  Ids found;
  auto parsed = parse_search("Observation", query + "&_count=1000&_explain=true");
  REQUIRE(parsed);
  std::optional<std::uint64_t> total;
  do {
    auto page = store.search(*parsed);
    REQUIRE_MESSAGE(page, page.error().what);
    for (auto const& match : page->matches) found.insert(match.id);
    if (!total) total = page->total;
    if (plan != nullptr && parsed->cursor.empty()) *plan = page->plan;
    parsed->cursor = page->next;
  } while (!parsed->cursor.empty());
  CHECK(total == found.size());
  return found;
}

std::vector<std::string> criteria(std::mt19937& random) {
  auto const any = [&](int below) {
    return std::to_string(random() % static_cast<unsigned>(below));
  };
  constexpr char const* kPrefixes[] = {"ge", "lt", "ne", "sa", ""};
  auto const prefix = std::string(kPrefixes[random() % 5]);
  return {
      "subject=Patient/p" + any(kPatients),
      "subject=Patient/p0",
      "code=c" + any(40),
      "code=urn:s|c0",
      "code=c0,c1,c2,c" + any(40),
      "code:not=c" + any(3),
      "status=amended",
      "date=" + prefix + "20" + std::string(random() % 2 == 0 ? "0" : "1") + any(10),
      "date=ge2019-12-01",
      "value-quantity=" + prefix + any(1000),
      "value-quantity=" + prefix + any(1000) + "|http://unitsofmeasure.org|mg",
      "code-value-quantity=c" + any(40) + "$" + prefix + any(1000),
      "_id=o" + any(kObservations),
      "subject:missing=false",
  };
}

TEST_CASE("a search with several criteria finds what its criteria have in common") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::mt19937 random(20261121);
  Transaction transaction;
  for (int i = 0; i < kObservations; ++i)
    transaction.changes.push_back(put("Observation", "o" + std::to_string(i), observation(random)));
  REQUIRE(store->apply_and_wait(std::move(transaction)));
  std::size_t hits = 0;
  std::size_t deferred = 0;
  std::size_t leapt = 0;
  for (int round = 0; round < 70; ++round) {
    auto all = criteria(random);
    std::ranges::shuffle(all, random);
    all.resize(2 + random() % 2);
    std::string query;
    Ids expected;
    for (auto const& criterion : all) {
      auto const alone = all_of(*store, criterion);
      Ids common;
      std::ranges::set_intersection(expected, alone, std::inserter(common, common.end()));
      expected = query.empty() ? alone : common;
      query += (query.empty() ? "" : "&") + criterion;
    }
    CAPTURE(query);
    std::vector<std::string> plan;
    CHECK(all_of(*store, query, &plan) == expected);
    hits += expected.size();
    deferred += plan.front().find("asked of what is left") != std::string::npos ? 1 : 0;
    leapt += plan.front().find("at least") != std::string::npos ? 1 : 0;
  }
  CHECK(hits > 700);
  CHECK(deferred > 5);
  CHECK(leapt > 3);
}

TEST_CASE("a value that cannot be read is an error also where nobody has to be asked about it") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::mt19937 random(7);
  Transaction transaction;
  for (int i = 0; i < 1500; ++i)
    transaction.changes.push_back(put("Observation", "o" + std::to_string(i), observation(random)));
  REQUIRE(store->apply_and_wait(std::move(transaction)));
  for (auto const* query :
       {"_id=none&date=ge2000,never", "subject=Patient/nobody&value-quantity=gt1,much",
        "code=c0&subject=Patient/p1&date=ge2000&date:exact=2001"}) {
    CAPTURE(query);
    auto parsed = parse_search("Observation", query);
    REQUIRE(parsed);
    auto const page = store->search(*parsed);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace sinew::store
