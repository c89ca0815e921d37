#include <doctest/doctest.h>

#include <algorithm>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

using What = Purge::What;

std::size_t found(Store& store, std::string_view type, std::string_view query) {
  auto const parsed = parse_search(type, query);
  REQUIRE(parsed);
  auto const page = store.search(*parsed);
  REQUIRE(page);
  REQUIRE(page->total);
  CHECK(*page->total == page->matches.size());
  return page->matches.size();
}

std::string log_of(Store& store, std::string type = {}) {
  auto const page = store.history_page({.type = std::move(type), .oldest_first = true});
  REQUIRE_MESSAGE(bool(page), to_string(page.error()));
  std::string text;
  for (auto const& version : page->versions) {
    text += version.id + ":" + std::to_string(version.version) + " ";
  }
  return text;
}

/// a: two versions; b: one, which refers to a; c: deleted.
std::unique_ptr<Store> filled(TestClock& clock) {
  auto store = open_test_store(clock);
  auto const make = [&](Change change) {
    clock.ms += 1000;
    REQUIRE(apply_one(*store, std::move(change)));
  };
  make(put("Patient", "a", R"("name":[{"family":"Old"}])"));
  make(put("Observation", "b", R"("status":"final","subject":{"reference":"Patient/a"})"));
  make(put("Patient", "a", R"("name":[{"family":"New"}],"birthDate":"1970-01-01")"));
  make(put("Patient", "c", R"("name":[{"family":"New"}])"));
  make(change_of(Verb::remove, "Patient", "c"));
  return store;
}

TEST_CASE("a resource that was purged is as if it had never been") {
  TestClock clock;
  auto const store = filled(clock);
  auto const count = store->purge({{.what = What::resource, .type = "Patient", .id = "a"}});
  REQUIRE_MESSAGE(bool(count), to_string(count.error()));
  CHECK(*count == 2);
  CHECK(store->read("Patient", "a").error().code == ErrorCode::not_found);
  CHECK(store->read_version("Patient", "a", 1).error().code == ErrorCode::not_found);
  CHECK(store->history("Patient", "a").error().code == ErrorCode::not_found);
  CHECK(found(*store, "Patient", "name=new") == 0);
  CHECK(found(*store, "Patient", "birthdate=1970-01-01") == 0);
  CHECK(found(*store, "Patient", "_lastUpdated=ge2000") == 0);
  CHECK(found(*store, "Patient", "") == 0);
  CHECK(log_of(*store) == "b:1 c:1 c:2 ");
  CHECK(log_of(*store, "Patient") == "c:1 c:2 ");
  // What refers to it stays, and is found by it.
  CHECK(found(*store, "Observation", "subject=Patient/a") == 1);
  CHECK(*store->purge({{.what = What::resource, .type = "Patient", .id = "a"}}) == 0);
}

TEST_CASE("a purged name may be given again, and begins at version 1") {
  TestClock clock;
  auto const store = filled(clock);
  REQUIRE(store->purge({{.what = What::resource, .type = "Patient", .id = "a"},
                        {.what = What::resource, .type = "Patient", .id = "c"}}));
  clock.ms += 1000;
  auto const made = apply_one(*store, put("Patient", "a", R"("name":[{"family":"Again"}])"));
  REQUIRE(made);
  CHECK(made->front().what == Outcome::What::created);
  CHECK(made->front().version == 1);
  CHECK(found(*store, "Patient", "name=again") == 1);
  CHECK(found(*store, "Patient", "name=new") == 0);
  CHECK(log_of(*store, "Patient") == "a:1 ");
  REQUIRE(apply_one(*store, put("Patient", "a", R"("name":[{"family":"Changed"}])")));
  CHECK(found(*store, "Patient", "name=again") == 0);
  CHECK(log_of(*store, "Patient") == "a:1 a:2 ");
}

