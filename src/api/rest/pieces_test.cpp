#include <doctest/doctest.h>

#include "api/operations/operations_test.h"
#include "api/rest/encoding.h"
#include "net/blocking_socket.h"

using namespace sinew;
using namespace sinew::rest;

// Answers too long for one piece, over real sockets: they are what they would be in one.

namespace {

constexpr int kObservations = 700;

struct Record : OperationsServer {
  net::Loop loop{2};
  std::unique_ptr<net::HttpServer> http;

  Record() {
    put("Patient", "p", R"("name":[{"family":"Long"}])");
    put("Practitioner", "d", R"("active":true)");
    std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (int i = 0; i < kObservations; ++i) {
      auto const id = "o" + std::to_string(i);
      if (i > 0) bundle += ',';
      bundle +=
          R"({"request":{"method":"PUT","url":"Observation/)" + id +
          R"("},"resource":{"resourceType":"Observation","id":")" + id +
          R"(","status":"final","code":{"text":"a \"quoted\" Größe"},"performer":[{"reference":)"
          R"("Practitioner/d"}],"note":[{"text":")" +
          std::string(400, 'n') + R"("}],"subject":{"reference":"Patient/p"}}})";
    }
    REQUIRE(ask("POST", "/fhir", bundle + "]}").status == 200);
    loop.run();
    auto listening = net::HttpServer::listen(
        loop, {}, [&](std::shared_ptr<net::HttpCall> const& call) { service->handle(call); });
    REQUIRE(listening);
    http = *std::move(listening);
  }
  ~Record() { http->stop(); }

  net::HttpResponse over_http(std::string const& target, net::Headers wanted = {}) {
    auto response = net::http_request(
        "GET", "http://127.0.0.1:" + std::to_string(http->port()) + target, std::move(wanted));
    REQUIRE_MESSAGE(bool(response), to_string(response.error()));
    return *std::move(response);
  }
};

std::string const kLong[] = {
    "/fhir/Patient/p/$everything", "/fhir/Observation?_count=700",
    "/fhir/Observation/_history?_count=700",
    "/fhir/Patient/p/$everything?_type=Observation,Practitioner",
    "/fhir/Observation?_count=700&_include=Observation:subject&colour=blue"};

}  // namespace

TEST_CASE("a long bundle leaves in pieces, and is the same as in one") {
  Record server;
  for (auto const& target : kLong) {
    CAPTURE(target);
    auto const lenient = headers({{"Prefer", "handling=lenient"}});
    auto const whole = server.ask("GET", target, {}, lenient).body;
    auto const pieces = server.over_http(target, lenient);
    CHECK(pieces.status == 200);
    CHECK(pieces.headers.value("Transfer-Encoding") == "chunked");
    CHECK(pieces.body.size() > 400'000);
    // Not of the same server name: the client of this test says its own.
    auto const from = "http://127.0.0.1:" + std::to_string(server.http->port());
    auto same = pieces.body;
    for (auto at = same.find(from); at != same.npos; at = same.find(from, at)) {
      same.replace(at, from.size(), "http://h:1");
    }
    CHECK(same == whole);
    CHECK(parsed(pieces).root()["entry"].size() >= kObservations);
    for (auto const encoding : {"gzip", "zstd"}) {
      auto const packed = server.over_http(
          target, headers({{"Prefer", "handling=lenient"}, {"Accept-Encoding", encoding}}));
      CHECK(packed.headers.value("Content-Encoding") == encoding);
      CHECK(packed.body.size() < whole.size() / 4);
      auto const unpacked = decode(encoding, packed.body, std::size_t{1} << 30);
      REQUIRE(unpacked);
      CHECK(*unpacked == pieces.body);
    }
  }
}

TEST_CASE("lines leave in pieces too, one for every resource") {
  Record server;
  for (auto const& target : kLong) {
    CAPTURE(target);
    auto const lines = server.over_http(
        target, headers({{"Accept", "application/fhir+ndjson"}, {"Prefer", "handling=lenient"}}));
    CHECK(lines.headers.value("Content-Type") == "application/fhir+ndjson;charset=utf-8");
    CHECK(lines.headers.value("Transfer-Encoding") == "chunked");
    auto const whole =
        parsed(server.ask("GET", target, {}, headers({{"Prefer", "handling=lenient"}})));
    std::size_t at = 0;
    for (auto const entry : whole.root()["entry"].elements()) {
      auto const end = lines.body.find('\n', at);
      REQUIRE(end != std::string::npos);
      CHECK(lines.body.substr(at, end - at) == entry["resource"].source());
      at = end + 1;
    }
    CHECK(at == lines.body.size());
  }
}

TEST_CASE("what is short, spaced, cut down or XML leaves whole") {
  Record server;
  for (auto const target :
       {"/fhir/Observation?_count=20", "/fhir/Observation?_count=700&_pretty=true",
        "/fhir/Patient/p/$everything?_elements=status", "/fhir/Patient/p/$everything?_format=xml",
        "/fhir/Patient/p/_history", "/fhir/Patient/p/$everything?_count=10"}) {
    CAPTURE(target);
    auto const response = server.over_http(target);
    CHECK(response.status == 200);
    CHECK(response.headers.has("Content-Length"));
    CHECK_FALSE(response.headers.has("Transfer-Encoding"));
  }
}

TEST_CASE("a record in pieces is what it was when it began") {
  Record server;
  auto connected =
      net::BlockingSocket::connect("127.0.0.1", server.http->port(), {}, std::chrono::seconds(5));
  REQUIRE(connected);
  auto const& socket = **connected;
  auto const whole = server.ask("GET", "/fhir/Patient/p/$everything").body;
  auto& reading = const_cast<net::BlockingSocket&>(socket);
  REQUIRE(reading.send("GET /fhir/Patient/p/$everything HTTP/1.0\r\nHost: h:1\r\n\r\n",
                       std::chrono::seconds(5)));
  std::string answer;
  REQUIRE(reading.receive(answer, std::chrono::seconds(5)));
  // What comes first was read before this; the rest is read while, or after, this is done.
  for (int i = 0; i < kObservations; i += 10) {
    server.ask("DELETE", "/fhir/Observation/o" + std::to_string(i));
  }
  for (auto before = answer.size() + 1; before != answer.size();) {
    before = answer.size();
    REQUIRE(reading.receive(answer, std::chrono::seconds(5)));
  }
  CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == whole);
}

