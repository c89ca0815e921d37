#include <benchmark/benchmark.h>

#include "api/rest/rest.h"
#include "base/check.h"

// A request from its target to its answer, without sockets; the ruler is the store's own read.

namespace {

using namespace sinew;

constexpr char kObservation[] =
    R"({"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":)"
    R"("http://loinc.org","code":"2339-0","display":"Glucose [Mass/volume] in Blood"}]},"subject":)"
    R"({"reference":"Patient/p"},"effectiveDateTime":"2024-02-29T15:30:00-05:00","valueQuantity":)"
    R"({"value":113.50,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}})";

struct Fixture {
  Fixture() : store(std::move(*store::open_sqlite({.path = ":memory:"}, system_clock()))) {
    net::HttpRequest request;
    request.method = "PUT";
    request.target = "/fhir/Observation/o1";
    request.body = kObservation;
    SINEW_CHECK(service.handle(request).status == 201);
  }
  std::unique_ptr<store::Store> store;
  Metrics metrics;
  rest::Service service{*store, metrics, system_clock()};
};

void ask(benchmark::State& state, char const* target) {
  Fixture fixture;
  net::HttpRequest request;
  request.method = "GET";
  request.target = target;
  request.headers.add("Host", "localhost:8080");
  for (auto _ : state) {
    auto response = fixture.service.handle(request);
    if (response.status != 200) state.SkipWithError(response.body.c_str());
    benchmark::DoNotOptimize(response);
  }
  state.SetItemsProcessed(state.iterations());
}

void ruler_store_read(benchmark::State& state) {
  Fixture fixture;
  for (auto _ : state) benchmark::DoNotOptimize(fixture.store->read("Observation", "o1"));
  state.SetItemsProcessed(state.iterations());
}

void read(benchmark::State& state) { ask(state, "/fhir/Observation/o1"); }
void read_xml(benchmark::State& state) { ask(state, "/fhir/Observation/o1?_format=xml"); }
void search(benchmark::State& state) { ask(state, "/fhir/Observation?patient=p&code=2339-0"); }

BENCHMARK(ruler_store_read);
BENCHMARK(read);
BENCHMARK(read_xml);
BENCHMARK(search);

}  // namespace
