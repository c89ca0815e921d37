#include "engine/ordered_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <set>

using namespace sinew::engine;

namespace {

class Step final : public OrderedPool::Task {
 public:
  Step(std::function<void()> compute, std::function<void()> commit)
      : compute_(std::move(compute)), commit_(std::move(commit)) {}
  void compute() override { compute_(); }
  void commit() override { commit_(); }

 private:
  std::function<void()> compute_, commit_;
};

}  // namespace

TEST_CASE("tasks that share a key commit in the order they were added, whoever computes first") {
  constexpr int kTasks = 5000, kKeys = 7;
  std::mutex mutex;
  std::map<std::uint64_t, std::vector<int>> committed;
  std::atomic<int> computed = 0;
  std::mt19937 random(1);
  {
    OrderedPool pool(4);
    for (int i = 0; i < kTasks; ++i) {
      std::array<std::uint64_t, 3> const keys = {random() % kKeys, random() % kKeys, 100 + i % 2U};
      int const pause = static_cast<int>(random() % 50);
      pool.add(std::make_unique<Step>(
                   [&computed, pause] {
                     std::this_thread::sleep_for(std::chrono::microseconds(pause));
                     ++computed;
                   },
                   [&, keys, i] {
                     std::scoped_lock const lock(mutex);
                     for (auto const key : std::set<std::uint64_t>(keys.begin(), keys.end())) {
                       committed[key].push_back(i);
                     }
                   }),
               keys);
    }
  }
  CHECK(computed == kTasks);
  std::size_t total = 0;
  for (auto const& [key, order] : committed) {
    CHECK(std::ranges::is_sorted(order));
    if (key >= 100) total += order.size();
  }
  CHECK(total == kTasks);
}

TEST_CASE("a slow task holds up its own keys and nothing else") {
  std::atomic<bool> go = false;
  std::atomic<int> others = 0, followers = 0;
  OrderedPool pool(2);
  std::array<std::uint64_t, 1> const slow = {1}, free = {2};
  pool.add(std::make_unique<Step>(
               [&] {
                 while (!go) std::this_thread::yield();
               },
               [] {}),
           slow);
  for (int i = 0; i < 100; ++i) {
    pool.add(std::make_unique<Step>([] {}, [&] { ++followers; }), slow);
    pool.add(std::make_unique<Step>([] {}, [&] { ++others; }), free);
  }
  for (int i = 0; i < 500 && others < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(others == 100);
  CHECK(followers == 0);
  go = true;
  for (int i = 0; i < 500 && followers < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(followers == 100);
}
