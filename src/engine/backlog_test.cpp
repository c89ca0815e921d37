#include "engine/backlog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <random>

#include "base/log.h"
#include "engine/fake_store_test.h"

using namespace sinew;
using namespace sinew::engine;
using namespace std::chrono_literals;

namespace {

/// Appends as the engine does: what is durable is told to the backlog in the order of the journal.
void append(FakeStore& store, Backlog& backlog, int count) {
  for (int i = 0; i < count; ++i) {
    store::JournalEntry entry;
    entry.bytes = "message";
    store.append(entry, [&backlog, entry](Result<store::JournalId> id) {
      if (id) backlog.appended({*id, {}, entry});
    });
  }
}

/// Admits into a list, and finishes on request.
struct Admitted {
  std::mutex mutex;
  std::vector<Pending> waiting;
  std::vector<store::JournalId> order;

  Backlog::Admit admit() {
    return [this](Pending pending) {
      std::scoped_lock const lock(mutex);
      order.push_back(pending.id);
      waiting.push_back(std::move(pending));
    };
  }
  std::optional<Pending> take() {
    std::scoped_lock const lock(mutex);
    if (waiting.empty()) return std::nullopt;
    auto pending = std::move(waiting.front());
    waiting.erase(waiting.begin());
    return pending;
  }
  std::size_t held() {
    std::scoped_lock const lock(mutex);
    return waiting.size();
  }
};

void mark(FakeStore& store, Pending const& pending) {
  store::Transaction transaction;
  transaction.cause = pending.id;
  REQUIRE(store.apply_and_wait(transaction));
}

bool eventually(auto const& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

std::vector<store::JournalId> numbers(std::size_t count) {
  std::vector<store::JournalId> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = i + 1;
  return out;
}

}  // namespace

TEST_CASE("more than fits waits in the journal, and each is admitted once, in order") {
  FakeStore store;
  Admitted admitted;
  Backlog backlog(store, {100, 1 << 20}, admitted.admit());
  backlog.start();
  append(store, backlog, 1000);
  REQUIRE(eventually([&] { return store.journal_size() == 1000; }));
  REQUIRE(eventually([&] { return admitted.held() >= 50; }));
  std::size_t most = 0;
  for (int done = 0; done < 1500;) {
    auto const pending = admitted.take();
    if (!pending) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    most = std::max(most, admitted.held() + 1);
    mark(store, *pending);
    backlog.finished(*pending);
    ++done;
    if (done % 2 == 0 && done <= 1000) append(store, backlog, 1);  // while it is read back
  }
  CHECK(backlog.wait_until_empty(5s));
  CHECK(backlog.size() == 0);
  CHECK(admitted.order == numbers(1500));
  CHECK(most <= 100);
}

TEST_CASE("the limit in bytes holds as well") {
  FakeStore store;
  Admitted admitted;
  Backlog backlog(store, {1000, 70}, admitted.admit());
  backlog.start();
  REQUIRE(backlog.wait_until_empty(5s));
  append(store, backlog, 300);
  REQUIRE(eventually([&] { return store.journal_size() == 300; }));
  CHECK(admitted.held() == 10);
}

TEST_CASE("a start begins with what was left unfinished, and new entries come after it") {
  FakeStore store;
  for (int i = 0; i < 100; ++i) REQUIRE(store.append_and_wait({}));
  for (store::JournalId id = 1; id <= 100; id += 2) mark(store, {id, {}, {}});
  Admitted admitted;
  Backlog backlog(store, {1000, 1 << 20}, admitted.admit());
  append(store, backlog, 5);
  backlog.start();
  REQUIRE(eventually([&] { return admitted.held() == 55; }));
  auto const order = admitted.order;
  CHECK(std::ranges::is_sorted(order));
  CHECK(order.front() == 2);
  CHECK(order.back() == 105);
}

TEST_CASE("after a halt the journal is read again from the first unfinished entry") {
  set_log_level(Level::off);
  FakeStore store;
  Admitted admitted;
  Backlog backlog(store, {1000, 1 << 20}, admitted.admit());
  backlog.start();
  append(store, backlog, 10);
  REQUIRE(eventually([&] { return admitted.held() == 10; }));
  auto const first = admitted.take();
  mark(store, *first);
  backlog.finished(*first);
  backlog.halt();
  CHECK(backlog.is_halted());
  append(store, backlog, 1);
  while (auto const dropped = admitted.take()) backlog.finished(*dropped);
  REQUIRE(eventually([&] { return admitted.held() == 10; }));
  CHECK_FALSE(backlog.is_halted());
  std::scoped_lock const lock(admitted.mutex);
  CHECK(admitted.waiting.front().id == 2);
  CHECK(admitted.waiting.back().id == 11);
  set_log_level(Level::info);
}
