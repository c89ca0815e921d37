#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "api/operations/operations.h"
#include "base/check.h"
#include "net/blocking_socket.h"

// The record of a patient with 1,000 resources, from the request to the whole answer, without
// sockets and over one. The rulers: the same bytes copied, and the same resources read one by one.

namespace {

using namespace sinew;

constexpr int kResources = 1000;

std::string observation(int number) {
  return R"({"resourceType":"Observation","id":"o)" + std::to_string(number) +
         R"(","meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/)"
         R"(us-core-observation-lab"]},"status":"final","category":[{"coding":[{"system":)"
         R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory",)"
         R"("display":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":")" +
         std::to_string(2000 + number % 50) +
         R"(-0","display":"Glucose [Mass/volume] in Blood"}],"text":"Glucose"},"subject":)"
         R"({"reference":"Patient/p"},"performer":[{"reference":"Practitioner/d)" +
         std::to_string(number % 20) +
         R"("}],"effectiveDateTime":"2024-02-29T15:30:00-05:00","issued":)"
         R"("2024-02-29T15:30:00.123-05:00","valueQuantity":{"value":)" +
         std::to_string(number) +
         R"(.50,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}})";
}

struct Fixture {
  Fixture() : store(std::move(*store::open_sqlite({.path = ":memory:"}, system_clock()))) {
    rest::add_operations(service);
    // Others are there too: what is looked for is not all there is.
    for (int i = 0; i < 20; ++i) put("Practitioner", "d" + std::to_string(i), "");
    put("Patient", "p", "");
    store::Transaction transaction;
    for (int i = 0; i < 10 * kResources; ++i) {
      store::Change change;
      change.type = "Observation";
      change.id = "o" + std::to_string(i);
      change.body = observation(i);
      if (i % 10 != 0) {
        auto const at = change.body.find("Patient/p");
        change.body.replace(at, 9, "Patient/other" + std::to_string(i % 10));
      }
      transaction.changes.push_back(std::move(change));
    }
    SINEW_CHECK(bool(store->apply_and_wait(std::move(transaction))));
  }

  void put(std::string const& type, std::string const& id, std::string const& elements) {
    net::HttpRequest request;
    request.method = "PUT";
    request.target = "/fhir/" + type + "/" + id;
    request.body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + elements + "}";
    SINEW_CHECK(service.handle(request).status == 201);
  }

  net::HttpResponse ask(std::string target) {
    net::HttpRequest request;
    request.method = "GET";
    request.target = std::move(target);
    request.headers.add("Host", "localhost:8080");
    auto response = service.handle(request);
    SINEW_CHECK(response.status == 200);
    return response;
  }

  std::unique_ptr<store::Store> store;
  Metrics metrics;
  rest::Service service{*store, metrics, system_clock()};
};

Fixture& fixture() {
  static Fixture one;
  return one;
}

void ask(benchmark::State& state, char const* target) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto const response = fixture().ask(target);
    bytes += response.body.size();
    benchmark::DoNotOptimize(response);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void everything(benchmark::State& state) { ask(state, "/fhir/Patient/p/$everything"); }
void everything_page_of_50(benchmark::State& state) {
  ask(state, "/fhir/Patient/p/$everything?_count=50");
}
void everything_of_a_year(benchmark::State& state) {
  ask(state, "/fhir/Patient/p/$everything?start=2024-01-01&end=2024-12-31");
}
void last_n(benchmark::State& state) {
  ask(state, "/fhir/Observation/$lastn?patient=p&category=laboratory&max=3");
}

/// The same over a socket: when the first bytes of the answer are there, and when the last.
void everything_over_http(benchmark::State& state) {
  using SteadyClock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kTimeMax = std::chrono::seconds(30);
  net::Loop loop{1};
  loop.run();
  auto const server = net::HttpServer::listen(
      loop, {}, [](std::shared_ptr<net::HttpCall> const& call) { fixture().service.handle(call); });
  SINEW_CHECK(bool(server));
  auto const socket = net::BlockingSocket::connect("127.0.0.1", (*server)->port(), {}, kTimeMax);
  SINEW_CHECK(bool(socket));
  std::vector<double> first_ms;
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto const begin = SteadyClock::now();
    SINEW_CHECK(bool((*socket)->send(
        "GET /fhir/Patient/p/$everything HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", kTimeMax)));
    std::string answer;
    SINEW_CHECK(bool((*socket)->receive(answer, kTimeMax)));
    first_ms.push_back(
        std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count());
    while (!answer.ends_with("\r\n0\r\n\r\n")) {
      SINEW_CHECK(bool((*socket)->receive(answer, kTimeMax)));
    }
    bytes += answer.size();
  }
  std::ranges::sort(first_ms);
  state.counters["first_byte_ms"] = first_ms[first_ms.size() / 2];
  state.counters["first_byte_ms_p99"] = first_ms[first_ms.size() * 99 / 100];
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  (*server)->stop();
}

void ruler_copy(benchmark::State& state) {
  auto const body = fixture().ask("/fhir/Patient/p/$everything").body;
  for (auto _ : state) {
    auto copy = body;
    benchmark::DoNotOptimize(copy.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}

void ruler_reads(benchmark::State& state) {
  std::vector<std::string> names;
  for (int i = 0; i < kResources; ++i) names.push_back("o" + std::to_string(i * 10));
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (auto const& name : names) bytes += fixture().store->read("Observation", name)->body.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

BENCHMARK(everything)->Unit(benchmark::kMillisecond);
BENCHMARK(everything_over_http)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(everything_page_of_50)->Unit(benchmark::kMillisecond);
BENCHMARK(everything_of_a_year)->Unit(benchmark::kMillisecond);
BENCHMARK(last_n)->Unit(benchmark::kMillisecond);
BENCHMARK(ruler_copy)->Unit(benchmark::kMillisecond);
BENCHMARK(ruler_reads)->Unit(benchmark::kMillisecond);

}  // namespace
