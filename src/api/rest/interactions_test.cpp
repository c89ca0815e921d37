#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

constexpr char kPatient[] =
    R"({"resourceType":"Patient","id":"p","name":[{"family":"Lovelace"}],"birthDate":"1815-12-10"})";

}  // namespace

TEST_CASE("a created resource gets an id of the server, a location and a version") {
  Server server;
  auto const created = server.ask("POST", "/fhir/Patient", kPatient);
  CHECK(created.status == 201);
  CHECK(created.headers.value("Location") == "http://h:1/fhir/Patient/new-1/_history/1");
  CHECK(created.headers.value("ETag") == "W/\"1\"");
  CHECK(created.headers.value("Last-Modified").ends_with(" GMT"));
  CHECK(created.headers.value("Content-Type") == "application/fhir+json;charset=utf-8");
  auto const document = parsed(created);
  CHECK(document.root()["id"].text() == "new-1");
  CHECK(document.root()["meta"]["versionId"].text() == "1");
  CHECK(document.root()["name"].at(0)["family"].text() == "Lovelace");

  auto const read = server.ask("GET", "/fhir/Patient/new-1");
  CHECK(read.status == 200);
  CHECK(read.body == created.body);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 404);
}

TEST_CASE("Prefer decides what a write answers with") {
  Server server;
  auto const minimal =
      server.ask("POST", "/fhir/Patient", kPatient, headers({{"Prefer", "return=minimal"}}));
  CHECK(minimal.status == 201);
  CHECK(minimal.body.empty());
  auto const outcome = server.ask("POST", "/fhir/Patient", kPatient,
                                  headers({{"Prefer", "return=OperationOutcome"}}));
  CHECK(parsed(outcome).root()["resourceType"].text() == "OperationOutcome");
}

TEST_CASE("an update makes a version, the same content makes none, and both can be read") {
  Server server;
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPatient).status == 201);
  auto const same = server.ask("PUT", "/fhir/Patient/p", kPatient);
  CHECK(same.status == 200);
  CHECK(same.headers.value("ETag") == "W/\"1\"");
  auto const changed =
      server.ask("PUT", "/fhir/Patient/p", R"({"resourceType":"Patient","id":"p","active":true})");
  CHECK(changed.status == 200);
  CHECK(changed.headers.value("ETag") == "W/\"2\"");

  auto const first = server.ask("GET", "/fhir/Patient/p/_history/1");
  CHECK(parsed(first).root()["birthDate"].text() == "1815-12-10");
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/3").status == 404);
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/x").status == 404);

  auto const history = server.ask("GET", "/fhir/Patient/p/_history");
  auto const bundle = parsed(history);
  CHECK(bundle.root()["type"].text() == "history");
  CHECK(bundle.root()["total"].text() == "2");
  CHECK(bundle.root()["entry"].at(0)["response"]["etag"].text() == "W/\"2\"");
  CHECK(bundle.root()["entry"].at(1)["request"]["method"].text() == "POST");
  for (auto const& issue : fhir::check_structure(bundle.root()))
    FAIL_CHECK(issue.where << issue.what);
}

TEST_CASE("If-Match keeps two writers from overwriting each other") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  constexpr char kNext[] = R"({"resourceType":"Patient","id":"p","active":false})";
  for (auto const tag : {"W/\"2\"", "\"2\"", "7"}) {
    CAPTURE(tag);
    auto const refused = server.ask("PUT", "/fhir/Patient/p", kNext, headers({{"If-Match", tag}}));
    CHECK(refused.status == 412);
    CHECK_FALSE(diagnostics(refused).empty());
  }
  CHECK(server.ask("PUT", "/fhir/Patient/p", kNext, headers({{"If-Match", "W/\"1\""}})).status ==
        200);
  CHECK(server.ask("DELETE", "/fhir/Patient/p", {}, headers({{"If-Match", "W/\"1\""}})).status ==
        412);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kNext, headers({{"If-Match", "abc"}})).status >= 400);
}

TEST_CASE("a client that knows the version is told that it still stands") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  auto const known =
      server.ask("GET", "/fhir/Patient/p", {}, headers({{"If-None-Match", "W/\"1\""}}));
  CHECK(known.status == 304);
  CHECK(known.body.empty());
  CHECK(server.ask("GET", "/fhir/Patient/p", {}, headers({{"If-None-Match", "W/\"0\""}})).status ==
        200);
}

