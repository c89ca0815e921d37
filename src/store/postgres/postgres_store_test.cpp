#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "store/store_suite.h"

// Several stores on one database, as several processes have them: nothing they know of each other
// is in memory.

namespace sinew::store {
namespace {

using What = Outcome::What;

struct Shared {
  std::string target = fresh_postgres();
  [[nodiscard]] bool is_skipped() const {
    if (target.empty()) MESSAGE("skipped: SINEW_TEST_POSTGRES names no server");
    return target.empty();
  }
  [[nodiscard]] std::unique_ptr<Store> open(bool read_only = false) const {
    auto store = open_postgres({.path = target, .read_only = read_only}, shared_clock());
    if (!store) FAIL(to_string(store.error()));
    return std::move(*store);
  }
};

template <class Task>
void in_threads(int count, Task const& task) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&task, i] { task(i); });
  for (auto& thread : threads) thread.join();
}

std::string identifier(int value) {
  return R"("identifier":[{"system":"urn:mrn","value":")" + std::to_string(value) + R"("}])";
}

std::uint64_t found(Store& store, std::string_view type, std::string const& query) {
  auto const page = store.search(*parse_search(type, query));
  if (!page) FAIL(to_string(page.error()));
  return page->total.value_or(0);
}

TEST_CASE("two stores that create on condition at the same time make one resource each time") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const one = shared.open();
  auto const other = shared.open();
  constexpr int kRounds = 25;
  std::atomic<int> created{0}, failed{0};
  in_threads(8, [&](int thread) {
    auto& store = thread % 2 == 0 ? *one : *other;
    for (int round = 0; round < kRounds; ++round) {
      auto change =
          change_of(Verb::create, "Patient",
                    "p-" + std::to_string(thread) + "-" + std::to_string(round), identifier(round));
      change.if_none_exist = "identifier=urn:mrn|" + std::to_string(round);
      auto const outcome = apply_one(store, std::move(change));
      if (!outcome)
        ++failed;
      else if (outcome->front().what == What::created)
        ++created;
    }
  });
  CHECK(failed == 0);
  CHECK(created == kRounds);
  CHECK(one->counts()->front().second == kRounds);
  for (int round = 0; round < kRounds; ++round)
    CHECK(found(*other, "Patient", "identifier=urn:mrn|" + std::to_string(round)) == 1);
}

TEST_CASE("of two stores with the same If-Match one wins each version, and none is lost") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const one = shared.open();
  auto const other = shared.open();
  REQUIRE(apply_one(*one, put("Patient", "p", identifier(0))));
  std::atomic<int> wins{0}, unexpected{0};
  in_threads(6, [&](int thread) {
    auto& store = thread % 2 == 0 ? *one : *other;
    for (int round = 0; round < 25; ++round) {
      auto const current = store.read("Patient", "p");
      auto change = put("Patient", "p", identifier(thread * 1000 + round + 1));
      change.if_version = current->version;
      auto const outcome = apply_one(store, std::move(change));
      if (outcome)
        ++wins;
      else if (outcome.error().code != ErrorCode::precondition)
        ++unexpected;
    }
  });
  CHECK(unexpected == 0);
  CHECK(wins > 0);
  auto const versions = one->history("Patient", "p");
  REQUIRE(versions);
  CHECK(versions->size() == static_cast<std::size_t>(wins) + 1);
  for (std::size_t i = 0; i < versions->size(); ++i)
    CHECK((*versions)[i].version == versions->size() - i);
}

TEST_CASE("a store that knows a resource sees what another store made of it before it changes it") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const one = shared.open();
  auto const other = shared.open();
  REQUIRE(apply_one(*one, put("Patient", "p", R"("gender":"female")")));
  REQUIRE(apply_one(*other, change_of(Verb::merge, "Patient", "p", R"("birthDate":"1980-05-17")")));
  REQUIRE(apply_one(*one, change_of(Verb::merge, "Patient", "p", R"("active":true)")));
  auto const body = other->read("Patient", "p")->body;
  CHECK(body.find("female") != body.npos);
  CHECK(body.find("1980-05-17") != body.npos);
  CHECK(body.find("true") != body.npos);
  CHECK(found(*one, "Patient", "birthdate=1980-05-17&gender=female&active=true") == 1);
  // Deleted by the other: an `ensure` makes it again, an If-Match finds it gone.
  REQUIRE(apply_one(*other, change_of(Verb::remove, "Patient", "p")));
  auto matching = put("Patient", "p", R"("gender":"male")");
  matching.if_version = 3;
  CHECK(apply_one(*one, std::move(matching)).error().code == ErrorCode::precondition);
  auto const again = apply_one(*one, change_of(Verb::ensure, "Patient", "p"));
  CHECK(again->front().what == What::created);
  CHECK(again->front().version == 5);
}

