#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "store/compress.h"
#include "store/store.h"

// Ingest is measured as a feed makes it: a message is appended, then applied as one transaction
// whose patient, encounter and practitioner mostly do not change and whose observations are new.
// The ruler writes the same bytes into two plain tables of an SQLite file, 100 messages a commit.
// `cpu_us` is processor time of all threads for one message; it moves less than the wall clock on
// a busy machine.

namespace sinew::store {
namespace {

constexpr int kPatients = 2000;
constexpr std::size_t kInFlightMax = 512;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string message_bytes(int i) {
  auto const n = std::to_string(i);
  std::string text = "MSH|^~\\&|LAB|HOSP|EHR|HOSP|20240301120000||ORU^R01^ORU_R01|" + n +
                     "|P|2.5.1\rPID|1||" + std::to_string(i % kPatients) +
                     "^^^HOSP^MR||Doe^Jane||19800517|F\rPV1|1|I|W^389^1\rOBR|1|" + n + "|" + n +
                     "|24323-8^Comprehensive metabolic panel^LN|||20240301115500\r";
  for (int k = 0; k < 3; ++k)
    text += "OBX|" + std::to_string(k + 1) + "|NM|2345-7^Glucose^LN||" +
            std::to_string(60 + (i * 7 + k) % 140) + "|mg/dL|70-105|N|||F|||20240301115500\r";
  return text;
}

Change change(Verb verb, std::string type, std::string id, std::string elements) {
  Change out;
  out.verb = verb;
  out.body = R"({"resourceType":")" + type + R"(","id":")" + id + R"(",)" + elements + "}";
  out.type = std::move(type);
  out.id = std::move(id);
  return out;
}

std::string observation(int i, int k, std::string const& patient) {
  auto const value = std::to_string(60 + (i * 7 + k) % 140);
  return R"("identifier":[{"system":"urn:oid:1.2.3","value":")" + std::to_string(i * 8 + k) +
         R"("}],"status":"final","category":[{"coding":[{"system":)"
         R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],)"
         R"("code":{"coding":[{"system":"http://loinc.org","code":"23)" +
         std::to_string(40 + k) +
         R"(-7","display":"Glucose [Mass/volume] in Serum or Plasma"}]},)" +
         R"("subject":{"reference":"Patient/)" + patient + R"("},"encounter":{"reference":)" +
         R"("Encounter/e-)" + patient + R"("},"effectiveDateTime":"2024-03-)" +
         std::to_string(10 + i % 18) + R"(T11:55:00+01:00","issued":"2024-03-01T12:00:00+01:00",)" +
         R"("valueQuantity":{"value":)" + value +
         R"(,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"},)"
         R"("referenceRange":[{"low":{"value":70,"unit":"mg/dL"},"high":{"value":105}}]})";
}

Transaction transaction(int i) {
  auto const patient = "p-" + std::to_string(i % kPatients);
  Transaction out;
  out.changes.push_back(change(
      Verb::merge, "Patient", patient,
      R"("identifier":[{"system":"urn:mrn","value":")" + patient +
          R"("}],"name":[{"family":"Doe","given":["Jane"]}],"gender":"female","birthDate":"1980-05-17")"));
  out.changes.push_back(change(Verb::ensure, "Practitioner", "dr-" + std::to_string(i % 50),
                               R"("name":[{"family":"Brandt"}])"));
  out.changes.push_back(change(Verb::merge, "Encounter", "e-" + patient,
                               R"("status":"in-progress","class":{"code":"IMP"},"subject":)"
                               R"({"reference":"Patient/)" +
                                   patient + R"("})"));
  out.changes.push_back(change(Verb::put, "DiagnosticReport", "r-" + std::to_string(i),
                               R"("status":"final","code":{"coding":[{"system":"http://loinc.org",)"
                               R"("code":"24323-8"}]},"subject":{"reference":"Patient/)" +
                                   patient + R"("}})"));
  out.changes.back().body.pop_back();
  for (int k = 0; k < 2; ++k) {
    auto elements = observation(i, k, patient);
    elements.pop_back();
    out.changes.push_back(change(Verb::put, "Observation",
                                 "o-" + std::to_string(i) + "-" + std::to_string(k), elements));
  }
  return out;
}

