#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "fhir/search_tree.h"
#include "store/store_suite.h"

// Search parameters beyond those of R4: usable from the commit on, right at every moment, and
// indexed in the background, whatever is written meanwhile and however often the store is closed.

namespace sinew::store {
namespace {

constexpr std::string_view kRace = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";

std::string parameter(std::string const& code, std::string const& base, std::string const& type,
                      std::string const& expression, std::string const& status = "active") {
  return R"("url":"http://x.org/)" + code + R"(","status":")" + status + R"(","code":")" + code +
         R"(","base":[")" + base + R"("],"type":")" + type + R"(","expression":")" + expression +
         "\"";
}

std::string const kRaceExpression =
    "Patient.extension.where(url = '" + std::string(kRace) + "').extension.value.code";

std::string race_of(std::string const& code) {
  return R"("extension":[{"url":")" + std::string(kRace) +
         R"(","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:r","code":")" + code +
         R"("}}]}])";
}

std::set<std::string> ids(Store& store, std::string const& type, std::string const& query) {
  CAPTURE(query);
  auto parsed = parse_search(type, query + "&_count=1000");
  REQUIRE(parsed);
  auto const page = store.search(*parsed);
  REQUIRE_MESSAGE(page, page.error().what);
  std::set<std::string> found;
  for (auto const& match : page->matches) found.insert(match.id);
  CHECK(found.size() == page->matches.size());
  CHECK(page->total == found.size());
  return found;
}

bool is_refused(Store& store, std::string const& type, std::string const& query) {
  auto parsed = parse_search(type, query);
  REQUIRE(parsed);
  auto const page = store.search(*parsed);
  return !page && page.error().code == ErrorCode::invalid;
}

void wait_for_jobs(Store& store) {
  for (int i = 0; i < 2000; ++i) {
    auto const jobs = store.index_jobs();
    REQUIRE(jobs);
    bool const is_busy =
        std::ranges::any_of(*jobs, [](IndexJob const& job) { return !job.finished; });
    if (!is_busy) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the jobs do not end");
}

bool reads_bodies(Store& store, std::string const& type, std::string const& query) {
  auto parsed = parse_search(type, query + "&_explain=true");
  REQUIRE(parsed);
  auto const page = store.search(*parsed);
  REQUIRE(page);
  return std::ranges::any_of(page->plan, [](std::string const& line) {
    return line.find("by reading bodies") != line.npos;
  });
}

TEST_CASE("a stored SearchParameter can be searched by when its creation is answered") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (int i = 0; i < 300; ++i)
    REQUIRE(apply_one(
        *store, put("Patient", "p" + std::to_string(i), race_of(i % 3 == 0 ? "white" : "asian"))));
  CHECK(is_refused(*store, "Patient", "race=white"));
  REQUIRE(apply_one(*store, put("SearchParameter", "sp1",
                                parameter("race", "Patient", "token", kRaceExpression))));
  auto const first = ids(*store, "Patient", "race=white");
  CHECK(first.size() == 100);
  CHECK(ids(*store, "Patient", "race:not=white").size() == 200);
  CHECK(ids(*store, "Patient", "race:missing=true").empty());
  wait_for_jobs(*store);
  CHECK(ids(*store, "Patient", "race=white") == first);
  CHECK(!reads_bodies(*store, "Patient", "race=white"));
  // Kept up by what is written from now on.
  REQUIRE(apply_one(*store, put("Patient", "p0", race_of("asian"))));
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "p3")));
  REQUIRE(apply_one(*store, put("Patient", "new", race_of("white"))));
  auto after = first;
  after.erase("p0");
  after.erase("p3");
  after.insert("new");
  CHECK(ids(*store, "Patient", "race=white") == after);
  // Out of force with its resource, and back with it.
  REQUIRE(apply_one(*store, change_of(Verb::remove, "SearchParameter", "sp1")));
  CHECK(is_refused(*store, "Patient", "race=white"));
  REQUIRE(apply_one(*store, put("Patient", "p6", race_of("asian"))));
  after.erase("p6");
  REQUIRE(apply_one(*store, put("SearchParameter", "sp1",
                                parameter("race", "Patient", "token", kRaceExpression))));
  CHECK(ids(*store, "Patient", "race=white") == after);
  CHECK(!reads_bodies(*store, "Patient", "race=white"));
  // A draft is nothing to search by.
  REQUIRE(apply_one(*store, put("SearchParameter", "sp1",
                                parameter("race", "Patient", "token", kRaceExpression, "draft"))));
  CHECK(is_refused(*store, "Patient", "race=white"));
}

