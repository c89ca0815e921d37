#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

std::string bundle(std::string_view type, std::initializer_list<std::string_view> entries) {
  std::string text = R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
  bool first = true;
  for (auto const entry : entries) {
    if (!first) text += ',';
    first = false;
    text += entry;
  }
  return text + "]}";
}

std::string statuses(net::HttpResponse const& response) {
  auto const document = parsed(response);
  for (auto const& issue : fhir::check_structure(document.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  std::string found;
  for (auto const entry : document.root()["entry"].elements()) {
    found += entry["response"]["status"].text().substr(0, 3) + ' ';
  }
  return found;
}

constexpr std::string_view kPatient =
    R"({"fullUrl":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001",
        "resource":{"resourceType":"Patient","identifier":[{"system":"urn:oid:1.2","value":"7"}],
          "link":[{"other":{"reference":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001"},"type":"seealso"}]},
        "request":{"method":"POST","url":"Patient"}})";
constexpr std::string_view kObservation =
    R"({"fullUrl":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0002",
        "resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},
          "subject":{"reference":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001"},
          "identifier":[{"value":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001"}],
          "valueQuantity":{"value":113.50}},
        "request":{"method":"POST","url":"Observation"}})";

}  // namespace

TEST_CASE("a transaction gives out ids and points its references at them") {
  Server server;
  // The observation comes first: order in the bundle does not matter.
  auto const response =
      server.ask("POST", "/fhir", bundle("transaction", {kObservation, kPatient}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(statuses(response) == "201 201 ");
  auto const document = parsed(response);
  CHECK(document.root()["type"].text() == "transaction-response");
  CHECK(document.root()["entry"].at(0)["response"]["location"].text() ==
        "http://h:1/fhir/Observation/new-1/_history/1");
  auto const observation = parsed(server.ask("GET", "/fhir/Observation/new-1"));
  CHECK(observation.root()["subject"]["reference"].text() == "Patient/new-2");
  CHECK(observation.root()["valueQuantity"]["value"].raw() == "113.50");
  // A text that merely looks like the link is no link.
  CHECK(observation.root()["identifier"].at(0)["value"].text() ==
        "urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001");
  auto const patient = parsed(server.ask("GET", "/fhir/Patient/new-2"));
  CHECK(patient.root()["link"].at(0)["other"]["reference"].text() == "Patient/new-2");
}

TEST_CASE("a transaction happens whole or not at all") {
  Server server;
  struct {
    std::string_view why, entry;
    int status;
    std::string_view names;
  } const rows[] = {
      {"a faulty resource",
       R"({"resource":{"resourceType":"Patient","birthDate":"x"},"request":{"method":"POST","url":"Patient"}})",
       0, "Bundle.entry[1].resource.birthDate"},
      {"a reference to nothing",
       R"({"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0009"}},"request":{"method":"POST","url":"Basic"}})",
       400, "Bundle.entry[1]"},
      {"another type than the url says",
       R"({"resource":{"resourceType":"Basic","code":{"text":"x"}},"request":{"method":"POST","url":"Patient"}})",
       0, "Bundle.entry[1]"},
      {"a version that does not stand",
       R"({"resource":{"resourceType":"Patient","id":"old","active":false},"request":{"method":"PUT","url":"Patient/old","ifMatch":"W/\"9\""}})",
       412, ""},
      {"an unknown type", R"({"request":{"method":"DELETE","url":"Patent/1"}})", 400, "'Patent'"},
      {"an unknown method", R"({"request":{"method":"TRACE","url":"Patient/1"}})", 400, "method"},
      {"no request", R"({"resource":{"resourceType":"Patient"}})", 400, "method"},
      {"a conditional reference without a match",
       R"({"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Patient?identifier=none"}},"request":{"method":"POST","url":"Basic"}})",
       412, "conditional reference"},
  };
  server.put("Patient", "old", R"("active":true)");
  for (auto const& row : rows) {
    CAPTURE(row.why);
    auto const response = server.ask("POST", "/fhir", bundle("transaction", {kPatient, row.entry}));
    CAPTURE(response.body);
    if (row.status == 0) {
      CHECK((response.status == 400 || response.status == 422));
    } else {
      CHECK(response.status == row.status);
    }
    CHECK(diagnostics(response).find(row.names) != std::string::npos);
    CHECK(parsed(server.ask("GET", "/fhir/Patient?_summary=count")).root()["total"].text() == "1");
  }
  auto const twice = server.ask(
      "POST", "/fhir",
      bundle(
          "transaction",
          {R"({"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/x"}})",
           R"({"request":{"method":"DELETE","url":"Patient/x"}})"}));
  CHECK(twice.status == 400);
  CHECK(diagnostics(twice).find("two entries") != std::string::npos);
}

TEST_CASE("deletes come first, then creates, updates, and reads see them all") {
  Server server;
  server.put("Patient", "gone", R"("active":true)");
  auto const response = server.ask(
      "POST", "/fhir",
      bundle(
          "transaction",
          {R"({"request":{"method":"GET","url":"Patient/kept"}})",
           R"({"resource":{"resourceType":"Patient","id":"kept"},"request":{"method":"PUT","url":"Patient/kept"}})",
           kPatient, R"({"request":{"method":"DELETE","url":"Patient/gone"}})",
           R"({"request":{"method":"GET","url":"Patient/gone"}})"}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(statuses(response) == "200 201 201 204 410 ");
  auto const document = parsed(response);
  CHECK(document.root()["entry"].at(0)["resource"]["id"].text() == "kept");
  CHECK(document.root()["entry"].at(4)["response"]["outcome"].exists());
}

TEST_CASE("entries with one condition in a transaction are one resource") {
  Server server;
  auto const entry = [](std::string_view uuid) {
    return R"({"fullUrl":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a000)" + std::string(uuid) +
           R"(","resource":{"resourceType":"Practitioner","identifier":[{"system":"urn:n","value":"1"}]},
              "request":{"method":"POST","url":"Practitioner","ifNoneExist":"identifier=urn:n|1"}})";
  };
  auto const task = [](std::string_view uuid) {
    return R"({"resource":{"resourceType":"Basic","code":{"text":"x"},
        "author":{"reference":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a000)" +
           std::string(uuid) + R"("}},"request":{"method":"POST","url":"Basic"}})";
  };
  auto const first = entry("1");
  auto const second = entry("2");
  auto const of_first = task("1");
  auto const of_second = task("2");
  auto const response =
      server.ask("POST", "/fhir", bundle("transaction", {first, second, of_first, of_second}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(statuses(response) == "201 200 201 201 ");
  auto const found = parsed(server.ask("GET", "/fhir/Basic?_include=Basic:author"));
  CHECK(found.root()["total"].text() == "2");
  CHECK(found.root()["entry"].size() == 3);  // both Basics and the one practitioner
}

TEST_CASE("conditions in a transaction find what is there, and references follow") {
  Server server;
  server.put("Patient", "there", R"("identifier":[{"system":"urn:oid:1.2","value":"7"}])");
  auto const response = server.ask(
      "POST", "/fhir",
      bundle("transaction", {R"({"fullUrl":"urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0001",
                  "resource":{"resourceType":"Patient","active":true},
                  "request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:oid:1.2|7"}})",
                             kObservation,
                             R"({"resource":{"resourceType":"Basic","id":"c","code":{"text":"x"},
                   "subject":{"reference":"Patient?identifier=urn:oid:1.2|7"}},
                  "request":{"method":"PUT","url":"Basic/c"}})"}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(statuses(response) == "200 201 201 ");
  CHECK(
      parsed(server.ask("GET", "/fhir/Observation/new-1")).root()["subject"]["reference"].text() ==
      "Patient/there");
  CHECK(parsed(server.ask("GET", "/fhir/Basic/c")).root()["subject"]["reference"].text() ==
        "Patient/there");
  CHECK_FALSE(parsed(server.ask("GET", "/fhir/Patient/there")).root()["active"].exists());
}