TEST_CASE("what one store only mentions is the same resource for the other") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const one = shared.open();
  auto const other = shared.open();
  auto const subject = [](int i) {
    return R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/m)" +
           std::to_string(i) + R"("})";
  };
  in_threads(4, [&](int thread) {
    auto& store = thread % 2 == 0 ? *one : *other;
    for (int i = 0; i < 40; ++i)
      if (thread < 2)
        (void)apply_one(store, put("Observation", std::to_string(thread * 100 + i), subject(i)));
      else
        (void)apply_one(store, put("Patient", "m" + std::to_string(i), R"("gender":"other")"));
  });
  CHECK(found(*one, "Observation", "subject.gender=other") == 80);
  CHECK(found(*other, "Observation", "subject:Patient._id=m7") == 2);
  CHECK(found(*other, "Patient", "_has:Observation:subject:status=final") == 40);
}

TEST_CASE("random writes by three stores leave versions, history and index as one order would") {
  Shared const shared;
  if (shared.is_skipped()) return;
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 3; ++i) stores.push_back(shared.open());
  std::atomic<int> changed{0}, failed{0};
  in_threads(6, [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread) + 1);
    auto& store = *stores[static_cast<std::size_t>(thread) % stores.size()];
    for (int i = 0; i < 60; ++i) {
      auto const id = std::to_string(random() % 12);
      auto change = random() % 6 == 0
                        ? change_of(Verb::remove, "Patient", id)
                        : put("Patient", id,
                              R"("gender":")" + std::string(random() % 2 ? "male" : "female") +
                                  R"(",)" + identifier(static_cast<int>(random() % 5)));
      auto const outcome = apply_one(store, std::move(change));
      if (!outcome)
        ++failed;
      else if (auto const what = outcome->front().what;
               what != What::unchanged && what != What::absent)
        ++changed;
    }
  });
  CHECK(failed == 0);
  std::size_t versions = 0, males = 0, live = 0;
  for (int i = 0; i < 12; ++i) {
    auto const history = stores[0]->history("Patient", std::to_string(i));
    if (!history) continue;
    for (std::size_t k = 0; k < history->size(); ++k)
      CHECK((*history)[k].version == history->size() - k);
    versions += history->size();
    auto const& newest = history->front();
    if (newest.deleted) continue;
    ++live;
    if (newest.body.find("\"male\"") != newest.body.npos) ++males;
  }
  CHECK(versions == static_cast<std::size_t>(changed));
  for (auto const& store : stores) {
    CHECK(found(*store, "Patient", "gender=male") == males);
    CHECK(found(*store, "Patient", "") == live);
  }
}

TEST_CASE("an entry is finished by the process that took it in, or by another when that is gone") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto one = shared.open();
  auto const other = shared.open();
  auto const id = one->append_and_wait(message("1"));
  REQUIRE(id);
  REQUIRE(other->append_and_wait(message("2")));
  REQUIRE(one->unfinished(0, 10)->size() == 1);
  REQUIRE(other->unfinished(0, 10)->size() == 1);
  CHECK(one->unfinished(0, 10)->front().id == *id);
  CHECK(shared.open(true)->unfinished(0, 10)->size() == 2);
  std::atomic<int> calls{0};
  other->when_abandoned([&] { ++calls; });
  one.reset();
  for (int i = 0; i < 50 && calls == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(calls > 0);
  auto const taken = other->unfinished(0, 10);
  REQUIRE(taken->size() == 2);
  CHECK(taken->front().id == *id);
  CHECK(taken->front().entry.control_id == "1");
}

