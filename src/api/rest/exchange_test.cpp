// What HTTP brings along: conditions, forms of the answer, other origins, answers that come later.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "api/rest/format.h"
#include "api/rest/rest_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

/// Polls until the job is done.
net::HttpResponse polled(Server& server, std::string const& path) {
  constexpr int kPollsMax = 2000;
  for (int i = 0; i < kPollsMax; ++i) {
    auto answer = server.ask("GET", path);
    if (answer.status != 202) return answer;
    CHECK(answer.headers.has("Retry-After"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the job does not end");
  return {};
}

std::string path_of(std::string_view url) {
  return std::string(url.substr(std::string_view("http://h:1").size()));
}

}  // namespace

TEST_CASE("a read is 304 when the caller has the version, by tag or by date") {
  Server server;
  server.put("Patient", "p", "");
  server.put("Patient", "p", R"("active":true)");
  auto const read = server.ask("GET", "/fhir/Patient/p");
  auto const date = std::string(read.headers.value("Last-Modified"));
  CHECK(read_http_date(date).has_value());
  struct {
    std::string name, value;
    int status;
  } const rows[] = {
      {"If-None-Match", "W/\"2\"", 304},
      {"If-None-Match", "\"1\", W/\"2\"", 304},
      {"If-None-Match", "*", 304},
      {"If-None-Match", "W/\"1\"", 200},
      {"If-Modified-Since", date, 304},
      {"If-Modified-Since", "Sun, 06 Nov 2094 08:49:37 GMT", 304},
      {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", 200},
      {"If-Modified-Since", "yesterday", 200},
      {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 CET", 200},
  };
  for (auto const& row : rows) {
    CAPTURE(row.value);
    auto const answer = server.ask("GET", "/fhir/Patient/p", {}, headers({{row.name, row.value}}));
    CHECK(answer.status == row.status);
    CHECK(answer.body.empty() == (row.status == 304));
    CHECK(answer.headers.value("ETag") == "W/\"2\"");
    CHECK(answer.headers.value("Last-Modified") == date);
  }
  // The tag decides where both are given.
  CHECK(server
            .ask("GET", "/fhir/Patient/p", {},
                 headers({{"If-None-Match", "W/\"1\""}, {"If-Modified-Since", date}}))
            .status == 200);
}

TEST_CASE("an update with If-None-Match never replaces what is there") {
  Server server;
  constexpr char kBody[] = R"({"resourceType":"Patient","id":"p"})";
  auto const none = headers({{"If-None-Match", "*"}});
  CHECK(server.ask("PUT", "/fhir/Patient/p", kBody, none).status == 201);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kBody, none).status == 412);
  CHECK(
      server.ask("PUT", "/fhir/Patient/p", kBody, headers({{"If-None-Match", "W/\"1\""}})).status ==
      412);
  CHECK(
      server.ask("PUT", "/fhir/Patient/p", kBody, headers({{"If-None-Match", "W/\"7\""}})).status ==
      200);
}

TEST_CASE("conditions that cannot be read are 400, whatever the interaction") {
  Server server;
  constexpr char kBody[] = R"({"resourceType":"Patient"})";
  CHECK(
      server.ask("POST", "/fhir/Patient", kBody, headers({{"If-None-Exist", "colour=x"}})).status ==
      400);
  CHECK(server.ask("PUT", "/fhir/Patient?colour=x", kBody).status == 400);
  CHECK(server.ask("DELETE", "/fhir/Patient?colour=x").status == 400);
  CHECK(server
            .ask("PATCH", "/fhir/Patient?colour=x", "[]",
                 headers({{"Content-Type", "application/json-patch+json"}}))
            .status == 400);
}

TEST_CASE("a conditional delete takes as many as the configuration lets it, or none") {
  Server server;
  Options options;
  options.conditional_delete_max = 2;
  Service several(*server.store, server.metrics, server.clock, std::move(options));
  auto const remove = [&] {
    net::HttpRequest request;
    request.method = "DELETE";
    request.target = "/fhir/Patient?active=true";
    return several.handle(request).status;
  };
  for (auto const* const id : {"a", "b", "c"}) server.put("Patient", id, R"("active":true)");
  CHECK(server.ask("DELETE", "/fhir/Patient?active=true").status == 412);
  CHECK(remove() == 412);
  CHECK(server.ask("DELETE", "/fhir/Patient/c").status == 204);
  CHECK(remove() == 204);
  CHECK(server.ask("GET", "/fhir/Patient/a").status == 410);
  CHECK(server.ask("GET", "/fhir/Patient/b").status == 410);
  CHECK(remove() == 204);
}

TEST_CASE("_summary=true keeps what the definitions mark, at every depth, and says SUBSETTED") {
  Server server;
  server.put(
      "Observation", "o",
      R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},)"
      R"("status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50},)"
      R"("extension":[{"url":"urn:x","valueBoolean":true}],)"
      R"("subject":{"reference":"Patient/p","extension":[{"url":"urn:x","valueBoolean":true}]},)"
      R"("note":[{"text":"n"}],"component":[{"code":{"text":"c"},"valueInteger":3,)"
      R"("interpretation":[{"text":"high"}]}])");
  auto const answer = parsed(server.ask("GET", "/fhir/Observation/o?_summary=true"));
  auto const root = answer.root();
  CHECK(root["status"].exists());
  CHECK(root["valueQuantity"]["value"].raw() == "1.50");
  CHECK(root["subject"]["reference"].exists());
  CHECK_FALSE(root["subject"]["extension"].exists());
  CHECK_FALSE(root["text"].exists());
  CHECK_FALSE(root["note"].exists());
  CHECK_FALSE(root["extension"].exists());
  CHECK(root["component"].at(0)["valueInteger"].exists());
  CHECK_FALSE(root["component"].at(0)["interpretation"].exists());
  CHECK(root["meta"]["tag"].at(0)["code"].text() == "SUBSETTED");
  CHECK(root["meta"]["versionId"].text() == "1");
  auto const text = parsed(server.ask("GET", "/fhir/Observation/o?_summary=text"));
  CHECK(text.root()["text"].exists());
  CHECK(text.root()["status"].exists());  // required
  CHECK_FALSE(text.root()["subject"].exists());
  auto const data = parsed(server.ask("GET", "/fhir/Observation/o?_summary=data"));
  CHECK_FALSE(data.root()["text"].exists());
  CHECK(data.root()["note"].exists());
  auto const count = parsed(server.ask("GET", "/fhir/Observation?_summary=count"));
  CHECK(count.root()["total"].text() == "1");
  CHECK_FALSE(count.root()["entry"].exists());
  auto const whole = server.ask("GET", "/fhir/Observation/o?_summary=false").body;
  CHECK(whole == server.ask("GET", "/fhir/Observation/o").body);
  CHECK(server.ask("GET", "/fhir/Observation/o?_summary=some").status == 400);
}