TEST_CASE("what was deleted is gone, its versions are not, and it can come back") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  CHECK(server.ask("DELETE", "/fhir/Patient/p").status == 204);
  auto const gone = server.ask("GET", "/fhir/Patient/p");
  CHECK(gone.status == 410);
  CHECK_FALSE(diagnostics(gone).empty());
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/1").status == 200);
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/2").status == 410);
  auto const history = parsed(server.ask("GET", "/fhir/Patient/p/_history"));
  CHECK(history.root()["entry"].at(0)["request"]["method"].text() == "DELETE");
  CHECK_FALSE(history.root()["entry"].at(0)["resource"].exists());
  CHECK(server.ask("DELETE", "/fhir/Patient/p").status == 204);
  CHECK(server.ask("DELETE", "/fhir/Patient/never").status == 204);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPatient).status == 201);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 200);
}

TEST_CASE("every refused request is answered with an OperationOutcome that names the fault") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  struct {
    std::string_view method, target, body;
    int status;
    std::string_view names;
  } const rows[] = {
      // method  target                   body                                  status  names
      {"GET", "/fhir/Patient/absent", "", 404, "no such resource"},
      {"GET", "/fhir/Patent/1", "", 404, "'Patent'"},
      {"GET", "/fhir/Element/1", "", 404, "'Element'"},
      {"GET", "/fhir/DomainResource", "", 404, "'DomainResource'"},
      {"GET", "/elsewhere", "", 404, "path"},
      {"GET", "/fhirs/Patient/p", "", 404, "path"},
      {"GET", "/fhir/Patient/p/x/y/z", "", 404, "path"},
      {"GET", "/fhir/Patient/p/$nothing", "", 404, "no such operation"},
      {"POST", "/fhir/Patient/p", "{}", 405, "POST"},
      {"PUT", "/fhir/Patient", "{}", 405, "PUT"},
      {"GET", "/fhir/%zz/p", "", 400, ""},
      {"POST", "/fhir/Patient", "", 400, "empty"},
      {"POST", "/fhir/Patient", "{\"resourceType\":\"Patient\",", 400, "line 1"},
      {"POST", "/fhir/Patient", R"({"resourceType":"Patient","id":"a","id":"b"})", 400,
       "Patient.id"},
      {"POST", "/fhir/Patient", R"({"resourceType":"Observation"})", 400, "'Patient'"},
      {"POST", "/fhir/Patient", "[]", 400, "'Patient'"},
      {"POST", "/fhir/Patient", R"({"resourceType":"Patient","birthDay":"2000"})", 0, "birthDay"},
      {"POST", "/fhir/Patient", R"({"resourceType":"Patient","birthDate":"x"})", 0,
       "Patient.birthDate"},
      {"POST", "/fhir/Patient", R"({"resourceType":"Patient","gender":"m"})", 0, "Patient.gender"},
      {"POST", "/fhir/Observation", R"({"resourceType":"Observation"})", 0, "Observation."},
      {"PUT", "/fhir/Patient/p", R"({"resourceType":"Patient"})", 400, "Patient.id"},
      {"PUT", "/fhir/Patient/p", R"({"resourceType":"Patient","id":"q"})", 400, "Patient.id"},
      {"PUT", "/fhir/Patient/a_b", R"({"resourceType":"Patient","id":"a_b"})", 400, "id"},
      {"POST", "/fhir", R"({"resourceType":"Patient"})", 400, "Bundle"},
      {"POST", "/fhir", R"({"resourceType":"Bundle","type":"collection"})", 400, "Bundle.type"},
      {"GET", "/fhir/Patient?_format=html", "", 406, "_format"},
      {"GET", "/fhir/Patient?_summary=most", "", 400, "_summary"},
      {"GET", "/fhir/Patient?_total=some", "", 400, "_total"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CAPTURE(row.body);
    auto const response =
        server.ask(std::string(row.method), std::string(row.target), std::string(row.body));
    if (row.status == 0) {
      CHECK((response.status == 400 || response.status == 422));
    } else {
      CHECK(response.status == row.status);
    }
    auto const what = diagnostics(response);
    CAPTURE(what);
    CHECK(what.find(row.names) != std::string::npos);
  }
  CHECK(server.ask("POST", "/fhir/Patient/p", "{}").headers.value("Allow").find("PUT") !=
        std::string::npos);
}

