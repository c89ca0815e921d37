#include "engine/delivery/lanes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

using namespace sinew;
using namespace sinew::engine;
using store::Delivery;
using store::DeliveryStatus;

namespace {

Delivery delivery(std::uint64_t item, std::vector<std::uint64_t> keys) {
  Delivery made;
  made.item = item;
  made.keys = std::move(keys);
  return made;
}

std::uint64_t take(Lanes& lanes, std::int64_t now = 0) {
  auto const taken = lanes.take(Instant{now});
  return taken ? taken->item : 0;
}

}  // namespace

TEST_CASE("what waits holds back those that share a key with it, and nobody else") {
  Lanes lanes;
  lanes.add(delivery(1, {7}));
  lanes.add(delivery(2, {7}));
  lanes.add(delivery(3, {8}));
  CHECK(take(lanes) == 1);
  CHECK(take(lanes) == 3);
  CHECK(take(lanes) == 0);
  auto again = delivery(1, {7});
  again.due = Instant{1000};
  lanes.put_back(again);
  lanes.finish(3);
  CHECK(take(lanes, 999) == 0);
  CHECK(lanes.next_due() == Instant{1000});
  CHECK(take(lanes, 1000) == 1);
  lanes.finish(1);
  CHECK(take(lanes, 1000) == 2);
}

TEST_CASE("a merge waits for both patients, and both wait for it") {
  Lanes lanes;
  lanes.add(delivery(1, {7}));
  lanes.add(delivery(2, {8}));
  lanes.add(delivery(3, {7, 8}));
  lanes.add(delivery(4, {7}));
  lanes.add(delivery(5, {8}));
  CHECK(take(lanes) == 1);
  CHECK(take(lanes) == 2);
  lanes.finish(1);
  CHECK(take(lanes) == 0);
  lanes.finish(2);
  CHECK(take(lanes) == 3);
  CHECK(take(lanes) == 0);
  lanes.finish(3);
  CHECK(take(lanes) == 4);
  CHECK(take(lanes) == 5);
}

TEST_CASE("a held one holds its lane until it is released or skipped") {
  Lanes lanes;
  lanes.add(delivery(1, {7}));
  lanes.add(delivery(2, {7}));
  lanes.add(delivery(3, {7}));
  auto held = *lanes.take(Instant{0});
  held.status = DeliveryStatus::held;
  lanes.put_back(held);
  CHECK(lanes.held_count() == 1);
  CHECK(take(lanes) == 0);
  SUBCASE("released") {
    held.status = DeliveryStatus::waiting;
    lanes.put_back(held);
    CHECK(take(lanes) == 1);
  }
  SUBCASE("skipped") {
    lanes.finish(1);
    CHECK(take(lanes) == 2);
  }
  SUBCASE("one behind it is skipped") {
    lanes.finish(2);
    lanes.finish(1);
    CHECK(take(lanes) == 3);
  }
  CHECK(lanes.held_count() == 0);
}

TEST_CASE("whatever fails, waits and is skipped, no key's deliveries change places") {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    Lanes lanes;
    std::map<std::uint64_t, std::vector<std::uint64_t>> expected, sent;
    std::map<std::uint64_t, Delivery> all;
    std::vector<Delivery> under_way, held;
    std::int64_t now = 0;
    std::uint64_t next = 1;
    std::size_t finished = 0;
    while (finished < 60) {
      auto const what = random() % 4;
      if (what == 0 && next <= 60) {
        std::vector<std::uint64_t> keys;
        for (std::uint64_t key = 0; key < 4; ++key)
          if (random() % 3 == 0) keys.push_back(key);
        auto made = delivery(next++, keys);
        for (auto const key : keys) expected[key].push_back(made.item);
        all[made.item] = made;
        lanes.add(std::move(made));
      } else if (what == 1 && !under_way.empty()) {
        auto const at = static_cast<std::ptrdiff_t>(random() % under_way.size());
        auto done = under_way[static_cast<std::size_t>(at)];
        under_way.erase(under_way.begin() + at);
        switch (random() % 4) {
          case 0:
            done.due = Instant{now + static_cast<std::int64_t>(random() % 20)};
            lanes.put_back(done);
            break;
          case 1:
            done.status = DeliveryStatus::held;
            lanes.put_back(done);
            held.push_back(done);
            break;
          default:
            lanes.finish(done.item);
            ++finished;
            for (auto const key : done.keys) sent[key].push_back(done.item);
        }
      } else if (what == 2 && !held.empty()) {
        auto released = held.back();
        held.pop_back();
        released.status = DeliveryStatus::waiting;
        lanes.put_back(released);
      } else if (auto taken = lanes.take(Instant{++now})) {
        // Of the same key nothing else is under way.
        for (auto const& other : under_way) {
          for (auto const key : other.keys)
            CHECK(std::ranges::find(taken->keys, key) == taken->keys.end());
        }
        under_way.push_back(*std::move(taken));
      }
    }
    CHECK(sent == expected);
    CHECK(lanes.size() == 0);
  }
}