TEST_CASE("a relative reference means the entry whose fullUrl ends in it") {
  Server server;
  auto const response = server.ask(
      "POST", "/fhir",
      bundle(
          "transaction",
          {R"({"fullUrl":"http://x.org/r4/Patient/55","resource":{"resourceType":"Patient","id":"55"},
                  "request":{"method":"POST","url":"Patient"}})",
           R"({"fullUrl":"http://x.org/r4/Basic/1","resource":{"resourceType":"Basic","code":{"text":"x"},
                  "subject":{"reference":"Patient/55"}},"request":{"method":"POST","url":"Basic"}})"}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(parsed(server.ask("GET", "/fhir/Basic/new-2")).root()["subject"]["reference"].text() ==
        "Patient/new-1");
}

TEST_CASE("the entries of a batch stand alone") {
  Server server;
  auto const response = server.ask(
      "POST", "/fhir",
      bundle(
          "batch",
          {R"({"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}})",
           R"({"resource":{"resourceType":"Patient","birthDate":"x"},"request":{"method":"POST","url":"Patient"}})",
           R"({"request":{"method":"GET","url":"Patient/b"}})",
           R"({"request":{"method":"GET","url":"/Patient?_id=b"}})",
           R"({"request":{"method":"GET","url":"Patient?colour=blue"}})",
           R"({"request":{"method":"GET","url":"http://other.org/fhir/Patient/1"}})",
           R"({"resource":{"resourceType":"Bundle","type":"batch"},"request":{"method":"POST","url":""}})",
           R"({"request":{"method":"DELETE","url":"Patient/b","ifMatch":"W/\"1\""}})"}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  auto const found = statuses(response);
  CHECK(
      (found == "201 422 200 200 400 400 400 204 " || found == "201 400 200 200 400 400 400 204 "));
  auto const document = parsed(response);
  CHECK(document.root()["type"].text() == "batch-response");
  CHECK_FALSE(document.root()["entry"].at(0)["resource"].exists());
  CHECK(document.root()["entry"].at(2)["resource"]["id"].text() == "b");
  CHECK(document.root()["entry"].at(3)["resource"]["type"].text() == "searchset");
  CHECK(document.root()["entry"].at(4)["response"]["outcome"]["issue"].size() == 1);
}

