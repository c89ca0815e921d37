#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "api/rest/rest.h"
#include "base/check.h"
#include "net/http.h"
#include "store/store.h"

// Reads by id over HTTP, against the same HTTP server answering a body of the same size from
// memory. Both run in turn in one process; the figure is the median of the ratios.

using namespace sinew;

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kConnections = 64;
constexpr int kRequestsPerRun = 20'000;
constexpr int kRuns = 7;
constexpr int kPatients = 10'000;
constexpr std::size_t kBodyBytes = 2048;

/// A patient of about 2 KB, as hospitals have them.
std::string patient(int number) {
  std::string body = R"({"resourceType":"Patient","id":")" + std::to_string(number) +
                     R"(","identifier":[{"system":"urn:oid:2.16.840.1.113883.3.2.1","value":")" +
                     std::to_string(100'000 + number) + R"("}],"active":true,"name":[)";
  for (int i = 0; body.size() < kBodyBytes - 150; ++i) {
    if (i > 0) body += ',';
    body += R"({"use":"old","family":"Family)" + std::to_string(number * 31 + i) +
            R"(","given":["Given)" + std::to_string(i) + R"(","Second"]})";
  }
  return body + R"(],"gender":"female","birthDate":"1970-01-01"})";
}

/// Connections with one request in flight each.
class Client {
 public:
  explicit Client(std::uint16_t port) : poller_(::epoll_create1(0)) {
    for (int i = 0; i < kConnections; ++i) {
      int const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      SINEW_CHECK(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
                  0);
      int const one = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = descriptor;
      SINEW_CHECK(::epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &event) == 0);
      sockets_.push_back(descriptor);
    }
  }
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;
  ~Client() {
    for (int const socket : sockets_) ::close(socket);
    ::close(poller_);
  }

  /// Answers a second.
  double run() {
    auto const start = SteadyClock::now();
    int sent = 0, answered = 0;
    for (int const socket : sockets_) ask(socket, sent++);
    epoll_event ready[kConnections];
    while (answered < kRequestsPerRun) {
      int const count = ::epoll_wait(poller_, ready, kConnections, 10'000);
      SINEW_CHECK(count > 0);
      for (auto const& event : std::span(ready, static_cast<std::size_t>(count))) {
        take_answer(event.data.fd);
        ++answered;
        if (sent < kRequestsPerRun) ask(event.data.fd, sent++);
      }
    }
    return answered / std::chrono::duration<double>(SteadyClock::now() - start).count();
  }

 private:
  static void ask(int descriptor, int number) {
    constexpr int kStride = 7919;  // so that neighbours are not asked for one after the other
    auto const text = "GET /fhir/Patient/" + std::to_string(number * kStride % kPatients) +
                      " HTTP/1.1\r\nHost: localhost:8080\r\nAccept: application/fhir+json\r\n\r\n";
    SINEW_CHECK(::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
  }
  /// Both servers send less than a buffer at once, so that an answer comes whole.
  static void take_answer(int descriptor) {
    char buffer[16'384];
    auto const size = ::recv(descriptor, buffer, sizeof buffer, 0);
    SINEW_CHECK(size > static_cast<ssize_t>(kBodyBytes) - 300);
    SINEW_CHECK(std::string_view(buffer, 12) == "HTTP/1.1 200");
  }

  std::vector<int> sockets_;
  int const poller_;
};

struct Server {
  net::Loop loop{1};
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<Client> client;

  explicit Server(net::HttpHandler handler) {
    auto listening = net::HttpServer::listen(loop, {}, std::move(handler));
    SINEW_CHECK(listening);
    http = std::move(*listening);
    loop.run();
    client = std::make_unique<Client>(http->port());
    client->run();
  }
  ~Server() {
    client.reset();
    http->stop();
  }
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void read_over_http(benchmark::State& state) {
  auto pattern = (std::filesystem::current_path() / "read-bench-XXXXXX").string();
  SINEW_CHECK(mkdtemp(pattern.data()) != nullptr);
  std::vector<double> reads, statics, ratios;
  {
    auto store = store::open_sqlite({.path = pattern + "/store.db"}, system_clock());
    SINEW_CHECK(store);
    store::Transaction patients;
    for (int i = 0; i < kPatients; ++i) {
      auto const id = std::to_string(i);
      patients.changes.push_back(
          {store::Verb::put, "Patient", id, patient(i), {}, std::nullopt, {}});
    }
    SINEW_CHECK((*store)->apply_and_wait(std::move(patients)));
    Metrics metrics;
    rest::Service service(**store, metrics, system_clock());
    auto const body = patient(0);
    Server reading([&](net::HttpRequest const& request) { return service.handle(request); });
    Server still([&](net::HttpRequest const&) {
      net::HttpResponse response;
      response.headers.add("Content-Type", "application/fhir+json; charset=utf-8");
      response.body = body;
      return response;
    });
    for (auto _ : state) {
      for (int run = 0; run < kRuns; ++run) {
        statics.push_back(still.client->run());
        reads.push_back(reading.client->run());
        ratios.push_back(statics.back() / reads.back());
      }
    }
  }
  std::filesystem::remove_all(pattern);
  state.counters["reads_per_s"] = median(reads);
  state.counters["static_per_s"] = median(statics);
  state.counters["ratio"] = median(ratios);
}

BENCHMARK(read_over_http)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