TEST_CASE("NDJSON is a line for every resource; a fault stays one OperationOutcome") {
  Server server;
  server.put("Patient", "a", "");
  server.put("Patient", "b", "");
  auto const found = server.ask("GET", "/fhir/Patient?_sort=_id", {},
                                headers({{"Accept", "application/fhir+ndjson"}}));
  CHECK(found.headers.value("Content-Type") == "application/fhir+ndjson;charset=utf-8");
  auto const first = found.body.substr(0, found.body.find('\n'));
  CHECK(first == server.ask("GET", "/fhir/Patient/a").body);
  CHECK(std::count(found.body.begin(), found.body.end(), '\n') == 2);
  CHECK(found.body.ends_with('\n'));
  CHECK(server.ask("GET", "/fhir/Patient/a?_format=ndjson").body == first + '\n');
  auto const bad = server.ask("GET", "/fhir/Patient?colour=x&_format=ndjson");
  CHECK(bad.status == 400);
  CHECK_FALSE(diagnostics(bad).empty());
  CHECK(server.ask("POST", "/fhir/Patient", "{}", headers({{"Content-Type", "application/ndjson"}}))
            .status == 415);
}

TEST_CASE("pages of allowed origins may call, others get no leave") {
  Server server;
  Options options;
  options.cors_origins = {"https://app.example"};
  Service service(*server.store, server.metrics, server.clock, std::move(options));
  auto const ask = [&](std::string method, std::string origin, bool is_preflight) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = "/fhir/Patient";
    request.headers.add("Origin", std::move(origin));
    if (is_preflight) request.headers.add("Access-Control-Request-Method", "PUT");
    return service.handle(request);
  };
  auto const allowed = ask("OPTIONS", "https://app.example", true);
  CHECK(allowed.status == 204);
  CHECK(allowed.headers.value("Access-Control-Allow-Origin") == "https://app.example");
  CHECK(allowed.headers.value("Access-Control-Allow-Methods").find("PATCH") !=
        std::string_view::npos);
  CHECK(allowed.headers.value("Access-Control-Allow-Headers").find("If-None-Exist") !=
        std::string_view::npos);
  auto const answered = ask("GET", "https://app.example", false);
  CHECK(answered.status == 200);
  CHECK(answered.headers.value("Access-Control-Expose-Headers").find("ETag") !=
        std::string_view::npos);
  for (bool const is_preflight : {true, false}) {
    auto const other =
        ask(is_preflight ? "OPTIONS" : "GET", "https://app.example.evil", is_preflight);
    CHECK_FALSE(other.headers.has("Access-Control-Allow-Origin"));
    CHECK(other.headers.value("Vary") == "Origin");
  }
  CHECK_FALSE(server.ask("GET", "/fhir/Patient", {}, headers({{"Origin", "https://app.example"}}))
                  .headers.has("Access-Control-Allow-Origin"));
}