TEST_CASE("Prefer asks for the resources that a bundle wrote") {
  Server server;
  auto const response = server.ask("POST", "/fhir", bundle("transaction", {kPatient}),
                                   headers({{"Prefer", "return=representation"}}));
  CHECK(parsed(response).root()["entry"].at(0)["resource"]["meta"]["versionId"].text() == "1");
}

TEST_CASE("an empty bundle is answered, and no number of entries is too many") {
  Server server;
  CHECK(server.ask("POST", "/fhir", R"({"resourceType":"Bundle","type":"transaction"})").status ==
        200);
  constexpr int kEntries = 3000;
  std::string body = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (int i = 0; i < kEntries; ++i) {
    if (i > 0) body += ',';
    body += R"({"resource":{"resourceType":"Basic","code":{"text":"x"}},)"
            R"("request":{"method":"POST","url":"Basic"}})";
  }
  CHECK(server.ask("POST", "/fhir", body + "]}").status == 200);
  CHECK(parsed(server.ask("GET", "/fhir/Basic?_summary=count")).root()["total"].text() ==
        std::to_string(kEntries));
}

TEST_CASE("return=OperationOutcome says of every entry what became of it") {
  Server server;
  for (auto const* const type : {"batch", "transaction"}) {
    auto const response = server.ask("POST", "/fhir", bundle(type, {kPatient}),
                                     headers({{"Prefer", "return=OperationOutcome"}}));
    auto const document = parsed(response);
    auto const entry = document.root()["entry"].at(0);
    CHECK(entry["response"]["outcome"]["resourceType"].text() == "OperationOutcome");
    CHECK_FALSE(entry["resource"].exists());
  }
}