TEST_CASE("a structural fault carries the element path as an expression") {
  Server server;
  auto const response = server.ask(
      "POST", "/fhir/Patient",
      R"({"resourceType":"Patient","contact":[{"gender":"male"},{"gender":"x"}],"birthDate":"y"})");
  auto const outcome = parsed(response);
  CHECK(outcome.root()["issue"].size() >= 2);
  std::string paths;
  for (auto const issue : outcome.root()["issue"].elements()) {
    paths += issue["expression"].at(0).text() + ' ';
  }
  CHECK(paths.find("Patient.contact[1].gender") != std::string::npos);
  CHECK(paths.find("Patient.birthDate") != std::string::npos);
}

TEST_CASE("a conditional create makes the resource once") {
  Server server;
  constexpr char kBody[] =
      R"({"resourceType":"Patient","identifier":[{"system":"urn:oid:1.2","value":"7"}]})";
  auto const condition = headers({{"If-None-Exist", "identifier=urn:oid:1.2|7"}});
  auto const first = server.ask("POST", "/fhir/Patient", kBody, condition);
  CHECK(first.status == 201);
  auto const second = server.ask("POST", "/fhir/Patient", kBody, condition);
  CHECK(second.status == 200);
  CHECK(parsed(second).root()["id"].text() == "new-1");
  CHECK(server.ask("POST", "/fhir/Patient", kBody).status == 201);
  CHECK(server.ask("POST", "/fhir/Patient", kBody, condition).status == 412);
}

TEST_CASE("a conditional update creates, then updates, and refuses several matches") {
  Server server;
  constexpr char kBody[] =
      R"({"resourceType":"Patient","identifier":[{"system":"urn:oid:1.2","value":"7"}],"active":)";
  auto const target = "/fhir/Patient?identifier=urn:oid:1.2%7C7";
  CHECK(server.ask("PUT", target, std::string(kBody) + "true}").status == 201);
  auto const second = server.ask("PUT", target, std::string(kBody) + "false}");
  CHECK(second.status == 200);
  CHECK(second.headers.value("ETag") == "W/\"2\"");
  CHECK(server.ask("DELETE", target).status == 204);
  CHECK(server.ask("GET", "/fhir/Patient/new-1").status == 410);
  server.put("Patient", "a", R"("active":true)");
  server.put("Patient", "b", R"("active":true)");
  CHECK(server.ask("DELETE", "/fhir/Patient?active=true").status == 412);
}

TEST_CASE("health, readiness and metrics stand beside the FHIR base") {
  Server server;
  CHECK(server.ask("GET", "/health").status == 200);
  CHECK(server.ask("GET", "/ready").status == 200);
  server.put("Patient", "p", "");
  auto const metrics = server.ask("GET", "/metrics");
  CHECK(metrics.headers.value("Content-Type").starts_with("text/plain"));
  CHECK(metrics.body.find(R"(sinew_rest_requests_total{interaction="update",status="2xx"} 1)") !=
        std::string::npos);

  Options options;
  options.is_ready = [] { return false; };
  Service starting(*server.store, server.metrics, server.clock, std::move(options));
  net::HttpRequest request;
  request.method = "GET";
  request.target = "/ready";
  CHECK(starting.handle(request).status == 503);
}

TEST_CASE("metadata is a legal CapabilityStatement with every type and its parameters") {
  Server server;
  auto const response = server.ask("GET", "/fhir/metadata");
  CHECK(response.status == 200);
  auto const document = parsed(response);
  for (auto const& issue : fhir::check_structure(document.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  auto const resources = document.root()["rest"].at(0)["resource"];
  CHECK(resources.size() > 140);
  bool found = false;
  for (auto const resource : resources.elements()) {
    if (resource["type"].text() != "Observation") continue;
    for (auto const parameter : resource["searchParam"].elements()) {
      found |= parameter["name"].text() == "code" && parameter["type"].text() == "token";
    }
  }
  CHECK(found);
}

TEST_CASE("another module may add rows, which see type, id and parameters") {
  Server server;
  server.service->add_route(
      {"GET", "{type}/{id}/$source", "source", 'R', [](Call const& call) -> Result<Answer> {
         Answer answer;
         answer.media_type = "text/plain";
         answer.body = call.type + "/" + call.id + " " + std::string(call.parameter("element"));
         return answer;
       }});
  auto const response = server.ask("GET", "/fhir/Patient/7/$source?element=name");
  CHECK(response.status == 200);
  CHECK(response.body == "Patient/7 name");
}

TEST_CASE("every row of the route table has a method, an interaction and an audit action") {
  for (auto const& row : built_in_routes()) {
    CAPTURE(row.pattern);
    CHECK_FALSE(row.method.empty());
    CHECK_FALSE(row.interaction.empty());
    CHECK(std::string_view("CRUDE").find(row.audit) != std::string_view::npos);
  }
}
