#include <benchmark/benchmark.h>

#include "fhir/sample_bench.h"
#include "fhir/search_index.h"

namespace sinew::fhir {
namespace {

void extract_observation(benchmark::State& state) {
  auto const document = json::Document::parse(std::string(kSampleObservation));
  std::vector<IndexValue> values;
  for (auto _ : state) {
    values.clear();
    extract_index(document->root(), values);
    benchmark::DoNotOptimize(values.data());
  }
  state.counters["values"] = static_cast<double>(values.size());
}
BENCHMARK(extract_observation);

}  // namespace
}  // namespace sinew::fhir
