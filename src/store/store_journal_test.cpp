#include <doctest/doctest.h>
#include <unistd.h>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

using What = Outcome::What;

TEST_CASE("a message is read back exactly as it came in") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::string bytes = "MSH|^~\\&|LAB\rPID|1||";
  bytes += std::string("\0\xff\xfe\r\n", 5) + std::string(100'000, 'Z');
  auto id = store->append_and_wait(message("42", bytes));
  REQUIRE(id);
  CHECK(*id == 1);
  auto record = store->journal_record(*id);
  REQUIRE(record);
  CHECK(record->entry.bytes == bytes);
  CHECK(record->entry.feed == "lab");
  CHECK(record->entry.lane == 7);
  CHECK(record->entry.control_id == "42");
  CHECK(record->entry.type == "ORU^R01");
  CHECK(record->entry.sender == "LAB|HOSPITAL");
  CHECK(record->received.ms == clock.ms);
  CHECK(record->status == JournalStatus::received);
  CHECK(store->journal_record(2).error().code == ErrorCode::not_found);
}

TEST_CASE("a message is applied once, with its resources, and says which program did it") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto id = store->append_and_wait(message("1"));
  REQUIRE(id);
  Transaction transaction;
  transaction.cause = *id;
  transaction.program = "sha256:abc";
  transaction.outbox = {"payload"};
  transaction.changes = {put("Patient", "p1", R"("active":true)")};
  auto first = store->apply_and_wait(transaction);
  REQUIRE(first);
  CHECK(first->front().what == What::created);
  auto record = store->journal_record(*id);
  REQUIRE(record);
  CHECK(record->status == JournalStatus::applied);
  CHECK(record->program == "sha256:abc");
  CHECK(store->read("Patient", "p1")->cause == *id);

  // The same cause again, even with other content: nothing happens.
  transaction.changes = {put("Patient", "p1", R"("active":false)"), put("Patient", "p2")};
  transaction.cause_status = JournalStatus::failed;
  auto second = store->apply_and_wait(transaction);
  REQUIRE(second);
  CHECK((*second)[0].what == What::unchanged);
  CHECK((*second)[0].version == 1);
  CHECK((*second)[1].what == What::absent);
  CHECK(store->journal_record(*id)->status == JournalStatus::applied);
  CHECK(store->read("Patient", "p2").error().code == ErrorCode::not_found);
  CHECK(store->outbox(0, 10)->size() == 1);

  transaction.cause = 999;
  CHECK(store->apply_and_wait(transaction).error().code == ErrorCode::not_found);
}

TEST_CASE("a transaction that fails leaves its message unfinished, to be marked as failed") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto id = store->append_and_wait(message("1"));
  Transaction bad;
  bad.cause = *id;
  bad.changes = {put("Patient", "p1", "broken")};
  REQUIRE_FALSE(store->apply_and_wait(bad));
  CHECK(store->journal_record(*id)->status == JournalStatus::received);
  Transaction mark;
  mark.cause = *id;
  mark.cause_status = JournalStatus::failed;
  mark.cause_reason = "no mapping";
  REQUIRE(store->apply_and_wait(mark));
  CHECK(store->journal_record(*id)->status == JournalStatus::failed);
  CHECK(store->journal_record(*id)->reason == "no mapping");
}

TEST_CASE("what a restart has to finish is listed, oldest first") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (int i = 1; i <= 5; ++i) REQUIRE(store->append_and_wait(message(std::to_string(i))));
  for (JournalId const id : {2, 4}) {
    Transaction mark;
    mark.cause = id;
    REQUIRE(store->apply_and_wait(mark));
  }
  auto open = store->unfinished(0, 2);
  REQUIRE(open);
  REQUIRE(open->size() == 2);
  CHECK((*open)[0].id == 1);
  CHECK((*open)[1].id == 3);
  open = store->unfinished(3, 10);
  REQUIRE(open->size() == 1);
  CHECK((*open)[0].entry.control_id == "5");
}

TEST_CASE("a duplicate is the same sender, control id and bytes, and nothing less") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(store->append_and_wait(message("1", "MSH|a")));
  auto const again = message("1", "MSH|a");
  auto other_sender = again;
  other_sender.sender = "OTHER";
  CHECK(*store->find_duplicate(again, 2) == 1);
  CHECK(*store->find_duplicate(again, 1) == 0);  // not of itself
  CHECK(*store->find_duplicate(other_sender, 2) == 0);
  CHECK(*store->find_duplicate(message("2", "MSH|a"), 2) == 0);
  CHECK(*store->find_duplicate(message("1", "MSH|b"), 2) == 0);
}

TEST_CASE("a store that is opened again goes on where it stopped") {
  TestClock clock;
  std::string const path = "/tmp/sinew-store-test-" + std::to_string(::getpid()) + ".db";
  auto const remove_files = [&] {
    for (auto const* end : {"", "-wal", "-shm", ".lock"}) ::unlink((path + end).c_str());
  };
  remove_files();
  {
    auto store = open_sqlite({.path = path}, clock);
    REQUIRE(store);
    REQUIRE((*store)->append_and_wait(message("1")));
    REQUIRE(apply_one(**store, put("Patient", "p1", R"("active":true)")));
    auto second = open_sqlite({.path = path}, clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::unavailable);
    auto reader = open_sqlite({.path = path, .read_only = true}, clock);
    REQUIRE(reader);
    CHECK((*reader)->read("Patient", "p1"));
    CHECK(apply_one(**reader, put("Patient", "p2")).error().code == ErrorCode::unavailable);
  }
  {
    auto store = open_sqlite({.path = path}, clock);
    REQUIRE(store);
    CHECK((*store)->unfinished(0, 10)->size() == 1);
    CHECK(*(*store)->append_and_wait(message("2")) == 2);
    CHECK(apply_one(**store, put("Patient", "p1", R"("active":true)"))->front().what ==
          What::unchanged);
    CHECK(apply_one(**store, put("Patient", "p1", R"("active":false)"))->front().version == 2);
    CHECK((*store)->counts()->front().second == 1);
  }
  CHECK_FALSE(open_sqlite({.path = "/nonexistent/folder/x.db"}, clock));
  remove_files();
}

}  // namespace
}  // namespace sinew::store