TEST_CASE("history is purged alone, whole or by version, and never the current version") {
  TestClock clock;
  auto const store = filled(clock);
  REQUIRE(apply_one(*store, put("Patient", "a", R"("name":[{"family":"Third"}])")));
  CHECK(store->purge({{.what = What::version, .type = "Patient", .id = "a", .version = 3}})
            .error()
            .code == ErrorCode::conflict);
  CHECK(*store->purge({{.what = What::version, .type = "Patient", .id = "a", .version = 1}}) == 1);
  CHECK(store->read_version("Patient", "a", 1).error().code == ErrorCode::not_found);
  CHECK(store->read_version("Patient", "a", 2));
  CHECK(log_of(*store, "Patient") == "a:2 c:1 c:2 a:3 ");
  CHECK(*store->purge({{.what = What::history, .type = "Patient", .id = "a"},
                       {.what = What::history, .type = "Patient", .id = "c"}}) == 2);
  CHECK(log_of(*store, "Patient") == "c:2 a:3 ");
  CHECK(store->read("Patient", "a")->version == 3);
  CHECK(store->read("Patient", "c").error().code == ErrorCode::gone);
  CHECK(found(*store, "Patient", "name=third") == 1);
}

TEST_CASE("one refused item leaves all of the call as it was") {
  TestClock clock;
  auto const store = filled(clock);
  CHECK_FALSE(store->purge({{.what = What::resource, .type = "Patient", .id = "c"},
                            {.what = What::version, .type = "Patient", .id = "a", .version = 2}}));
  CHECK_FALSE(store->purge({{.what = What::resource, .type = "Nothing", .id = "a"}}));
  CHECK(log_of(*store) == "a:1 b:1 a:2 c:1 c:2 ");
}

TEST_CASE("later pages of a search leave out what was purged") {
  TestClock clock;
  auto const store = open_test_store(clock);
  for (char const id : std::string_view("abcdef")) {
    clock.ms += 1000;
    REQUIRE(apply_one(*store, put("Patient", std::string(1, id))));
  }
  auto query = *parse_search("Patient", "_count=2");
  auto page = store->search(query);
  REQUIRE(page);
  REQUIRE(store->purge({{.what = What::resource, .type = "Patient", .id = "c"}}));
  REQUIRE(apply_one(*store, put("Patient", "c", R"("active":true)")));
  std::string seen;
  while (!page->next.empty()) {
    query.cursor = page->next;
    page = store->search(query);
    REQUIRE_MESSAGE(bool(page), to_string(page.error()));
    for (auto const& match : page->matches) seen += match.id;
  }
  CHECK(seen == "dba");
}

TEST_CASE("the values in use are those of live resources, each once") {
  TestClock clock;
  auto const store = open_test_store(clock);
  auto const tagged = [](std::string const& code) {
    return R"("meta":{"profile":["http://x/p"],"tag":[{"system":"s","code":")" + code +
           R"("},{"code":"all"}]})";
  };
  REQUIRE(apply_one(*store, put("Patient", "a", tagged("one"))));
  REQUIRE(apply_one(*store, put("Patient", "b", tagged("two"))));
  REQUIRE(apply_one(*store, put("Basic", "c", tagged("three"))));
  auto const codes = [&](std::string_view parameter) {
    auto const values = store->values_in_use("Patient", parameter, 100);
    REQUIRE_MESSAGE(bool(values), to_string(values.error()));
    std::vector<std::string> found;
    for (auto const& value : *values) found.push_back(value.system + "|" + value.code);
    std::ranges::sort(found);
    std::string text;
    for (auto const& value : found) text += value + " ";
    return text;
  };
  CHECK(codes("_tag") == "s|one s|two |all ");
  CHECK(codes("_profile") == "|http://x/p ");
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "b")));
  CHECK(codes("_tag") == "s|one |all ");
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "a")));
  CHECK(codes("_profile").empty());
  CHECK(store->values_in_use("Patient", "nothing", 9).error().code == ErrorCode::invalid);
  CHECK(store->values_in_use("Patient", "identifier", 9).error().code == ErrorCode::not_supported);
  CHECK(store->values_in_use("Basic", "_tag", 1)->size() == 1);
}

TEST_CASE("a signature is the same for the same text of the same store alone") {
  TestClock clock;
  auto const store = open_test_store(clock);
  auto const other = open_test_store(clock);
  CHECK(*store->signature("x") == *store->signature("x"));
  CHECK(*store->signature("x") != *store->signature("y"));
  CHECK(*store->signature("x") != *other->signature("x"));
}

}  // namespace
}  // namespace sinew::store