std::string fresh_path(char const* name) {
  auto const path = std::string("/tmp/sinew-bench-") + name + std::to_string(::getpid()) + ".db";
  for (auto const* end : {"", "-wal", "-shm", ".lock"}) ::unlink((path + end).c_str());
  return path;
}

/// Counts the messages on their way, so that memory stays bounded.
class Flow {
 public:
  void begin() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return open_ < kInFlightMax; });
    ++open_;
  }
  void end() {
    std::scoped_lock const lock(mutex_);
    --open_;
    room_.notify_all();
  }
  void drain() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return open_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t open_ = 0;
};

void ingest(Store& store, int first, int count) {
  Flow flow;
  for (int i = first; i < first + count; ++i) {
    flow.begin();
    JournalEntry entry{.feed = "lab",
                       .lane = static_cast<std::uint64_t>(i % 64),
                       .control_id = std::to_string(i),
                       .type = "ORU^R01",
                       .sender = "LAB|HOSP",
                       .bytes = message_bytes(i)};
    store.append(std::move(entry), [&flow](Result<JournalId> const& id) {
      if (!id) std::abort();
      flow.end();
    });
    auto work = transaction(i);
    // Appended before it in the same queue, so numbered when it is applied.
    work.cause = static_cast<JournalId>(i + 1);
    flow.begin();
    store.apply(std::move(work), [&flow](Result<std::vector<Outcome>> const& outcomes) {
      if (!outcomes) std::abort();
      flow.end();
    });
  }
  flow.drain();
}

void ingest_messages(benchmark::State& state) {
  auto const path = fresh_path("ingest");
  auto store = open_sqlite({.path = path}, system_clock());
  if (!store) return state.SkipWithError("cannot open the store");
  constexpr int kBatch = 2000;
  ingest(**store, 0, kPatients);  // the patients exist
  int next = kPatients;
  auto const before = (*store)->counters();
  auto const cpu = cpu_seconds();
  for ([[maybe_unused]] auto const step : state) {
    ingest(**store, next, kBatch);
    next += kBatch;
  }
  auto const messages = static_cast<double>(next - kPatients);
  auto const after = (*store)->counters();
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["cpu_us"] = (cpu_seconds() - cpu) * 1e6 / messages;
  state.counters["versions"] = static_cast<double>(after.versions - before.versions) / messages;
  state.counters["per_commit"] = 2 * messages / static_cast<double>(after.commits - before.commits);
  store->reset();
  fresh_path("ingest");
}
BENCHMARK(ingest_messages)->UseRealTime()->Unit(benchmark::kMillisecond);

std::size_t resident_bytes() {
  std::size_t pages = 0, resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::size_t>(::getpagesize());
}

/// 100,000 messages without a pause: is the last tenth as fast as the second, is memory flat?
/// (The first tenth is the one that creates the patients.) In processor time, for all threads.
void sustained_100k(benchmark::State& state) {
  auto const path = fresh_path("sustained");
  auto store = open_sqlite({.path = path}, system_clock());
  constexpr int kTenth = 10'000;
  double cpu[10] = {};
  std::size_t resident[10] = {};
  for ([[maybe_unused]] auto const step : state) {
    for (int tenth = 0; tenth < 10; ++tenth) {
      auto const start = cpu_seconds();
      ingest(**store, tenth * kTenth, kTenth);
      cpu[tenth] = cpu_seconds() - start;
      resident[tenth] = resident_bytes();
    }
  }
  state.SetItemsProcessed(10 * kTenth);
  state.counters["cpu_us_second"] = cpu[1] * 1e6 / kTenth;
  state.counters["cpu_us_last"] = cpu[9] * 1e6 / kTenth;
  state.counters["mb_second"] = static_cast<double>(resident[1] >> 20);
  state.counters["mb_last"] = static_cast<double>(resident[9] >> 20);
  store->reset();
  fresh_path("sustained");
}
BENCHMARK(sustained_100k)->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);

