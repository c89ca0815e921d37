#include <doctest/doctest.h>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

/// Journals and finishes a message.
JournalId finish(Store& store, std::string control_id, JournalStatus status) {
  auto const id = store.append_and_wait(message(std::move(control_id)));
  REQUIRE(id);
  Transaction transaction;
  transaction.cause = *id;
  transaction.cause_status = status;
  transaction.cause_reason = status == JournalStatus::failed ? "why" : "";
  REQUIRE(store.apply_and_wait(std::move(transaction)));
  return *id;
}

std::vector<JournalId> ids_of(JournalPage const& page) {
  std::vector<JournalId> ids;
  for (auto const& record : page.records) ids.push_back(record.id);
  return ids;
}

TEST_CASE("the journal is listed page by page, newest first, by what is asked for") {
  TestClock clock;
  auto const store = open_sqlite({.path = ":memory:"}, clock);
  REQUIRE(store);
  CHECK((*store)->journal_page({})->records.empty());
  for (int i = 1; i <= 10; ++i)
    finish(**store, "C" + std::to_string(i),
           i % 3 == 0 ? JournalStatus::failed : JournalStatus::applied);

  auto const first = (*store)->journal_page({.count = 4});
  REQUIRE(first);
  CHECK(ids_of(*first) == std::vector<JournalId>{10, 9, 8, 7});
  CHECK(first->records[1].status == JournalStatus::failed);
  CHECK(first->records[1].reason == "why");
  auto const second = (*store)->journal_page({.before = first->next, .count = 10});
  REQUIRE(second);
  CHECK(ids_of(*second) == std::vector<JournalId>{6, 5, 4, 3, 2, 1});
  CHECK(second->next == 0);

  CHECK(ids_of(*(*store)->journal_page({.status = JournalStatus::failed})) ==
        std::vector<JournalId>{9, 6, 3});
  CHECK(ids_of(*(*store)->journal_page({.control_id = "C7"})) == std::vector<JournalId>{7});
  CHECK(ids_of(*(*store)->journal_page({.feed = "nobody"})).empty());
  CHECK(ids_of(*(*store)->journal_page({.feed = "lab", .type = "ORU^R01", .count = 1})) ==
        std::vector<JournalId>{10});
}

}  // namespace
}  // namespace sinew::store
