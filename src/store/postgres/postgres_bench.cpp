#define DOCTEST_CONFIG_IMPLEMENT  // the corpus reader says through it what it skips
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unordered_map>

#include "fhir/corpus_test.h"
#include "json/json.h"
#include "store/store.h"

// Ingest into PostgreSQL, as Synthea's transaction bundles bring it: one transaction for each 50
// resources of a patient, durable and fully indexed when it is answered. Run it beside a server:
// `tests/support/postgres build-bench/benches/store_bench --benchmark_filter=postgres`.
// `cpu_us` is processor time of this process, without the server's, for one resource.

namespace sinew::store {
namespace {

constexpr std::size_t kBundleSize = 50;
constexpr int kClients = 16;

/// A resource whose ids, its own and those it refers to, can be renamed in place.
struct Template {
  Change change;
  std::vector<std::size_t> ids;  ///< where they are in the body
};

/// Synthea's patients, with references by type and id.
class Synthea {
 public:
  Synthea() {
    fhir::for_each_in_corpus("fhir/synthea.tar.zst", [&](auto name, std::string_view text) {
      if (name.find("synthea-ms-r4") == name.npos) return;
      auto const document = json::Document::parse(std::string(text));
      if (!document) return;
      for (auto const entry : document->root()["entry"].elements()) add(entry["resource"]);
    });
    for (auto& one : templates_) resolve(one);
  }
  [[nodiscard]] std::size_t size() const { return templates_.size(); }

  /// The same patients under other names: the first digits of every id become the round's number.
  [[nodiscard]] std::vector<Transaction> round(int number) const {
    char prefix[kPrefix + 1];
    std::snprintf(prefix, sizeof prefix, "%08x", static_cast<unsigned>(number));
    std::vector<Transaction> out;
    for (auto const& one : templates_) {
      if (out.empty() || out.back().changes.size() == kBundleSize) out.emplace_back();
      auto copy = one.change;
      copy.id.replace(0, kPrefix, prefix);
      for (auto const at : one.ids) copy.body.replace(at, kPrefix, prefix);
      out.back().changes.push_back(std::move(copy));
    }
    return out;
  }

 private:
  static constexpr std::size_t kPrefix = 8;
  static constexpr std::size_t kUuidBytes = 36;

  void add(json::Value resource) {
    Change change;
    change.verb = Verb::put;
    change.type = resource["resourceType"].text();
    change.id = resource["id"].text();
    change.body = resource.source();
    if (change.id.size() != kUuidBytes || !types_.emplace(change.id, change.type).second) return;
    templates_.push_back({std::move(change), {}});
  }

  void resolve(Template& one) {
    auto& body = one.change.body;
    constexpr std::string_view kUuid = "urn:uuid:";
    for (auto at = body.find(kUuid); at != body.npos; at = body.find(kUuid, at + 1)) {
      auto const found = types_.find(body.substr(at + kUuid.size(), kUuidBytes));
      if (found != types_.end()) body.replace(at, kUuid.size(), found->second + "/");
    }
    for (auto at = body.find('-'); at != body.npos; at = body.find('-', at + 1))
      if (at >= kPrefix && types_.contains(body.substr(at - kPrefix, kUuidBytes)))
        one.ids.push_back(at - kPrefix);
  }

  std::vector<Template> templates_;
  std::unordered_map<std::string, std::string> types_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Applies them from `kClients` threads, each waiting for its answer, as connections do.
void ingest(Store& store, std::vector<Transaction> transactions) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i)
    clients.emplace_back([&] {
      for (auto at = next++; at < transactions.size(); at = next++)
        if (auto const done = store.apply_and_wait(std::move(transactions[at])); !done) {
          std::fprintf(stderr, "%s\n", to_string(done.error()).c_str());
          std::abort();
        }
    });
  for (auto& client : clients) client.join();
}

void postgres_synthea(benchmark::State& state) {
  auto const* server = std::getenv("SINEW_TEST_POSTGRES");
  if (server == nullptr) return state.SkipWithError("SINEW_TEST_POSTGRES names no server");
  auto store = open_postgres({.path = server}, system_clock());
  if (!store) return state.SkipWithError(to_string(store.error()).c_str());
  Synthea const synthea;
  static int rounds = 0;
  auto const before = (*store)->counters();
  double cpu = 0;
  for ([[maybe_unused]] auto const step : state) {
    state.PauseTiming();
    auto transactions = synthea.round(++rounds);
    auto const start = cpu_seconds();
    state.ResumeTiming();
    ingest(**store, std::move(transactions));
    cpu += cpu_seconds() - start;
  }
  auto const after = (*store)->counters();
  auto const versions = static_cast<double>(after.versions - before.versions);
  state.SetItemsProcessed(static_cast<std::int64_t>(versions));
  state.counters["cpu_us"] = cpu * 1e6 / versions;
  state.counters["per_commit"] = versions / static_cast<double>(after.commits - before.commits);
}
BENCHMARK(postgres_synthea)->UseRealTime()->Unit(benchmark::kMillisecond);

/// The store that was filled, and the id of a patient in it.
struct Filled {
  std::unique_ptr<Store> store;
  std::string patient;
};

Result<Filled> filled() {
  auto const* server = std::getenv("SINEW_TEST_POSTGRES");
  if (server == nullptr) return fail(ErrorCode::not_found, "SINEW_TEST_POSTGRES names no server");
  Filled out;
  out.store = TRY(open_postgres({.path = server}, system_clock()));
  auto const page = TRY(out.store->search(TRY(parse_search("Patient", "_count=1"))));
  if (page.matches.empty()) return fail(ErrorCode::not_found, "nothing was ingested");
  out.patient = page.matches.front().id;
  return out;
}

void postgres_read(benchmark::State& state) {
  auto const all = filled();
  if (!all) return state.SkipWithError(all.error().what.c_str());
  for ([[maybe_unused]] auto const step : state)
    benchmark::DoNotOptimize(all->store->read("Patient", all->patient));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(postgres_read)->UseRealTime()->Unit(benchmark::kMicrosecond);

void postgres_search(benchmark::State& state) {
  auto const all = filled();
  if (!all) return state.SkipWithError(all.error().what.c_str());
  auto const query = parse_search(
      "Observation", "patient=" + all->patient + "&code=http://loinc.org|8302-2&_count=20");
  for ([[maybe_unused]] auto const step : state)
    if (!all->store->search(*query)) std::abort();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(postgres_search)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sinew::store
