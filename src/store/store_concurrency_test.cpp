#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

using What = Outcome::What;
constexpr int kThreads = 16;

template <class Task>
void in_threads(Task const& task) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&task, i] { task(i); });
  for (auto& thread : threads) thread.join();
}

std::string identifier(int value) {
  return R"("identifier":[{"system":"urn:mrn","value":")" + std::to_string(value) + R"("}])";
}

TEST_CASE("sixteen threads that create on condition make one resource each time") {
  auto store = open_test_store(shared_clock());
  constexpr int kRounds = 20;
  std::atomic<int> created{0}, failed{0};
  in_threads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      auto change =
          change_of(Verb::create, "Patient",
                    "p-" + std::to_string(thread) + "-" + std::to_string(round), identifier(round));
      change.if_none_exist = "identifier=urn:mrn|" + std::to_string(round);
      auto outcome = apply_one(*store, std::move(change));
      if (!outcome)
        ++failed;
      else if (outcome->front().what == What::created)
        ++created;
    }
  });
  CHECK(failed == 0);
  CHECK(created == kRounds);
  CHECK(store->counts()->front().second == kRounds);
}

TEST_CASE("of sixteen threads with the same If-Match one wins each version, and none is lost") {
  auto store = open_test_store(shared_clock());
  REQUIRE(apply_one(*store, put("Patient", "p", identifier(0))));
  std::atomic<int> wins{0}, refused{0}, other{0};
  in_threads([&](int thread) {
    for (int round = 0; round < 25; ++round) {
      auto current = store->read("Patient", "p");
      if (!current) continue;
      auto change = put("Patient", "p", identifier(thread * 1000 + round + 1));
      change.if_version = current->version;
      auto outcome = apply_one(*store, std::move(change));
      if (outcome)
        ++wins;
      else if (outcome.error().code == ErrorCode::precondition)
        ++refused;
      else
        ++other;
    }
  });
  CHECK(other == 0);
  CHECK(wins + refused == kThreads * 25);
  auto versions = store->history("Patient", "p");
  REQUIRE(versions);
  CHECK(versions->size() == static_cast<std::size_t>(wins) + 1);
  for (std::size_t i = 0; i < versions->size(); ++i)
    CHECK((*versions)[i].version == versions->size() - i);
}

TEST_CASE("merges of different elements by many threads all arrive") {
  auto store = open_test_store(shared_clock());
  REQUIRE(apply_one(*store, put("Patient", "p")));
  char const* const elements[] = {R"("active":true)", R"("gender":"other")",
                                  R"("birthDate":"1999-09-09")", R"("maritalStatus":{"text":"x"})"};
  in_threads([&](int thread) {
    for (int round = 0; round < 10; ++round) {
      auto merged = apply_one(*store, change_of(Verb::merge, "Patient", "p", elements[thread % 4]));
      CHECK(merged);
    }
  });
  auto body = store->read("Patient", "p")->body;
  for (auto const* element : elements) CHECK(body.find(element) != body.npos);
  CHECK(store->read("Patient", "p")->version == 5);
}

TEST_CASE("readers see whole transactions while they are written") {
  auto store = open_test_store(shared_clock());
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0}, reads{0};
  std::thread reader([&] {
    auto query = parse_search("Observation", "_count=1000");
    while (!stop) {
      auto page = store->search(*query);
      if (!page || page->matches.size() % 3 != 0 || page->total != page->matches.size()) ++torn;
      ++reads;
    }
  });
  std::mutex mutex;
  std::condition_variable ready;
  int open = 0;
  for (int i = 0; i < 200; ++i) {
    Transaction transaction;
    for (int part = 0; part < 3; ++part)
      transaction.changes.push_back(put("Observation",
                                        "o" + std::to_string(i) + "-" + std::to_string(part),
                                        R"("status":"final","subject":{"reference":"Patient/p)" +
                                            std::to_string(i % 5) + R"("})"));
    {
      std::scoped_lock const lock(mutex);
      ++open;
    }
    store->apply(std::move(transaction), [&](Result<std::vector<Outcome>> const& outcomes) {
      CHECK(outcomes);
      std::scoped_lock const lock(mutex);
      if (--open == 0) ready.notify_one();
    });
  }
  {
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return open == 0; });
  }
  stop = true;
  reader.join();
  CHECK(torn == 0);
  CHECK(reads > 0);
  CHECK(store->counts()->front().second == 600);
  CHECK(store->counters().versions == 600);
  CHECK(store->counters().commits <= 200);
}

}  // namespace
}  // namespace sinew::store