TEST_CASE("a long bundle inside of another answer is whole") {
  Record server;
  auto const batch = server.ask(
      "POST", "/fhir",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":)"
      R"("Patient/p/$everything"}},{"request":{"method":"GET","url":"Observation?_count=700&_format=ndjson"}}]})");
  REQUIRE(batch.status == 200);
  auto const document = parsed(batch);
  CHECK(document.root()["entry"].at(0)["resource"]["entry"].size() == kObservations + 2);
  CHECK(document.root()["entry"].at(1)["resource"]["entry"].size() == kObservations);
}

TEST_CASE("a write is answered on a connection of its own pace, with every return preference") {
  Record server;
  auto const url = "http://127.0.0.1:" + std::to_string(server.http->port()) + "/fhir/Basic/b";
  auto const put = [&](std::string const& prefer, std::string const& more) {
    auto response = net::http_request(
        "PUT", url, headers({{"Prefer", "return=" + prefer}, {"Content-Type", "application/json"}}),
        R"({"resourceType":"Basic","id":"b","code":{"text":"x"})" + more + "}");
    REQUIRE(response);
    return *std::move(response);
  };
  CHECK(put("representation", "").status == 201);
  CHECK(put("minimal", R"(,"created":"2020")").body.empty());
  auto const outcome = put("OperationOutcome", R"(,"created":"2021")");
  CHECK(outcome.status == 200);
  CHECK(parsed(outcome).root()["resourceType"].text() == "OperationOutcome");
  CHECK(put("representation", R"(,"created":"202")").status == 422);
  auto const late = net::http_request("PUT", url, headers({{"If-Match", "W/\"1\""}}),
                                      R"({"resourceType":"Basic","id":"b","code":{"text":"y"}})");
  REQUIRE(late);
  CHECK(late->status == 412);
  auto const removed = net::http_request("DELETE", url);
  REQUIRE(removed);
  CHECK(removed->status == 204);
  auto const counted = server.ask("GET", "/metrics").body;
  CHECK(counted.find(R"(sinew_rest_requests_total{interaction="update",status="4xx"} 2)") !=
        std::string::npos);
  CHECK(counted.find(R"(sinew_rest_requests_total{interaction="delete",status="2xx"} 1)") !=
        std::string::npos);
}
