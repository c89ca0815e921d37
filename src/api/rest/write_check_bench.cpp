// What checking a write costs: the same Observation of US Core put again and again, by level.

#include <benchmark/benchmark.h>

#include "api/rest/write_check.h"
#include "base/check.h"
#include "base/file.h"
#include "store/store.h"

namespace {

using namespace sinew;

constexpr auto kPackage = SINEW_SOURCE_DIR "/../shared/corpora/packages/hl7.fhir.us.core-610.tgz";
constexpr auto kExample = "Observation-serum-potassium.json";

void put(benchmark::State& state, std::string const& level) {
  auto const bytes = read_file(kPackage);
  if (!bytes) return state.SkipWithError("no corpus packages");
  auto package = validate::read_package(*bytes);
  auto const examples = validate::read_examples(*bytes);
  SINEW_CHECK(package && examples);
  validate::Library library;
  library.add(*std::move(package));
  auto policy = validate::WritePolicy::parse({level});
  SINEW_CHECK(bool(policy));
  Metrics metrics;
  rest::Options options;
  options.check_write = rest::make_write_check(*policy, library, metrics, system_clock());
  auto const store = std::move(*store::open_sqlite({.path = ":memory:"}, system_clock()));
  rest::Service service(*store, metrics, system_clock(), options);
  net::HttpRequest request;
  request.method = "PUT";
  request.target = "/fhir/Observation/serum-potassium";
  for (auto const& [name, text] : *examples) {
    if (name == kExample) request.body = text;
  }
  for (auto _ : state) {
    auto const response = service.handle(request);
    if (response.status >= 300) return state.SkipWithError(response.body.c_str());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(put, off, std::string("off"))->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(put, base, std::string("base"))->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(put, profiles, std::string("profiles"))->MeasureProcessCPUTime();

}  // namespace