TEST_CASE("a parameter over an indexed path works at once, without a job") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1", R"("birthDate":"1970-02-03")")));
  auto const faults = store->add_search_parameters(
      {"{\"resourceType\":\"SearchParameter\"," +
       parameter("born", "Patient", "date", "Patient.birthDate") + "}"});
  REQUIRE(faults);
  CHECK(faults->empty());
  CHECK(store->index_jobs()->empty());
  CHECK(ids(*store, "Patient", "born=1970-02-03&_sort=-born") == std::set<std::string>{"p1"});
  CHECK(!reads_bodies(*store, "Patient", "born=1970-02-03"));
}

TEST_CASE("expressions beyond paths are evaluated as FHIRPath") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1",
                                R"("name":[{"family":"First"},{"family":"Second"}],)"
                                R"("contact":[{"name":{"family":"Mum"}}])")));
  REQUIRE(apply_one(*store, put("Patient", "p2", R"("name":[{"family":"Second"}])")));
  auto const define = [](std::string const& code, std::string const& type,
                         std::string const& expression) {
    return "{\"resourceType\":\"SearchParameter\"," + parameter(code, "Patient", type, expression) +
           "}";
  };
  auto const faults =
      store->add_search_parameters({define("first-family", "string", "Patient.name.first().family"),
                                    define("has-contact", "token", "Patient.contact.exists()"),
                                    define("broken", "token", "Patient.name.frobnicate(("),
                                    define("shortened", "string", "Patient.name[0].family")});
  REQUIRE(faults);
  REQUIRE(faults->size() == 1);
  CHECK(faults->front().starts_with("http://x.org/broken"));
  for (int round = 0; round < 2; ++round) {
    CHECK(ids(*store, "Patient", "first-family=first") == std::set<std::string>{"p1"});
    CHECK(ids(*store, "Patient", "first-family=second") == std::set<std::string>{"p2"});
    CHECK(ids(*store, "Patient", "shortened=first") == std::set<std::string>{"p1"});
    CHECK(ids(*store, "Patient", "has-contact=true") == std::set<std::string>{"p1"});
    CHECK(ids(*store, "Patient", "family=second") == std::set<std::string>{"p1", "p2"});
    wait_for_jobs(*store);
  }
  CHECK(is_refused(*store, "Patient", "broken=x"));
}

TEST_CASE("what R4 defines stays R4's; of two others with one code the last counts") {
  TestClock clock;
  auto store = open_test_store(clock);
  REQUIRE(apply_one(*store, put("Patient", "p1", R"("gender":"male","language":"de")")));
  auto const wrap = [](std::string const& elements) {
    return "{\"resourceType\":\"SearchParameter\"," + elements + "}";
  };
  REQUIRE(store->add_search_parameters(
      {wrap(parameter("gender", "Patient", "token", "Patient.language"))}));
  CHECK(ids(*store, "Patient", "gender=male") == std::set<std::string>{"p1"});
  REQUIRE(store->add_search_parameters(
      {wrap(parameter("mine", "Patient", "token", "Patient.gender"))}));
  CHECK(ids(*store, "Patient", "mine=male") == std::set<std::string>{"p1"});
  REQUIRE(apply_one(*store, put("SearchParameter", "other",
                                parameter("mine", "Patient", "token", "Patient.language"))));
  CHECK(ids(*store, "Patient", "mine=male").empty());
  CHECK(ids(*store, "Patient", "mine=de") == std::set<std::string>{"p1"});
  auto const faults = store->add_search_parameters(
      {"{\"resourceType\":\"SearchParameter\",\"url\":\"http://x.org/empty\"}"});
  REQUIRE(faults);
  CHECK(faults->size() == 1);
}

