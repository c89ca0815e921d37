#include "store/journal_care.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

using Ids = std::vector<JournalId>;

JournalId append(Store& store, std::string control_id, std::size_t bytes = 0) {
  auto entry = message(std::move(control_id));
  // Nothing that compression could make small.
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < bytes; ++i) {
    random = random * 1664525 + 1013904223;
    entry.bytes += static_cast<char>('!' + (random >> 16) % 90);
  }
  return *store.append_and_wait(std::move(entry));
}

void settle(Store& store, JournalId id, JournalStatus status = JournalStatus::applied) {
  Transaction transaction;
  transaction.cause = id;
  transaction.cause_status = status;
  REQUIRE(store.apply_and_wait(std::move(transaction)));
}

template <class Record>
Ids ids_of(Result<std::vector<Record>> const& records) {
  REQUIRE(records);
  Ids ids;
  for (auto const& record : *records) ids.push_back(record.id);
  return ids;
}

struct OnDisk {
  std::string folder = (std::filesystem::temp_directory_path() / "journal-care-XXXXXX").string();
  TestClock clock;
  std::unique_ptr<Store> store;

  OnDisk() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    open();
  }
  ~OnDisk() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void open() {
    store.reset();
    store = *open_sqlite({.path = folder + "/store"}, clock);
  }
  JournalCare& care() const { return *store->journal_care(); }
};

}  // namespace

TEST_CASE("what is finished is read in order, up to the first that is not") {
  OnDisk const disk;
  for (int i = 1; i <= 5; ++i) append(*disk.store, "C" + std::to_string(i));
  CHECK(ids_of(disk.care().finished_after(0, 10)).empty());
  for (JournalId const id : {1, 2, 4}) settle(*disk.store, id);
  CHECK(ids_of(disk.care().finished_after(0, 10)) == Ids{1, 2});
  settle(*disk.store, 3);
  CHECK(ids_of(disk.care().finished_after(0, 10)) == Ids{1, 2, 3, 4});
  CHECK(ids_of(disk.care().finished_after(2, 1)) == Ids{3});
  settle(*disk.store, 5);
  CHECK(ids_of(disk.care().finished_after(4, 10)) == Ids{5});
}

TEST_CASE("a reopened entry is unfinished, and is passed on again or not") {
  OnDisk disk;
  for (int i = 1; i <= 4; ++i) append(*disk.store, "C" + std::to_string(i));
  settle(*disk.store, 1);
  settle(*disk.store, 2, JournalStatus::failed);
  settle(*disk.store, 3);
  Ids const wanted = {1, 2, 4, 99};
  CHECK(*disk.care().reopen(wanted, false) == Ids{1, 2});
  auto unfinished = *disk.store->unfinished(0, 10);
  REQUIRE(unfinished.size() == 3);
  CHECK(unfinished[1].id == 2);
  CHECK(!unfinished[0].is_passed_on);
  CHECK(unfinished[2].is_passed_on);
  disk.open();
  unfinished = *disk.store->unfinished(0, 10);
  CHECK(!unfinished[0].is_passed_on);
  settle(*disk.store, 1);
  settle(*disk.store, 2);
  CHECK(disk.store->journal_record(2)->status == JournalStatus::applied);
  CHECK(disk.store->journal_record(2)->is_passed_on);
  CHECK(*disk.care().reopen(Ids{1}, true) == Ids{1});
  CHECK(disk.store->unfinished(0, 1)->front().is_passed_on);
}

TEST_CASE(
    "forgotten messages are gone, also after a crash, and their numbers are not given again") {
  OnDisk disk;
  for (int i = 1; i <= 6; ++i) append(*disk.store, "C" + std::to_string(i));
  for (JournalId const id : {1, 2, 3, 5, 6}) settle(*disk.store, id);
  Ids const all = {1, 2, 3, 4, 5, 6};
  // 4 is unfinished, 6 the newest.
  CHECK(*disk.care().forget(all) == 4);
  CHECK(disk.store->journal_record(2).error().code == ErrorCode::not_found);
  CHECK(ids_of(disk.care().heads_after(4, 10)) == Ids{6});
  // The arrivals still hold them, as a crash would leave them.
  auto const copy = disk.folder + "/copy";
  std::filesystem::create_directory(copy);
  for (auto const& file : std::filesystem::directory_iterator(disk.folder))
    if (file.is_regular_file() && file.path().filename() != "store-lock")
      std::filesystem::copy(file, copy + "/" + file.path().filename().string());
  {
    auto const crashed = open_sqlite({.path = copy + "/store"}, disk.clock);
    REQUIRE(crashed);
    CHECK(ids_of((*crashed)->unfinished(0, 10)) == Ids{4});
    CHECK((*crashed)->journal_record(3).error().code == ErrorCode::not_found);
  }
  disk.open();
  CHECK(append(*disk.store, "C7") == 7);
  // What was forgotten and comes again is new.
  auto const again = append(*disk.store, "C1");
  CHECK(*disk.store->find_duplicate(disk.store->journal_record(again)->entry, again) == 0);
  auto const report = disk.store->verify({});
  REQUIRE(report);
  CHECK(report->faults == 0);
}

TEST_CASE("entries by the time of their receipt, across gaps") {
  OnDisk disk;
  for (int i = 1; i <= 9; ++i) {
    disk.clock.ms += 1000;
    settle(*disk.store, append(*disk.store, "C" + std::to_string(i)));
  }
  CHECK(*disk.care().forget(Ids{3, 4, 5}) == 3);
  auto const received = [&](JournalId id) { return disk.store->journal_record(id)->received; };
  CHECK(*disk.care().first_received_at(Instant{0}) == 1);
  CHECK(*disk.care().first_received_at(received(2)) == 2);
  CHECK(*disk.care().first_received_at(Instant{received(2).ms + 1}) == 6);
  CHECK(*disk.care().first_received_at(Instant{received(9).ms + 1'000'000}) == 0);
}

TEST_CASE("the file becomes shorter when messages go") {
  OnDisk disk;
  Ids ids;
  for (int i = 1; i <= 40; ++i) {
    ids.push_back(append(*disk.store, "C" + std::to_string(i), 100'000));
    settle(*disk.store, ids.back());
  }
  disk.open();
  auto const before = disk.care().size()->bytes;
  CHECK(before > 40 * 50'000);
  CHECK(*disk.care().forget(ids) == 39);
  CHECK(disk.care().size()->free > before / 2);
  CHECK(*disk.care().give_back() > before / 2);
  auto const after = *disk.care().size();
  CHECK(after.bytes < before / 2);
  CHECK(after.free == 0);
  disk.open();
  CHECK(std::filesystem::file_size(disk.folder + "/store") < before / 2);
  CHECK(disk.store->verify({})->faults == 0);
}

TEST_CASE("the outbox is emptied but for the newest item") {
  OnDisk disk;
  for (int i = 1; i <= 3; ++i) {
    Transaction transaction;
    transaction.cause = append(*disk.store, "C" + std::to_string(i));
    transaction.outbox = {"one", "two"};
    REQUIRE(disk.store->apply_and_wait(std::move(transaction)));
  }
  CHECK(*disk.care().forget_outbox(4) == 4);
  CHECK(ids_of(disk.store->outbox(0, 10)) == Ids{5, 6});
  CHECK(*disk.care().forget_outbox(100) == 1);
  CHECK(ids_of(disk.store->outbox(0, 10)) == Ids{6});
}

}  // namespace sinew::store