TEST_CASE("a process that wakes after its entries were taken over changes nothing with them") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const one = shared.open();
  auto const other = shared.open();
  auto const id = one->append_and_wait(message("1"));
  REQUIRE(id);
  // Not heard of for long. It says that it lives every second, so this may need repeating.
  for (int i = 0; i < 100 && other->unfinished(0, 10)->empty(); ++i)
    run_in_postgres(shared.target, "UPDATE process SET beat=0 WHERE owner=1");
  REQUIRE(other->unfinished(0, 10)->size() == 1);
  auto const apply = [&](Store& store, std::string const& patient) {
    Transaction transaction;
    transaction.changes.push_back(put("Patient", patient));
    transaction.cause = *id;
    transaction.outbox.push_back(patient);
    return store.apply_and_wait(std::move(transaction));
  };
  auto const late = apply(*one, "late");
  REQUIRE(late);
  CHECK(late->front().what == What::absent);
  CHECK(apply(*other, "right")->front().what == What::created);
  CHECK(apply(*other, "again")->front().what == What::absent);
  CHECK(found(*one, "Patient", "") == 1);
  CHECK(one->outbox(0, 10)->size() == 1);
  CHECK(one->journal_record(*id)->status == JournalStatus::applied);
}

TEST_CASE("connections that break lose nothing and repeat nothing") {
  Shared const shared;
  if (shared.is_skipped()) return;
  auto const store = shared.open();
  std::atomic<bool> stopping{false};
  std::thread breaking([&] {
    while (!stopping) {
      run_in_postgres(shared.target,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                      "pid<>pg_backend_pid() AND backend_type='client backend'");
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
  });
  constexpr int kMessages = 150;
  std::atomic<int> applied{0};
  std::set<JournalId> ids;
  for (int i = 0; i < kMessages; ++i) {
    auto const id = store->append_and_wait(message(std::to_string(i)));
    if (!id) continue;
    CHECK(ids.insert(*id).second);
    Transaction transaction;
    transaction.cause = *id;
    transaction.changes.push_back(put("Patient", std::to_string(i), identifier(i)));
    transaction.outbox.push_back(std::to_string(i));
    if (store->apply_and_wait(std::move(transaction))) ++applied;
  }
  stopping = true;
  breaking.join();
  CHECK(applied > 0);
  // Reading may meet a broken connection once for each that was idle.
  auto const read = [&](auto const& question) {
    for (int i = 0; i < 20; ++i)
      if (auto answer = question()) return *std::move(answer);
    FAIL("the store does not come back");
    return *question();
  };
  auto const items = read([&] { return store->outbox(0, 1000); });
  CHECK(items.size() >= static_cast<std::size_t>(applied));
  std::set<std::string> payloads;
  for (auto const& item : items) CHECK(payloads.insert(item.payload).second);
  auto const page = read([&] { return store->search(*parse_search("Patient", "")); });
  CHECK(page.total == items.size());
}

TEST_CASE("a database that is away is waited for, then said to be away, and used when it is back") {
  Shared shared;
  if (shared.is_skipped()) return;
  // A role that may not log in is a server that does not answer, as far as its connections know.
  auto const schema = shared.target.substr(shared.target.rfind('D') + 1);
  auto const role = "away_" + schema;
  auto const admin = shared.target;
  run_in_postgres(admin, "CREATE ROLE " + role + " LOGIN");
  run_in_postgres(admin, "GRANT ALL ON SCHEMA " + schema + " TO " + role);
  auto const user = shared.target.find("user=");
  if (user == shared.target.npos) return;
  auto const end = shared.target.find('&', user);
  shared.target.replace(user, end - user, "user=" + role);
  auto const store = shared.open();
  REQUIRE(store->append_and_wait(message("1")));
  auto const leave = [&] {
    run_in_postgres(admin, "ALTER ROLE " + role + " NOLOGIN");
    run_in_postgres(
        admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename='" + role + "'");
  };
  leave();
  std::thread returning([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    run_in_postgres(admin, "ALTER ROLE " + role + " LOGIN");
  });
  CHECK(store->append_and_wait(message("2")));
  returning.join();
  leave();
  auto const refused = store->append_and_wait(message("3"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  run_in_postgres(admin, "ALTER ROLE " + role + " LOGIN");
  REQUIRE(store->append_and_wait(message("4")));
  CHECK(store->unfinished(0, 10)->size() == 3);
}

}  // namespace
}  // namespace sinew::store