TEST_CASE("respond-async answers later, any interaction, whole and once") {
  Server server;
  auto const later = headers({{"Prefer", "return=representation, respond-async"}});
  auto const started =
      server.ask("POST", "/fhir/Patient", R"({"resourceType":"Patient","active":true})", later);
  CHECK(started.status == 202);
  auto const status = path_of(started.headers.value("Content-Location"));
  CHECK(status.starts_with("/fhir/_async/"));
  auto const done = polled(server, status);
  CHECK(done.status == 200);
  CHECK(done.headers.has("Expires"));
  auto const bundle = parsed(done);
  for (auto const& issue : fhir::check_structure(bundle.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  CHECK(bundle.root()["type"].text() == "batch-response");
  auto const entry = bundle.root()["entry"].at(0);
  CHECK(entry["response"]["status"].text() == "201 Created");
  CHECK(entry["resource"]["id"].text() == "new-1");
  CHECK(server.ask("GET", "/fhir/Patient/new-1").status == 200);

  auto const faulty = server.ask("GET", "/fhir/Patient?colour=x", {}, later);
  auto const refused = parsed(polled(server, path_of(faulty.headers.value("Content-Location"))));
  CHECK(refused.root()["entry"].at(0)["response"]["status"].text() == "400 Bad Request");
  CHECK(refused.root()["entry"].at(0)["response"]["outcome"].exists());

  CHECK(server.ask("DELETE", status).status == 202);
  CHECK(server.ask("GET", status).status == 404);
  CHECK(server.ask("DELETE", status).status == 404);
  CHECK(server.ask("GET", "/fhir/_async/none").status == 404);
}

TEST_CASE("more requests than may wait are refused, and what is cancelled is not done") {
  Server server;
  auto const later = headers({{"Prefer", "respond-async"}});
  std::vector<std::string> accepted;
  int refused = 0;
  constexpr int kRequests = 400;
  // Batches that take a while, so that the rest has to wait.
  std::string slow = R"({"resourceType":"Bundle","type":"batch","entry":[)";
  for (int i = 0; i < 20; ++i) {
    if (i > 0) slow += ',';
    slow += R"({"request":{"method":"GET","url":"metadata"}})";
  }
  slow += "]}";
  for (int i = 0; i < kRequests; ++i) {
    auto const answer = server.ask("POST", "/fhir", slow, later);
    if (answer.status == 202) {
      accepted.push_back(path_of(answer.headers.value("Content-Location")));
    } else {
      CHECK(answer.status == 503);
      CHECK(answer.headers.has("Retry-After"));
      ++refused;
    }
  }
  CHECK(refused > 0);
  CHECK(accepted.size() >= 100);
  for (auto const& path : accepted) CHECK(server.ask("DELETE", path).status == 202);
  auto const after = server.ask("GET", "/fhir/Patient", {}, later);
  CHECK(after.status == 202);
  CHECK(polled(server, path_of(after.headers.value("Content-Location"))).status == 200);
}
