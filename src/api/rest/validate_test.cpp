#include "api/rest/validate.h"

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

constexpr char kProfile[] = R"({"resourceType":"StructureDefinition","url":"http://x/named",
  "version":"1","type":"Patient","derivation":"constraint",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
  "differential":{"element":[{"path":"Patient.name","min":1}]}})";

struct ValidatingServer : Server {
  ValidatingServer() {
    auto definition = validate::read_definition(*json::Document::parse(kProfile));
    REQUIRE(definition);
    library.add(*definition);
    add_validation(*service, library);
  }
  validate::Library library;
};

/// The severities of the answer's issues but warnings, which R4 has for missing narratives.
std::string severities(net::HttpResponse const& response) {
  CHECK(response.status == 200);
  auto const document = parsed(response);
  CHECK(document.root()["resourceType"].text() == "OperationOutcome");
  std::string out;
  for (auto const issue : document.root()["issue"].elements()) {
    auto const severity = issue["severity"].text();
    if (severity != "warning") out += severity + " ";
  }
  return out;
}

constexpr char kNameless[] = R"({"resourceType":"Patient","id":"p","active":true})";

}  // namespace

TEST_CASE("$validate answers 200 with what it found, and stores nothing") {
  ValidatingServer server;
  CHECK(severities(server.ask("POST", "/fhir/Patient/$validate", kNameless)).empty());
  CHECK(severities(server.ask("POST", "/fhir/Patient/$validate?profile=http://x/named",
                              kNameless)) == "error ");
  auto const bad = server.ask("POST", "/fhir/Patient/$validate",
                              "{\"resourceType\":\"Patient\",\n\"gender\":\"purple\"}");
  CHECK(severities(bad) == "error ");
  auto const outcome = parsed(bad);
  auto const issue = outcome.root()["issue"].at(0);
  CHECK(issue["expression"].at(0).text() == "Patient.gender");
  CHECK(issue["extension"].at(0)["valueInteger"].raw() == "2");
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 404);
}

TEST_CASE("$validate takes profile, mode and resource from Parameters") {
  ValidatingServer server;
  auto const body = [](std::string const& more) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" +
           std::string(kNameless) + "}" + more + "]}";
  };
  auto const profile = R"(,{"name":"profile","valueUri":"http://x/named"})";
  CHECK(severities(server.ask("POST", "/fhir/Patient/$validate", body(""))).empty());
  CHECK(severities(server.ask("POST", "/fhir/Patient/$validate", body(profile))) == "error ");
  auto const wrong = R"(,{"name":"mode","valueCode":"wish"})";
  CHECK(server.ask("POST", "/fhir/Patient/$validate", body(wrong)).status >= 400);
}

TEST_CASE("$validate of an instance checks what is stored, or whether a body could replace it") {
  ValidatingServer server;
  server.put("Patient", "p", R"("active":true)");
  CHECK(severities(server.ask("GET", "/fhir/Patient/p/$validate")).empty());
  CHECK(severities(server.ask("GET", "/fhir/Patient/p/$validate?profile=http://x/named")) ==
        "error ");
  CHECK(severities(server.ask("POST", "/fhir/Patient/p/$validate?mode=update", kNameless)).empty());
  CHECK(severities(server.ask("POST", "/fhir/Patient/p/$validate?mode=update",
                              R"({"resourceType":"Patient","id":"q","active":true})")) == "error ");
  CHECK(severities(server.ask("POST", "/fhir/Patient/p/$validate?mode=delete")) == "information ");
  CHECK(server.ask("GET", "/fhir/Patient/none/$validate").status == 404);
}

TEST_CASE("$validate refuses what it cannot understand") {
  ValidatingServer server;
  CHECK(server.ask("POST", "/fhir/Patient/$validate", "{").status == 400);
  CHECK(server.ask("POST", "/fhir/Patient/$validate").status >= 400);
  CHECK(server.ask("POST", "/fhir/Observation/$validate", kNameless).status >= 400);
  CHECK(server.ask("POST", "/fhir/Nothing/$validate", kNameless).status == 404);
  CHECK(server.ask("POST", "/fhir/Patient/$validate?colour=red", kNameless).status >= 400);
}
