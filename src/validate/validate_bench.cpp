// Validations of US Core 6.1.0's own examples against its profiles, one core.

#include <benchmark/benchmark.h>

#include "base/file.h"
#include "validate/write_policy.h"

namespace sinew::validate {
namespace {

constexpr auto kPackage = SINEW_SOURCE_DIR "/../shared/corpora/packages/hl7.fhir.us.core-610.tgz";

/// The library and an example of the package, each read once.
struct Bench {
  Library library;
  std::vector<std::pair<std::string, std::string>> examples;
  bool is_ready = false;

  Bench() {
    auto const bytes = read_file(kPackage);
    if (!bytes) return;
    auto package = read_package(*bytes);
    auto found = read_examples(*bytes);
    if (!package || !found) return;
    library.add(*std::move(package));
    examples = *std::move(found);
    is_ready = true;
  }
};

Bench& bench() {
  static Bench value;
  return value;
}

void validate_example(benchmark::State& state, std::string const& name) {
  auto& all = bench();
  for (auto const& [file, text] : all.examples) {
    if (file != name) continue;
    auto const document = json::Document::parse(text);
    if (!document) break;
    for (auto _ : state) {
      auto const findings = validate(*document, all.library);
      if (has_error(findings)) return state.SkipWithError("the example has errors");
      benchmark::DoNotOptimize(findings.data());
    }
    state.SetItemsProcessed(state.iterations());
    return;
  }
  state.SkipWithError("no corpus packages");
}
BENCHMARK_CAPTURE(validate_example, patient, std::string("Patient-example.json"));
BENCHMARK_CAPTURE(validate_example, laboratory, std::string("Observation-serum-potassium.json"));
BENCHMARK_CAPTURE(validate_example, blood_pressure, std::string("Observation-blood-pressure.json"));

/// What `serve --validate-writes` adds to a write, by level; the structure was checked before.
void check_write(benchmark::State& state, std::string const& level) {
  auto& all = bench();
  auto const policy = WritePolicy::parse({level});
  for (auto const& [file, text] : all.examples) {
    if (file != "Observation-serum-potassium.json") continue;
    auto const document = json::Document::parse(text);
    if (!document || !policy) break;
    for (auto _ : state) {
      auto const findings =
          policy->check(document->root(), document->text(), all.library, Instant{});
      benchmark::DoNotOptimize(findings.data());
    }
    state.SetItemsProcessed(state.iterations());
    return;
  }
  state.SkipWithError("no corpus packages");
}
BENCHMARK_CAPTURE(check_write, off, std::string("off"));
BENCHMARK_CAPTURE(check_write, base, std::string("base"));
BENCHMARK_CAPTURE(check_write, profiles, std::string("profiles"));

void read_us_core(benchmark::State& state) {
  auto const bytes = read_file(kPackage);
  if (!bytes) return state.SkipWithError("no corpus packages");
  for (auto _ : state) {
    auto const package = read_package(*bytes);
    if (!package) return state.SkipWithError("the package cannot be read");
    benchmark::DoNotOptimize(package->definitions.data());
  }
}
BENCHMARK(read_us_core)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sinew::validate
