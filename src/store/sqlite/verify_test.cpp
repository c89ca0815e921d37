#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "store/sqlite/database.h"
#include "store/store_suite.h"

// Every table of a store is damaged in turn, with SQL: `verify` finds it, mends it, and then finds
// nothing; and what searches answer is what they answered before.

namespace sinew::store {
namespace {

/// A file that goes away with what SQLite puts beside it.
class File {
 public:
  explicit File(std::string const& name)
      : path_((std::filesystem::temp_directory_path() /
               ("sinew-verify-" + std::to_string(::getpid()) + "-" + name + ".db"))
                  .string()) {
    remove();
  }
  ~File() { remove(); }
  [[nodiscard]] std::string const& path() const { return path_; }
  void remove() const {
    for (auto const& entry :
         std::filesystem::directory_iterator(std::filesystem::path(path_).parent_path()))
      if (entry.path().string().starts_with(path_)) std::filesystem::remove_all(entry.path());
  }

 private:
  std::string path_;
};

std::unique_ptr<Store> open(std::string const& path, bool read_only = false) {
  auto store =
      open_sqlite({.path = path, .young_rows_max = 30, .read_only = read_only}, shared_clock());
  REQUIRE_MESSAGE(store, store.error().what);
  return std::move(*store);
}

void fill(Store& store) {
  for (int i = 0; i < 40; ++i) {
    auto const n = std::to_string(i);
    REQUIRE(apply_one(store, put("Patient", "p" + n,
                                 R"("name":[{"family":"Family)" + n +
                                     R"("}],"gender":"male","birthDate":"1970-01-02",)"
                                     R"("identifier":[{"system":"urn:mrn","value":")" +
                                     n + R"("}])")));
    REQUIRE(apply_one(
        store,
        put("Observation", "o" + n,
            R"("status":"final","code":{"coding":[{"system":"urn:s","code":"c1"}]},)"
            R"("subject":{"reference":"Patient/p)" +
                n + R"("},"valueQuantity":{"value":)" + n +
                R"(,"system":"http://unitsofmeasure.org","code":"mg"},"effectivePeriod":{"start":"2020-01-01","end":"2024-01-01"})")));
    REQUIRE(apply_one(
        store, put("ValueSet", "v" + n, R"("url":"http://x.org/v)" + n + R"(","status":"draft")")));
    REQUIRE(apply_one(store, put("RiskAssessment", "r" + n,
                                 R"("status":"final","subject":{"reference":"Patient/p)" + n +
                                     R"("},"prediction":[{"probabilityDecimal":0.)" + n + "5}]")));
    auto const cause = store.append_and_wait(message("m" + n, "MSH|" + n));
    REQUIRE(cause);
    if (i % 4 == 0) continue;
    Transaction transaction;
    transaction.cause = *cause;
    if (i % 4 == 1) transaction.changes.push_back(put("Basic", "b" + n, R"("code":{"text":"x"})"));
    REQUIRE(store.apply_and_wait(std::move(transaction)));
  }
  for (int i = 0; i < 10; ++i)
    REQUIRE(apply_one(store, change_of(Verb::remove, "Patient", "p" + std::to_string(i))));
}

std::string answers(Store& store) {
  constexpr std::pair<char const*, char const*> kQueries[] = {
      {"Patient", ""},
      {"Patient", "family=family11"},
      {"Patient", "identifier=urn:mrn|12"},
      {"Patient", "gender=male"},
      {"Patient", "birthdate=1970-01-02"},
      {"Observation", "patient=Patient/p13"},
      {"Observation", "value-quantity=gt30||mg"},
      {"Observation", "date=2021"},
      {"Observation", "code=urn:s|c1"},
      {"ValueSet", "url=http://x.org/v14"},
      {"RiskAssessment", "probability=gt0.3"},
  };
  std::string out;
  for (auto const& [type, text] : kQueries) {
    auto query = parse_search(type, std::string(text) + "&_count=1000&_sort=_id");
    REQUIRE(query);
    auto const page = store.search(*query);
    REQUIRE_MESSAGE(page, page.error().what);
    out += std::string(type) + "?" + text + " " + std::to_string(page->total.value_or(0));
    for (auto const& match : page->matches) out += " " + match.id;
    out += "\n";
  }
  auto const counts = store.counts();
  REQUIRE(counts);
  for (auto const& [type, count] : *counts) out += type + " " + std::to_string(count) + "\n";
  return out;
}

struct Damage {
  char const *table, *sql;
};
// clang-format off
constexpr Damage kDamages[] = {
    {"str", "DELETE FROM str0 WHERE rid<60; DELETE FROM str1 WHERE rid<60"},
    {"str", "DELETE FROM str0; DELETE FROM str1"},
    {"str", "INSERT INTO str1 SELECT pid, 'zzz', rid FROM str LIMIT 3"},
    {"str", "INSERT OR IGNORE INTO str0 SELECT * FROM str1 LIMIT 2"},
    {"tok", "DELETE FROM tok0; DELETE FROM tok1 WHERE rid<50"},
    {"tok", "INSERT INTO tok1 SELECT max(vid), 1 FROM tok"},
    {"tok", "DELETE FROM tval WHERE code='c1'"},
    {"idt", "DELETE FROM idt0; DELETE FROM idt1"},
    {"idt", "INSERT INTO idt1 SELECT pid, 4711, rid FROM idt LIMIT 2"},
    {"ref", "DELETE FROM ref0; DELETE FROM ref1"},
    {"ref", "INSERT OR IGNORE INTO ref1 SELECT pid, tgt+1, rid FROM ref LIMIT 2"},
    {"dt", "DELETE FROM dt0; DELETE FROM dt1"},
    {"dt", "UPDATE dt1 SET hi=hi+1"},
    {"qty", "DELETE FROM qty0; DELETE FROM qty1"},
    {"qty", "INSERT INTO qty0 SELECT pid, v+1000, unit, rid FROM qty LIMIT 2"},
    {"num", "DELETE FROM num"},
    {"num", "INSERT INTO num SELECT pid, 77, rid FROM num LIMIT 2"},
    {"uri", "DELETE FROM uri"},
    {"uri", "UPDATE uri SET v=v||'x'"},
    {"live", "DELETE FROM live WHERE rid=(SELECT rid FROM res WHERE id='p11')"},
    {"live", "INSERT INTO live SELECT tid, rid FROM res WHERE body IS NULL LIMIT 2"},
    {"lid", "DELETE FROM lid0 WHERE rid=41; DELETE FROM lid1 WHERE rid=41"},
    {"lid", "INSERT INTO lid1 VALUES(4711, 41)"},
    {"lid", "INSERT OR IGNORE INTO lid0 SELECT * FROM lid1 LIMIT 2"},
    {"tally", "UPDATE tally SET live=live+3"},
    {"tally", "DELETE FROM tally"},
    {"log", "DELETE FROM log WHERE vsn=20"},
    {"log", "INSERT INTO log SELECT max(vsn)+1, 1, 41, 99, 5 FROM log"},
    {"log", "INSERT INTO log SELECT (SELECT max(vsn)+1 FROM log), tid, rid, ver, upd FROM log WHERE vsn=7"},
    {"log", "DELETE FROM log WHERE vsn % 3 = 1 AND vsn>1"},
    {"log", "DELETE FROM log WHERE vsn BETWEEN 20 AND 60"},
    {"pending", "DELETE FROM pending"},
    {"pending", "INSERT INTO pending(id) SELECT id FROM jstate LIMIT 2"},
    {"pending", "INSERT INTO pending(id) VALUES(4711)"},
    {"pending", "DELETE FROM jstate"},
    {"jstate", "INSERT INTO jstate VALUES(4711, 1, '', 0, 0)"},
    {"dup", "DELETE FROM dup0; DELETE FROM dup1"},
    {"dup", "INSERT INTO dup1 VALUES(4711, 1)"},
    {"dup", "INSERT OR IGNORE INTO dup0 SELECT * FROM dup1 LIMIT 2"},
};
// clang-format on

TEST_CASE("damage to any table is found, and mended") {
  File const whole("whole");
  std::string expected;
  {
    auto store = open(whole.path());
    fill(*store);
    expected = answers(*store);
    auto const report = store->verify({});
    REQUIRE_MESSAGE(report, report.error().what);
    CHECK(report->faults == 0);
    CHECK(report->resources > 100);
    CHECK(report->rows > 400);
  }
  for (auto const& damage : kDamages) {
    CAPTURE(damage.sql);
    File const file("damaged");
    std::filesystem::copy_file(whole.path(), file.path());
    {
      auto connection =
          sqlite::Connection::open(file.path(), sqlite::Connection::Mode::write, false);
      REQUIRE(connection);
      REQUIRE(connection->run(damage.sql));
    }
    {
      auto const reading = open(file.path(), true);
      auto const report = reading->verify({});
      REQUIRE(report);
      CHECK(report->faults > 0);
      CHECK(report->repaired == 0);
      CHECK(std::ranges::any_of(
          report->listed, [&](VerifyFault const& fault) { return fault.table == damage.table; }));
      CHECK(!reading->verify({.repair = true, .progress = {}}));
    }
    auto const store = open(file.path());
    auto const mended = store->verify({.repair = true, .progress = {}});
    REQUIRE_MESSAGE(mended, mended.error().what);
    CHECK(mended->faults > 0);
    CHECK(mended->repaired == mended->faults);
    auto const after = store->verify({});
    REQUIRE(after);
    CHECK(after->faults == 0);
    for (auto const& fault : after->listed) MESSAGE(fault.table << " " << fault.what);
    CHECK(answers(*store) == expected);
    // And it goes on.
    REQUIRE(apply_one(*store, put("Patient", "p11", R"("name":[{"family":"Other"}])")));
    CHECK(store->verify({})->faults == 0);
  }
}

TEST_CASE("a body that cannot be read is said and left as it is") {
  File const file("body");
  {
    auto store = open(file.path());
    fill(*store);
  }
  {
    auto connection = sqlite::Connection::open(file.path(), sqlite::Connection::Mode::write, false);
    REQUIRE(connection->run("UPDATE res SET body=x'0102' WHERE id='p20'"));
  }
  auto const store = open(file.path());
  auto const report = store->verify({.repair = true, .faults_max = 1, .progress = {}});
  REQUIRE_MESSAGE(report, report.error().what);
  CHECK(report->faults == 1);
  CHECK(report->repaired == 0);
  REQUIRE(report->listed.size() == 1);
  CHECK(report->listed.front().resource == "Patient/p20");
}

TEST_CASE("a store that is written to is verified, and mended, without harm") {
  File const file("online");
  auto store = open(file.path());
  fill(*store);
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      auto const id = "w" + std::to_string(i % 50);
      auto const answer =
          apply_one(*store, i % 7 == 0 ? change_of(Verb::remove, "Patient", id)
                                       : put("Patient", id,
                                             R"("name":[{"family":"W)" + std::to_string(i) +
                                                 R"("}],"gender":"female")"));
      CHECK(answer);
      ++written;
    }
  });
  auto const reading = open(file.path(), true);
  for (int i = 0; i < 5 || written <= 20; ++i) {
    auto const here = store->verify({.repair = true, .progress = {}});
    REQUIRE_MESSAGE(here, here.error().what);
    CHECK(here->faults == 0);
    auto const beside = reading->verify({});
    REQUIRE_MESSAGE(beside, beside.error().what);
    CHECK(beside->faults == 0);
  }
  stop = true;
  writer.join();
  CHECK(written > 0);
  CHECK(store->verify({})->faults == 0);
}

}  // namespace
}  // namespace sinew::store
