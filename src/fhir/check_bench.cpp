#include <benchmark/benchmark.h>

#include "fhir/check.h"
#include "fhir/sample_bench.h"

namespace sinew::fhir {
namespace {

void check_observation(benchmark::State& state) {
  auto const document = json::Document::parse(std::string(kSampleObservation));
  for (auto _ : state) benchmark::DoNotOptimize(check_structure(document->root()));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(kSampleObservation.size()));
}
BENCHMARK(check_observation);

void parse_observation(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(json::Document::parse(std::string(kSampleObservation)));
  }
}
BENCHMARK(parse_observation);

}  // namespace
}  // namespace sinew::fhir
