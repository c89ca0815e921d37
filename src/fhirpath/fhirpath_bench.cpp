// The cases of bench/fhirpath, which bench/fhirpath_js runs in fhirpath.js as well.

#include <benchmark/benchmark.h>

#include <string>

#include "base/file.h"
#include "base/table.h"
#include "fhirpath/evaluator.h"

namespace sinew::fhirpath {
namespace {

constexpr auto kFolder = SINEW_SOURCE_DIR "/bench/fhirpath/";

void evaluate(benchmark::State& state, std::string const& resource, std::string const& text) {
  auto content = read_file(kFolder + resource + ".json");
  if (!content) return state.SkipWithError("no such resource");
  auto const document = json::Document::parse(*std::move(content));
  auto const expression = Expression::compile(text, definition_options());
  if (!document || !expression) return state.SkipWithError("the case does not compile");
  Environment environment;
  environment.resolves_to_types = true;
  Evaluator evaluator(environment);
  auto const item = item_of(document->root());
  auto const focus = Focus{{&item, 1}, item, item, {}};
  for (auto _ : state) {
    auto const result = evaluator.evaluate(*expression, focus);
    if (!result) return state.SkipWithError("the case fails");
    benchmark::DoNotOptimize(result->data());
  }
  state.SetItemsProcessed(state.iterations());
}

void compile(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Expression::compile("Patient.telecom.exists(system = 'phone' and use = 'mobile')"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compile);

[[maybe_unused]] bool const kRegistered = [] {
  auto const text = read_file(std::string(kFolder) + "cases.tsv");
  if (!text) return false;
  auto const table = Table::parse(*text, "cases.tsv");
  if (!table) return false;
  for (auto const& row : table->rows()) {
    auto const name = "evaluate/" + std::string(row.cells[0]);
    benchmark::RegisterBenchmark(name.c_str(), evaluate, std::string(row.cells[1]),
                                 std::string(row.cells[2]));
  }
  return true;
}();

}  // namespace
}  // namespace sinew::fhirpath
