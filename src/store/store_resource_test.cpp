#include <doctest/doctest.h>

#include "json/json.h"
#include "store/store_suite.h"

namespace sinew::store {
namespace {

using What = Outcome::What;

std::string element(std::string const& body, std::string_view name) {
  auto document = json::Document::parse(body);
  REQUIRE(document);
  return std::string(document->root()[name].source());
}

TEST_CASE("a resource that was put is read back with its meta in place") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto outcomes = apply_one(*store, put("Patient", "p1", R"("gender":"male")"));
  REQUIRE(outcomes);
  REQUIRE(outcomes->size() == 1);
  CHECK(outcomes->front().what == What::created);
  CHECK(outcomes->front().version == 1);
  auto patient = store->read("Patient", "p1");
  REQUIRE(patient);
  CHECK(patient->version == 1);
  CHECK(patient->updated.ms == clock.ms);
  CHECK(patient->body == R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"1",)"
                         R"("lastUpdated":"2023-11-14T22:13:20.000Z"},"gender":"male"})");
}

TEST_CASE("the sender's meta is kept, but for the two elements that the store writes") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1",
                                R"("meta":{"versionId":"9","tag":[{"code":"a"}],)"
                                R"("lastUpdated":"2001-01-01T00:00:00Z"},"active":true)")));
  auto patient = store->read("Patient", "p1");
  REQUIRE(patient);
  CHECK(element(patient->body, "meta") ==
        R"({"versionId":"1","lastUpdated":"2023-11-14T22:13:20.000Z","tag":[{"code":"a"}]})");
}

TEST_CASE("what is not there is not found, and what was deleted is gone") {
  TestClock clock;
  auto store = open_test_store(clock);
  CHECK(store->read("Patient", "p1").error().code == ErrorCode::not_found);
  CHECK(store->history("Patient", "p1").error().code == ErrorCode::not_found);
  REQUIRE(apply_one(*store, put("Patient", "p1")));
  auto removed = apply_one(*store, change_of(Verb::remove, "Patient", "p1"));
  REQUIRE(removed);
  CHECK(removed->front().what == What::removed);
  CHECK(removed->front().version == 2);
  CHECK(store->read("Patient", "p1").error().code == ErrorCode::gone);
  CHECK(store->read_version("Patient", "p1", 2).error().code == ErrorCode::gone);
  CHECK(store->read_version("Patient", "p1", 1));
  CHECK(store->read_version("Patient", "p1", 3).error().code == ErrorCode::not_found);
  auto absent = apply_one(*store, change_of(Verb::remove, "Patient", "never"));
  REQUIRE(absent);
  CHECK(absent->front().what == What::absent);
}

TEST_CASE("every version stays in the history, newest first, deletions included") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (auto const* gender : {R"("gender":"male")", R"("gender":"female")"}) {
    clock.ms += 1000;
    REQUIRE(apply_one(*store, put("Patient", "p1", gender)));
  }
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "p1")));
  auto recreated = apply_one(*store, put("Patient", "p1", R"("gender":"other")"));
  REQUIRE(recreated);
  CHECK(recreated->front().what == What::created);
  auto versions = store->history("Patient", "p1");
  REQUIRE(versions);
  REQUIRE(versions->size() == 4);
  CHECK((*versions)[0].version == 4);
  CHECK_FALSE((*versions)[0].deleted);
  CHECK((*versions)[1].deleted);
  CHECK((*versions)[1].body.empty());
  CHECK(element((*versions)[2].body, "gender") == R"("female")");
  CHECK(element((*versions)[3].body, "gender") == R"("male")");
  CHECK((*versions)[3].updated.ms == clock.ms - 1000);
}

TEST_CASE("a put of the same content makes no version") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1", R"("active":true,"gender":"male")")));
  char const* const same[] = {
      R"("active":true,"gender":"male")",                           // to the byte
      R"(  "active" : true ,  "gender" : "male" )",                 // white space
      R"("gender":"male","active":true)",                           // order
      R"("meta":{"versionId":"7"},"active":true,"gender":"male")",  // what the store writes
  };
  for (auto const* elements : same) {
    CAPTURE(elements);
    auto outcome = apply_one(*store, put("Patient", "p1", elements));
    REQUIRE(outcome);
    CHECK(outcome->front().what == What::unchanged);
    CHECK(outcome->front().version == 1);
  }
  auto changed = apply_one(*store, put("Patient", "p1", R"("active":false,"gender":"male")"));
  REQUIRE(changed);
  CHECK(changed->front().what == What::updated);
  CHECK(changed->front().version == 2);
}

TEST_CASE("a merge replaces the elements it gives, clears those it names, and keeps the rest") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(
      *store, put("Patient", "p1", R"("active":true,"gender":"male","birthDate":"1970-01-01")")));
  auto change = change_of(Verb::merge, "Patient", "p1", R"("gender":"female")");
  change.clear = {"birthDate"};
  auto merged = apply_one(*store, change);
  REQUIRE(merged);
  CHECK(merged->front().what == What::updated);
  auto patient = store->read("Patient", "p1");
  REQUIRE(patient);
  CHECK(element(patient->body, "active") == "true");
  CHECK(element(patient->body, "gender") == R"("female")");
  CHECK(element(patient->body, "birthDate").empty());

  // Other merges in between do not make a repeated one forgotten or wrongly remembered.
  CHECK(apply_one(*store, change)->front().what == What::unchanged);
  REQUIRE(apply_one(*store, change_of(Verb::merge, "Patient", "p1", R"("gender":"other")")));
  CHECK(apply_one(*store, change)->front().what == What::updated);
  CHECK(store->read("Patient", "p1")->version == 4);
}