/// The ruler: the same bytes appended, compressed, without index, versions or checks.
void append_only_ruler(benchmark::State& state) {
  auto const path = fresh_path("ruler");
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  sqlite3_exec(db,
               "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "PRAGMA wal_autocheckpoint=8192;"
               "CREATE TABLE j(id INTEGER PRIMARY KEY, b BLOB); CREATE TABLE r(id INTEGER PRIMARY "
               "KEY, b BLOB);",
               nullptr, nullptr, nullptr);
  sqlite3_stmt *journal = nullptr, *resource = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO j(b) VALUES(?)", -1, &journal, nullptr);
  sqlite3_prepare_v2(db, "INSERT INTO r(b) VALUES(?)", -1, &resource, nullptr);
  auto const insert = [](sqlite3_stmt* statement, std::string const& bytes) {
    sqlite3_bind_blob64(statement, 1, bytes.data(), bytes.size(), SQLITE_STATIC);
    sqlite3_step(statement);
    sqlite3_reset(statement);
  };
  int next = 0;
  auto const cpu = cpu_seconds();
  for ([[maybe_unused]] auto const step : state) {
    sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
    for (int i = 0; i < 100; ++i, ++next) {
      insert(journal, pack(Content::message, message_bytes(next)));
      auto const work = transaction(next);
      for (auto const& one : work.changes)
        if (one.verb == Verb::put) insert(resource, pack(Content::resource, one.body));
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  }
  state.SetItemsProcessed(next);
  state.counters["cpu_us"] = (cpu_seconds() - cpu) * 1e6 / next;
  sqlite3_finalize(journal);
  sqlite3_finalize(resource);
  sqlite3_close(db);
  fresh_path("ruler");
}
BENCHMARK(append_only_ruler)->UseRealTime()->Unit(benchmark::kMillisecond);

/// A store of 100,000 resources, made once for the benchmarks below.
class Filled {
 public:
  static constexpr int kMessages = 33'000;
  Filled() : path_(fresh_path("filled")) {
    auto store = open_sqlite({.path = path_}, system_clock());
    ingest(**store, 0, kMessages);
    store->reset();
    reopen();
  }
  ~Filled() {
    store_.reset();
    fresh_path("filled");
  }
  void reopen() {
    store_.reset();
    store_ = std::move(*open_sqlite({.path = path_}, system_clock()));
  }
  Store& store() { return *store_; }

 private:
  std::string path_;
  std::unique_ptr<Store> store_;
};

Filled& filled() {
  static Filled one;
  return one;
}

void start_up_with_100k(benchmark::State& state) {
  auto& all = filled();
  for ([[maybe_unused]] auto const step : state) {
    all.reopen();
    if (!all.store().read("Patient", "p-1")) state.SkipWithError("not ready");
  }
}
BENCHMARK(start_up_with_100k)->UseRealTime()->Unit(benchmark::kMillisecond);

void read_one(benchmark::State& state) {
  auto& store = filled().store();
  int i = 0;
  for ([[maybe_unused]] auto const step : state) {
    i = (i + 7919) % Filled::kMessages;
    benchmark::DoNotOptimize(store.read("Observation", "o-" + std::to_string(i) + "-1"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_one);

void search(benchmark::State& state, char const* type, char const* query) {
  auto& store = filled().store();
  auto const parsed = parse_search(type, query);
  std::size_t found = 0;
  for ([[maybe_unused]] auto const step : state) {
    auto page = store.search(*parsed);
    if (!page) return state.SkipWithError(page.error().what.c_str());
    found = page->total.value_or(page->matches.size());
  }
  state.counters["found"] = static_cast<double>(found);
}
BENCHMARK_CAPTURE(search, patient_and_code, "Observation",
                  "patient=Patient/p-77&code=http://loinc.org|2340-7&_count=20")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, identifier, "Patient", "identifier=urn:mrn|p-77")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, newest_20, "Observation", "_count=20")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, dense_code, "Observation", "code=2340-7&_count=20")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, patient_by_date, "Observation", "patient=Patient/p-77&_sort=-date")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, dense_code_by_date, "Observation", "code=2340-7&_sort=-date&_count=20")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, name_prefix, "Patient", "name=do&_count=20")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, value_and_date, "Observation",
                  "value-quantity=gt190&date=ge2024-03-20&_count=20")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sinew::store
