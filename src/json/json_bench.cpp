#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <string>

#include "json/json.h"
#include "json/stage1.h"
#include "json/write.h"

// Rulers and subjects run in one process on one text: the ratio counts, not the rate.
//   build/benches/json_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only
//     --benchmark_enable_random_interleaving=true

namespace {

using namespace sinew;

/// A compact bundle of laboratory results, about `bytes` long.
std::string bundle(std::size_t bytes) {
  std::string text = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  for (int i = 0; text.size() < bytes; ++i) {
    auto const id = std::to_string(i);
    if (i > 0) text += ',';
    text += R"({"fullUrl":"urn:uuid:5cbc121b-cd71-4428-b8b7-)" + id +
            R"(","resource":{)"
            R"("resourceType":"Observation","id":")" +
            id +
            R"(","meta":{"profile":[)"
            R"("http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"]},)"
            R"("status":"final","category":[{"coding":[{"system":)"
            R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory",)"
            R"("display":"Laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org",)"
            R"("code":"2339-0","display":"Glucose [Mass/volume] in Blood"}],"text":"Glucose"},)"
            R"("subject":{"reference":"Patient/)" +
            id +
            R"("},"encounter":{"reference":)"
            R"("Encounter/)" +
            id +
            R"("},"effectiveDateTime":"2024-02-29T15:30:00-05:00",)"
            R"("issued":"2024-02-29T15:42:11.120-05:00","valueQuantity":{"value":113.50,)"
            R"("unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"},)"
            R"("referenceRange":[{"low":{"value":70,"unit":"mg/dL"},)"
            R"("high":{"value":100,"unit":"mg/dL"}}]}})";
  }
  return text + "]}";
}

std::string const& text_of(benchmark::State const& state) {
  static std::string const small = bundle(2000);
  static std::string const large = bundle(1'000'000);
  return state.range(0) == 0 ? small : large;
}

void count_bytes(benchmark::State& state, std::string const& text) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void ruler_stage1(benchmark::State& state) {
  auto const& text = text_of(state);
  json::Structure structure;
  for (auto _ : state) benchmark::DoNotOptimize(json::find_structure(text, structure));
  count_bytes(state, text);
}

void ruler_copy(benchmark::State& state) {
  auto const& text = text_of(state);
  std::string copy(text.size(), '\0');
  for (auto _ : state) {
    std::memcpy(copy.data(), text.data(), text.size());
    benchmark::ClobberMemory();
  }
  count_bytes(state, text);
}

/// Of a text that is handed over: the copy that each round needs is not counted.
void parse(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  auto const& text = text_of(state);
  for (auto _ : state) {
    auto copy = text;
    auto const begin = Clock::now();
    {
      auto document = json::Document::parse(std::move(copy));
      benchmark::DoNotOptimize(document);
    }
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  count_bytes(state, text);
}

void print(benchmark::State& state) {
  auto const& text = text_of(state);
  auto const document = json::Document::parse(text);
  for (auto _ : state) benchmark::DoNotOptimize(json::print(document->root()));
  count_bytes(state, text);
}

void look_up(benchmark::State& state) {
  auto const document = json::Document::parse(text_of(state));
  auto const resource = document->root()["entry"].at(0)["resource"];
  for (auto _ : state) {
    benchmark::DoNotOptimize(resource["valueQuantity"]["value"].raw());
  }
  state.SetItemsProcessed(2 * state.iterations());
}

BENCHMARK(ruler_stage1)->Arg(0)->Arg(1);
BENCHMARK(ruler_copy)->Arg(0)->Arg(1);
BENCHMARK(parse)->Arg(0)->Arg(1)->UseManualTime();
BENCHMARK(print)->Arg(0)->Arg(1);
BENCHMARK(look_up)->Arg(0);

}  // namespace
