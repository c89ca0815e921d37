#include "api/rest/known_part.h"

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

constexpr char kPatient[] =
    R"({"resourceType":"Patient","id":"p","colour":"blue","active":true,"_active":{"shade":1,"id":"x"},)"
    R"("_colour":{"id":"y"},"name":[{"family":"A"},{"family":"B","nick":[{"deep":{}}],"period":{"start":"2020","until":"2021"}}],)"
    R"("contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"text":"t","words":1}}],)"
    R"("extension":[{"url":"urn:x","valueQuantity":{"value":1.50,"mood":"good"}}]})";

/// What R4 does not have of it, in order.
std::vector<std::string> const kUnknown = {"Patient.colour",
                                           "Patient._active.shade",
                                           "Patient._colour",
                                           "Patient.name[1].nick",
                                           "Patient.name[1].period.until",
                                           "Patient.contained[0].code.words",
                                           "Patient.extension[0].valueQuantity.mood"};

net::Headers lenient(std::string_view wanted) {
  return headers({{"Prefer", "handling=lenient, return=" + std::string(wanted)}});
}

std::vector<std::string> places(json::Value outcome) {
  std::vector<std::string> found;
  for (auto const issue : outcome["issue"].elements()) {
    if (issue["severity"].text() == "warning") found.push_back(issue["expression"].at(0).text());
  }
  return found;
}

std::vector<std::string> warnings(net::HttpResponse const& response) {
  std::vector<std::string> found;
  for (auto const& [name, value] : response.headers.fields()) {
    if (name == "Warning") found.push_back(value);
  }
  return found;
}

}  // namespace

TEST_CASE("what R4 does not have is left out, and named with its path") {
  auto const document = json::Document::parse(kPatient);
  REQUIRE(document);
  std::vector<Issue> left_out;
  auto const text = known_part(document->root(), left_out);
  CHECK(
      text ==
      R"({"resourceType":"Patient","id":"p","active":true,"_active":{"id":"x"},)"
      R"("name":[{"family":"A"},{"family":"B","period":{"start":"2020"}}],)"
      R"("contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"text":"t"}}],)"
      R"("extension":[{"url":"urn:x","valueQuantity":{"value":1.50}}]})");
  std::vector<std::string> named;
  for (auto const& issue : left_out) named.push_back(issue.where);
  CHECK(named == kUnknown);
}

TEST_CASE("with handling=lenient unknown elements are no fault, and never silent") {
  Server server;
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPatient).status == 422);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPatient, headers({{"Prefer", "handling=strict"}}))
            .status == 422);
  auto const outcome = server.ask("PUT", "/fhir/Patient/p", kPatient, lenient("OperationOutcome"));
  CHECK(outcome.status == 201);
  CHECK(places(parsed(outcome).root()) == kUnknown);
  CHECK(warnings(outcome).empty());
  auto const minimal = server.ask("PUT", "/fhir/Patient/p", kPatient, lenient("minimal"));
  CHECK(minimal.status == 200);
  REQUIRE(warnings(minimal).size() == kUnknown.size());
  CHECK(warnings(minimal)[3] ==
        R"(299 - "Patient.name[1].nick: the element is unknown and was left out")");
  auto const created = server.ask("POST", "/fhir/Patient", kPatient, lenient("representation"));
  CHECK(created.status == 201);
  CHECK(warnings(created).size() == kUnknown.size());
  CHECK(created.body.find("colour") == std::string::npos);
  CHECK(created.body.find(R"("value":1.50)") != std::string::npos);
  // Without anything unknown nothing is said; another fault stays one.
  CHECK(warnings(server.ask("PUT", "/fhir/Basic/b",
                            R"({"resourceType":"Basic","id":"b","code":{"text":"x"}})",
                            lenient("minimal")))
            .empty());
  CHECK(server
            .ask("PUT", "/fhir/Basic/b",
                 R"({"resourceType":"Basic","id":"b","colour":1,"code":"x"})", lenient("minimal"))
            .status == 422);
  // A name that could end the header, or the element it is quoted in.
  auto const rude = server.ask(
      "PUT", "/fhir/Basic/b",
      R"({"resourceType":"Basic","id":"b","code":{"text":"x"},"a\"\r\nSet-Cookie: x":1})",
      lenient("minimal"));
  CHECK(rude.status == 200);
  REQUIRE(warnings(rude).size() == 1);
  CHECK(warnings(rude)[0].find_first_of("\r\n\\") == std::string::npos);
}

TEST_CASE("the entries of bundles say what was left out of each") {
  for (std::string const type : {"transaction", "batch"}) {
    for (auto const wanted : {"minimal", "representation", "OperationOutcome"}) {
      CAPTURE(type);
      CAPTURE(wanted);
      Server server;
      auto const bundle =
          R"({"resourceType":"Bundle","type":")" + type +
          R"(","entry":[{"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Basic"}},)"
          R"({"resource":)" +
          kPatient + R"(,"request":{"method":"PUT","url":"Patient/p"}}]})";
      auto const response = server.ask("POST", "/fhir", bundle, lenient(wanted));
      REQUIRE_MESSAGE(response.status == 200, response.body);
      auto const document = parsed(response);
      auto const entries = document.root()["entry"];
      CHECK(places(entries.at(0)["response"]["outcome"]).empty());
      auto const named = places(entries.at(1)["response"]["outcome"]);
      REQUIRE(named.size() == kUnknown.size());
      CHECK(named[1] ==
            (type == "batch" ? "Patient._active.shade" : "Bundle.entry[1].resource._active.shade"));
      CHECK(entries.at(1)["resource"].exists() == (wanted == std::string_view("representation")));
      CHECK(server.ask("GET", "/fhir/Patient/p").body.find("colour") == std::string::npos);
    }
  }
}
