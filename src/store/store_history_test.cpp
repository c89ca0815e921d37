#include <doctest/doctest.h>

#include "store/store_suite.h"

using namespace sinew;
using namespace sinew::store;

namespace {

/// "Patient/1#2", deletions with '!', of all pages, each page behind a '|'.
std::string pages(Store& store, HistoryQuery query) {
  std::string shown;
  constexpr int kPagesMax = 50;
  for (int page = 0; page < kPagesMax; ++page) {
    auto const found = store.history_page(query);
    REQUIRE_MESSAGE(bool(found), to_string(found.error()));
    for (auto const& version : found->versions) {
      shown += version.type.substr(0, 3) + '/' + version.id + '#' + std::to_string(version.version);
      if (version.deleted) shown += '!';
      shown += ' ';
      CHECK(version.deleted == version.body.empty());
    }
    if (found->next.empty()) return shown;
    shown += "| ";
    query.cursor = found->next;
  }
  FAIL("the pages do not end");
  return shown;
}

struct Feed {
  TestClock clock;
  std::unique_ptr<Store> store = open_test_store(clock);

  void make(Change change, std::int64_t ms) {
    clock.ms = ms;
    REQUIRE(apply_one(*store, std::move(change)));
  }
  Feed() {
    make(put("Patient", "1", R"("active":true)"), 1000);
    make(put("Observation", "a", R"("status":"final","code":{"text":"x"})"), 2000);
    make(put("Patient", "1", R"("active":false)"), 3000);
    make(put("Patient", "2"), 4000);
    make(change_of(Verb::remove, "Patient", "1"), 5000);
    make(put("Patient", "1", R"("gender":"male")"), 6000);
  }
};

}  // namespace

TEST_CASE("history of everything, of a type and of a resource, newest first, with deletions") {
  Feed feed;
  CHECK(pages(*feed.store, {}) == "Pat/1#4 Pat/1#3! Pat/2#1 Pat/1#2 Obs/a#1 Pat/1#1 ");
  CHECK(pages(*feed.store, {.type = "Patient"}) == "Pat/1#4 Pat/1#3! Pat/2#1 Pat/1#2 Pat/1#1 ");
  CHECK(pages(*feed.store, {.type = "Patient", .id = "1"}) == "Pat/1#4 Pat/1#3! Pat/1#2 Pat/1#1 ");
  CHECK(pages(*feed.store, {.type = "Encounter"}).empty());
  auto const none = feed.store->history_page({.type = "Patient", .id = "9"});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::not_found);
  CHECK(feed.store->history_page({.type = "Patient", .id = "1"})->total == 4);
}

TEST_CASE("history in pages, from either end, is all of it once") {
  Feed feed;
  CHECK(pages(*feed.store, {.count = 2}) ==
        "Pat/1#4 Pat/1#3! | Pat/2#1 Pat/1#2 | Obs/a#1 Pat/1#1 ");
  CHECK(pages(*feed.store, {.count = 4, .oldest_first = true}) ==
        "Pat/1#1 Obs/a#1 Pat/1#2 Pat/2#1 | Pat/1#3! Pat/1#4 ");
  CHECK(pages(*feed.store, {.type = "Patient", .id = "1", .count = 3}) ==
        "Pat/1#4 Pat/1#3! Pat/1#2 | Pat/1#1 ");
  CHECK(pages(*feed.store, {.type = "Patient", .id = "1", .count = 3, .oldest_first = true}) ==
        "Pat/1#1 Pat/1#2 Pat/1#3! | Pat/1#4 ");
}

TEST_CASE("versions written between two pages do not move them") {
  Feed feed;
  for (bool const oldest_first : {false, true}) {
    HistoryQuery query{.type = "Patient", .count = 2, .oldest_first = oldest_first};
    auto const first = feed.store->history_page(query);
    REQUIRE(first);
    feed.make(put("Patient", "3", oldest_first ? R"("active":true)" : ""), 7000);
    query.cursor = first->next;
    auto const shown = pages(*feed.store, query);
    CHECK(shown.find("Pat/3#" + std::string(oldest_first ? "2" : "1")) == std::string::npos);
    CHECK(shown.starts_with(oldest_first ? "Pat/2#1 Pat/1#3! " : "Pat/2#1 Pat/1#2 "));
  }
}

TEST_CASE("_since is at or after; _at is what was current at some time of the period") {
  Feed feed;
  auto const at = [](std::int64_t low, std::int64_t before) {
    HistoryQuery query;
    query.at_low = Instant{low};
    query.at_before = Instant{before};
    return query;
  };
  HistoryQuery since;
  since.since = Instant{4000};
  CHECK(pages(*feed.store, since) == "Pat/1#4 Pat/1#3! Pat/2#1 ");
  since.since = Instant{4001};
  CHECK(pages(*feed.store, since) == "Pat/1#4 Pat/1#3! ");
  since.since = Instant{9000};
  CHECK(pages(*feed.store, since).empty());
  since.since = Instant{0};
  since.type = "Patient";
  since.id = "1";
  CHECK(pages(*feed.store, since) == "Pat/1#4 Pat/1#3! Pat/1#2 Pat/1#1 ");
  CHECK(pages(*feed.store, at(2500, 2501)) == "Obs/a#1 Pat/1#1 ");
  CHECK(pages(*feed.store, at(2500, 3001)) == "Pat/1#2 Obs/a#1 Pat/1#1 ");
  CHECK(pages(*feed.store, at(0, 500)).empty());
  auto one = at(5500, 5501);
  one.type = "Patient";
  one.id = "1";
  CHECK(pages(*feed.store, one) == "Pat/1#3! ");
}

TEST_CASE("a cursor that is none is refused, and a made up one shows no more than the query") {
  Feed feed;
  for (auto const* const cursor : {"x", "1", "1.", ".1", "1.2.3", "99999999999999999999.1"}) {
    auto const found = feed.store->history_page({.cursor = cursor});
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::invalid);
  }
  CHECK(pages(*feed.store, {.type = "Patient", .id = "1", .cursor = "-5.99"}) ==
        "Pat/1#4 Pat/1#3! Pat/1#2 Pat/1#1 ");
  CHECK(pages(*feed.store, {.cursor = "5.2"}).empty());
}
