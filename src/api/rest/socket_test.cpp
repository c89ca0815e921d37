#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "net/http.h"
#include "net/loop.h"

using namespace sinew;
using namespace sinew::rest;

// The same service over real sockets: what the handler tests cannot show is that requests and
// answers survive HTTP.
TEST_CASE("a client creates, reads, searches and deletes over HTTP") {
  Server server;
  net::Loop loop(1);
  loop.run();
  auto http = net::HttpServer::listen(
      loop, {}, [&](net::HttpRequest const& request) { return server.service->handle(request); });
  REQUIRE_MESSAGE(bool(http), to_string(http.error()));
  auto const base = "http://127.0.0.1:" + std::to_string((*http)->port()) + "/fhir";

  auto const created = net::http_request(
      "POST", base + "/Patient", headers({{"Content-Type", "application/fhir+json"}}),
      R"({"resourceType":"Patient","name":[{"family":"M\u00fcller"}]})");
  REQUIRE_MESSAGE(bool(created), to_string(created.error()));
  CHECK(created->status == 201);
  CHECK(created->headers.value("Location") == base + "/Patient/new-1/_history/1");
  auto const read = net::http_request("GET", base + "/Patient/new-1");
  REQUIRE(read);
  CHECK(read->body == created->body);
  auto const found = net::http_request("GET", base + "/Patient?name=m%C3%BCller&_pretty=true");
  REQUIRE(found);
  CHECK(ids(*found) == "new-1");
  auto const bad = net::http_request("GET", base + "/Patient?colour=blue");
  REQUIRE(bad);
  CHECK(bad->status == 400);
  auto const removed = net::http_request("DELETE", base + "/Patient/new-1");
  REQUIRE(removed);
  CHECK(removed->status == 204);
  CHECK(net::http_request("GET", base + "/Patient/new-1")->status == 410);
  (*http)->stop();
  loop.stop();
}
