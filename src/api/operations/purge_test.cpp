#include <doctest/doctest.h>

#include "api/operations/operations_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

void fill(Server& server) {
  server.put("Patient", "p", R"("active":true)");
  server.put("Patient", "p", R"("active":false)");
  server.put("Patient", "q", R"("link":[{"other":{"reference":"Patient/p"},"type":"seealso"}])");
  server.put("Practitioner", "d", "");
  for (int i = 0; i < 60; ++i) {
    server.put("Observation", "o" + std::to_string(i),
               R"("status":"final","code":{"text":"t"},"subject":{"reference":"Patient/p"},)"
               R"("performer":[{"reference":"Practitioner/d"}])");
  }
}

}  // namespace

TEST_CASE("$purge is refused where the operator has not allowed it") {
  OperationsServer server;
  fill(server);
  CHECK(server.ask("POST", "/fhir/Patient/p/$purge").status == 403);
  CHECK(server.ask("POST", "/fhir/Patient/p/$expunge?expungePreviousVersions=true").status == 403);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 200);
  CHECK(parsed(server.ask("GET", "/fhir/AuditEvent")).root()["total"].text() == "0");
}

TEST_CASE("$purge takes a patient's record away with its history, and leaves a trace") {
  OperationsServer server({.allows_purge = true});
  fill(server);
  CHECK(server.ask("GET", "/fhir/Patient/p/$purge").status == 405);
  CHECK(server.ask("POST", "/fhir/Patient/none/$purge").status == 404);
  CHECK(server.ask("POST", "/fhir/Patient/$purge").status == 400);
  auto const answer = server.ask("POST", "/fhir/Patient/p/$purge");
  CHECK(answer.status == 200);
  CHECK(answer.body.find("61 resources, 62 versions") != std::string::npos);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 404);
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/1").status == 404);
  CHECK(server.ask("GET", "/fhir/Observation/o7").status == 404);
  CHECK(parsed(server.ask("GET", "/fhir/Observation")).root()["total"].text() == "0");
  CHECK(server.ask("GET", "/fhir/Patient/q").status == 200);
  CHECK(server.ask("GET", "/fhir/Practitioner/d").status == 200);
  auto const history = server.ask("GET", "/fhir/_history?_count=1000");
  CHECK(history.status == 200);
  CHECK(history.body.find("Observation") == std::string::npos);
  auto const events = parsed(server.ask("GET", "/fhir/AuditEvent"));
  REQUIRE(events.root()["entry"].size() == 1);
  auto const event = events.root()["entry"].at(0)["resource"];
  for (auto const& issue : fhir::check_structure(event)) FAIL(issue.where << ": " << issue.what);
  CHECK(event["entity"].at(0)["what"]["reference"].text() == "Patient/p");
  CHECK(event["action"].text() == "D");
  // A second time there is nothing, and the trace of the first stays.
  CHECK(server.ask("POST", "/fhir/Patient/p/$purge").status == 404);
  CHECK(parsed(server.ask("GET", "/fhir/AuditEvent")).root()["total"].text() == "1");
}

TEST_CASE("$purge of a patient who was deleted before works too") {
  OperationsServer server({.allows_purge = true});
  server.put("Patient", "p", "");
  CHECK(server.ask("DELETE", "/fhir/Patient/p").status == 204);
  CHECK(server.ask("POST", "/fhir/Patient/p/$purge").status == 200);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 404);
}

TEST_CASE("$expunge takes former versions, one of them, or a deleted resource") {
  OperationsServer server({.allows_purge = true});
  for (int i = 0; i < 4; ++i) {
    server.put("Basic", "b", R"("code":{"text":")" + std::to_string(i) + "\"}");
  }
  auto const count = [&](std::string const& target) {
    auto const response = server.ask("POST", "/fhir/" + target);
    if (response.status != 200) return std::to_string(response.status);
    return parsed(response).root()["parameter"].at(0)["valueInteger"].text() + " taken";
  };
  CHECK(count("Basic/b/_history/1/$expunge") == "1 taken");
  CHECK(count("Basic/b/_history/4/$expunge") == "409");
  CHECK(count("Basic/b/_history/x/$expunge") == "404");
  CHECK(count("Basic/b/$expunge") == "400");
  CHECK(count("Basic/b/$expunge?expungeDeletedResources=true") == "409");
  CHECK(count("Basic/b/$expunge?expungePreviousVersions=true") == "2 taken");
  CHECK(server.ask("GET", "/fhir/Basic/b/_history/2").status == 404);
  CHECK(server.ask("GET", "/fhir/Basic/b").headers.value("ETag") == "W/\"4\"");
  CHECK(server.ask("DELETE", "/fhir/Basic/b").status == 204);
  CHECK(count("Basic/b/$expunge?expungeDeletedResources=true") == "2 taken");
  CHECK(server.ask("GET", "/fhir/Basic/b").status == 404);
  CHECK(count("Basic/b/$expunge?expungePreviousVersions=true") == "404");
}

TEST_CASE("$convert changes the form of a resource and nothing else") {
  OperationsServer server;
  auto const json = R"({"resourceType":"Patient","active":true,"name":[{"family":"Å"}]})";
  auto const xml = headers({{"Accept", "application/fhir+xml"}});
  auto const made = server.ask("POST", "/fhir/$convert", json, xml);
  CHECK(made.status == 200);
  CHECK(made.body.find("<Patient xmlns=\"http://hl7.org/fhir\">") != std::string::npos);
  auto const back = server.ask("POST", "/fhir/$convert", made.body,
                               headers({{"Content-Type", "application/fhir+xml"}}));
  CHECK(back.body == json);
  auto const wrapped = parameters(R"({"name":"input","resource":)" + std::string(json) + "}");
  CHECK(server.ask("POST", "/fhir/$convert", wrapped).body == json);
  // Parameters that hold no input are what is to be converted.
  auto const other = parameters(R"({"name":"x","valueString":"y"})");
  CHECK(server.ask("POST", "/fhir/$convert", other).body == other);
  CHECK(server.ask("POST", "/fhir/$convert", "{").status == 400);
  CHECK(server.ask("POST", "/fhir/$convert").status == 400);
  CHECK(server.ask("POST", "/fhir/$convert", "MSH|", headers({{"Content-Type", "x/y"}})).status ==
        415);
}