TEST_CASE("an index job goes on after a restart and is right beside writers") {
  auto const path = std::filesystem::temp_directory_path() /
                    ("sinew-parameter-" + std::to_string(::getpid()) + ".db");
  auto const remove_files = [&] {
    for (auto const& entry : std::filesystem::directory_iterator(path.parent_path()))
      if (entry.path().string().starts_with(path.string())) std::filesystem::remove(entry.path());
  };
  remove_files();
  std::set<std::string> expected;
  auto const open = [&] {
    auto store = open_sqlite({.path = path.string(), .young_rows_max = 100}, shared_clock());
    REQUIRE(store);
    return std::move(*store);
  };
  auto const write = [&](Store& store, int i, bool is_white) {
    auto const id = "p" + std::to_string(i);
    REQUIRE(apply_one(store, put("Patient", id, race_of(is_white ? "white" : "asian"))));
    is_white ? (void)expected.insert(id) : (void)expected.erase(id);
  };
  {
    auto store = open();
    Transaction many;
    for (int i = 0; i < 3000; ++i) {
      auto const id = "p" + std::to_string(i);
      many.changes.push_back(put("Patient", id, race_of(i % 2 == 0 ? "white" : "asian")));
      if (i % 2 == 0) expected.insert(id);
    }
    REQUIRE(store->apply_and_wait(std::move(many)));
    REQUIRE(store->add_search_parameters({"{\"resourceType\":\"SearchParameter\"," +
                                          parameter("race", "Patient", "token", kRaceExpression) +
                                          "}"}));
    auto const jobs = store->index_jobs();
    REQUIRE(jobs->size() == 1);
    CHECK(jobs->front().type == "Patient");
    CHECK(jobs->front().total == 3000);
  }
  for (int restart = 0; restart < 4; ++restart) {
    auto store = open();
    for (int i = restart; i < 3000; i += 97) write(*store, i, (i + restart) % 3 == 0);
    CHECK(ids(*store, "Patient", "race=white&_id=p1,p97,p98,p2,p3") == [&] {
      std::set<std::string> some;
      for (auto const* id : {"p1", "p97", "p98", "p2", "p3"})
        if (expected.contains(id)) some.insert(id);
      return some;
    }());
  }
  auto store = open();
  wait_for_jobs(*store);
  CHECK(!reads_bodies(*store, "Patient", "race=white"));
  auto all = parse_search("Patient", "race=white&_count=1000");
  REQUIRE(all);
  auto const page = store->search(*all);
  REQUIRE(page);
  CHECK(page->total == expected.size());
  auto rest = parse_search("Patient", "race:not=white&_count=1000");
  CHECK(store->search(*rest)->total == 3000 - expected.size());
  store.reset();
  remove_files();
}

TEST_CASE("updates that race a job leave the index as the resources are") {
  TestClock clock;
  auto store = open_test_store(clock);
  std::set<std::string> expected;
  for (int i = 0; i < 400; ++i) {
    auto const id = "p" + std::to_string(i);
    REQUIRE(apply_one(*store, put("Patient", id, race_of("a"))));
    expected.insert(id);
  }
  for (int round = 0; round < 3; ++round) {
    auto const code = "race" + std::to_string(round);
    auto const expression = kRaceExpression + ".where($this != 'x" + std::to_string(round) + "')";
    std::vector<std::future<void>> writers;
    for (int writer = 0; writer < 3; ++writer)
      writers.push_back(std::async(std::launch::async, [&, writer] {
        for (int i = writer; i < 400; i += 3) {
          auto const id = "p" + std::to_string(i);
          for (auto const* value : {"b", "a", "b"})
            REQUIRE(apply_one(*store, put("Patient", id, race_of(value))));
        }
      }));
    REQUIRE(store->add_search_parameters({"{\"resourceType\":\"SearchParameter\"," +
                                          parameter(code, "Patient", "token", expression) + "}"}));
    for (auto& writer : writers) writer.get();
    wait_for_jobs(*store);
    CHECK(ids(*store, "Patient", code + "=b") == expected);
    CHECK(ids(*store, "Patient", code + "=a").empty());
    for (int i = 0; i < 400; ++i)
      REQUIRE(apply_one(*store, put("Patient", "p" + std::to_string(i), race_of("a"))));
    CHECK(ids(*store, "Patient", code + "=a") == expected);
    CHECK(ids(*store, "Patient", code + "=b").empty());
  }
}

TEST_CASE("reindexing all of a type changes nothing that is right") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (int i = 0; i < 200; ++i)
    REQUIRE(apply_one(
        *store, put("Patient", "p" + std::to_string(i),
                    R"("name":[{"family":"F)" + std::to_string(i % 7) + R"("}],"gender":"male")")));
  auto const before = ids(*store, "Patient", "family=f3");
  auto const jobs = store->reindex("");
  REQUIRE(jobs);
  CHECK(jobs->size() == 1);
  wait_for_jobs(*store);
  CHECK(store->index_jobs()->front().done == 200);
  CHECK(ids(*store, "Patient", "family=f3") == before);
  CHECK(ids(*store, "Patient", "gender=male").size() == 200);
}

}  // namespace
}  // namespace sinew::store