TEST_CASE("merge and ensure create what is missing; ensure leaves the rest alone") {
  TestClock clock;
  auto store = open_test_store(clock);
  CHECK(apply_one(*store, change_of(Verb::merge, "Patient", "p1", R"("active":true)"))
            ->front()
            .what == What::created);
  CHECK(apply_one(*store, change_of(Verb::ensure, "Patient", "p2", R"("active":true)"))
            ->front()
            .what == What::created);
  CHECK(apply_one(*store, change_of(Verb::ensure, "Patient", "p2", R"("active":false)"))
            ->front()
            .what == What::unchanged);
  CHECK(element(store->read("Patient", "p2")->body, "active") == "true");
}

TEST_CASE("create fails when the id exists") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, change_of(Verb::create, "Patient", "p1")));
  auto again = apply_one(*store, change_of(Verb::create, "Patient", "p1"));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::conflict);
}

TEST_CASE("If-Match lets only the current version be changed") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1", R"("active":true)")));
  auto change = put("Patient", "p1", R"("active":false)");
  change.if_version = 2;
  CHECK(apply_one(*store, change).error().code == ErrorCode::precondition);
  change.if_version = 1;
  CHECK(apply_one(*store, change)->front().version == 2);
  auto removal = change_of(Verb::remove, "Patient", "p1");
  removal.if_version = 1;
  CHECK(apply_one(*store, removal).error().code == ErrorCode::precondition);
  auto absent = put("Patient", "other");
  absent.if_version = 1;
  CHECK(apply_one(*store, absent).error().code == ErrorCode::precondition);
}

TEST_CASE("a transaction is all or nothing") {
  TestClock clock;
  auto store = open_test_store(clock);
  Transaction transaction;
  transaction.changes = {put("Patient", "p1", R"("active":true)"),
                         change_of(Verb::merge, "Patient", "p1", R"("gender":"male")"),
                         put("Observation", "o1", R"("subject":{"reference":"Patient/p1"})")};
  auto bad = transaction;
  bad.changes.push_back(put("Observation", "o2", R"("status":)"));
  bad.outbox = {"never"};
  auto refused = store->apply_and_wait(std::move(bad));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::malformed);
  CHECK(store->read("Patient", "p1").error().code == ErrorCode::not_found);
  CHECK(store->outbox(0, 10)->empty());

  transaction.outbox = {"one", "two"};
  auto outcomes = store->apply_and_wait(transaction);
  REQUIRE(outcomes);
  CHECK((*outcomes)[0].version == 1);
  CHECK((*outcomes)[1].version == 2);  // the second change sees the first
  CHECK(element(store->read("Patient", "p1")->body, "gender") == R"("male")");
  auto items = store->outbox(0, 10);
  REQUIRE(items);
  REQUIRE(items->size() == 2);
  CHECK((*items)[0].payload == "one");
  CHECK(store->outbox((*items)[0].id, 10)->size() == 1);
}

TEST_CASE("a body that is not the resource of the change is refused") {
  TestClock clock;
  auto store = open_test_store(clock);
  struct {
    std::string_view type, id, body;
  } const rows[] = {
      // type      id      body
      {"Patient", "p1", R"({"resourceType":"Observation","id":"p1"})"},
      {"Patient", "p1", R"({"resourceType":"Patient","id":"p2"})"},
      {"Patient", "p1", R"({"resourceType":"Patient"})"},
      {"Patient", "p1", R"([])"},
      {"Patient", "p1", R"({"resourceType":"Patient","id":"p1","a":1,"a":2})"},
      {"Patient", "p/1", R"({"resourceType":"Patient","id":"p/1"})"},
      {"Patient", "", R"({"resourceType":"Patient","id":""})"},
      {"Robot", "p1", R"({"resourceType":"Robot","id":"p1"})"},
      {"HumanName", "p1", R"({"resourceType":"HumanName","id":"p1"})"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.body);
    Change change;
    change.type = row.type;
    change.id = row.id;
    change.body = row.body;
    auto refused = apply_one(*store, change);
    REQUIRE_FALSE(refused);
    CHECK((refused.error().code == ErrorCode::invalid ||
           refused.error().code == ErrorCode::malformed));
  }
  CHECK(store->counts()->empty());
}

TEST_CASE("live resources are counted by type") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (auto const* id : {"a", "b", "c"}) REQUIRE(apply_one(*store, put("Patient", id)));
  REQUIRE(apply_one(*store, put("Observation", "o", R"("subject":{"reference":"Patient/zz"})")));
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "b")));
  auto counts = store->counts();
  REQUIRE(counts);
  REQUIRE(counts->size() == 2);
  CHECK((*counts)[0] == std::pair<std::string, std::uint64_t>("Observation", 1));
  CHECK((*counts)[1] == std::pair<std::string, std::uint64_t>("Patient", 2));
  // A reference to what is not there gives it a number and no existence.
  CHECK(store->read("Patient", "zz").error().code == ErrorCode::not_found);
  REQUIRE(apply_one(*store, put("Patient", "zz")));
  CHECK(store->read("Patient", "zz")->version == 1);
}

TEST_CASE("large and strange bodies come back as they went in") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::string const big(3'000'000, 'x');
  std::string const elements =
      R"("name":[{"family":")" + big + R"("}],"extension":[{"url":"u",)" +
      R"("valueDecimal":1.500e10}],"_birthDate":{"id":"\u00e9\ud83d\ude00"})";
  REQUIRE(apply_one(*store, put("Patient", "big", elements)));
  auto body = store->read("Patient", "big")->body;
  CHECK(body.size() > big.size());
  CHECK(body.find("1.500e10") != body.npos);
  auto document = json::Document::parse(body);
  REQUIRE(document);
  CHECK(document->root()["_birthDate"]["id"].text() == "é😀");
}

}  // namespace
}  // namespace sinew::store
