#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

/// Two patients and three results.
void fill(Server& server) {
  server.put("Patient", "a",
             R"("name":[{"family":"Müller","given":["Ada"]}],"birthDate":"1970-05-01")");
  server.put("Patient", "b",
             R"("name":[{"family":"Smith"}],"birthDate":"1980-01-01","gender":"male")");
  auto const result = [&](std::string const& id, std::string const& patient,
                          std::string const& date, std::string const& value) {
    server.put(
        "Observation", id,
        R"("status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},)"
        R"("subject":{"reference":"Patient/)" +
            patient + R"("},"effectiveDateTime":")" + date + R"(","valueQuantity":{"value":)" +
            value + R"(,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"})");
  };
  result("o1", "a", "2024-01-01", "90");
  result("o2", "a", "2024-02-01", "113.50");
  result("o3", "b", "2024-03-01", "200");
}

std::string link(net::HttpResponse const& response, std::string_view relation) {
  auto const document = parsed(response);
  for (auto const one : document.root()["link"].elements()) {
    if (one["relation"].text() == relation) return one["url"].text();
  }
  return {};
}

}  // namespace

TEST_CASE("each type of parameter finds what it should") {
  Server server;
  fill(server);
  struct {
    std::string_view query, found;
  } const rows[] = {
      // query                                              found, sorted by id
      {"Patient?family=smith&_sort=_id", "b"},
      {"Patient?name=mull&_sort=_id", "a"},
      {"Patient?birthdate=lt1975&_sort=_id", "a"},
      {"Patient?birthdate=1980&_sort=_id", "b"},
      {"Patient?gender=male&_sort=_id", "b"},
      {"Patient?_id=a,b&_sort=_id", "a b"},
      {"Patient?_id=a,b&_sort=-_id", "b a"},
      {"Observation?subject=Patient/a&_sort=_id", "o1 o2"},
      {"Observation?patient=a&_sort=date", "o1 o2"},
      {"Observation?patient=a&_sort=-date", "o2 o1"},
      {"Observation?code=http://loinc.org|2339-0&date=ge2024-02-01&_sort=date", "o2 o3"},
      {"Observation?code=2339-0&_sort=_id", "o1 o2 o3"},
      {"Observation?value-quantity=gt100&_sort=_id", "o2 o3"},
      {"Observation?value-quantity=113.50|http://unitsofmeasure.org|mg/dL", "o2"},
      {"Observation?patient=absent", ""},
      {"Patient?gender:missing=true", "a"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    auto const response = server.ask("GET", "/fhir/" + std::string(row.query));
    REQUIRE_MESSAGE(response.status == 200, response.body);
    CHECK(ids(response) == row.found);
    auto const document = parsed(response);
    for (auto const& issue : fhir::check_structure(document.root())) {
      FAIL_CHECK(issue.where << ": " << issue.what);
    }
  }
}

TEST_CASE("a search that is not understood is refused by name, never answered in part") {
  Server server;
  fill(server);
  struct {
    std::string_view query, names;
  } const rows[] = {
      {"Patient?colour=blue", "colour"},
      {"Patient?birthdate=yesterday", "birthdate"},
      {"Patient?name:backwards=x", "name"},
      {"Patient?_sort=colour", "colour"},
      {"Patient?_count=many", "_count"},
      {"Observation?_include=Observation:colour", "_include"},
      {"Observation?value-quantity=abc", "value-quantity"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    auto const response = server.ask("GET", "/fhir/" + std::string(row.query));
    CHECK(response.status == 400);
    CHECK(diagnostics(response).find(row.names) != std::string::npos);
  }
}

TEST_CASE("pages follow each other by their next link, and give every match once") {
  Server server;
  for (int i = 0; i < 25; ++i) server.put("Patient", "p" + std::to_string(100 + i), "");
  std::string target = "/fhir/Patient?_count=10&_sort=_id";
  std::string seen;
  std::vector<std::size_t> sizes;
  for (int page = 0; page < 5 && !target.empty(); ++page) {
    auto const response = server.ask("GET", target);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    auto const document = parsed(response);
    CHECK(document.root()["total"].text() == "25");
    sizes.push_back(document.root()["entry"].size());
    seen += ids(response) + ' ';
    auto const self = link(response, "self");
    CHECK(self.starts_with("http://h:1/fhir/Patient?_count=10&_sort=_id"));
    auto const next = link(response, "next");
    target = next.empty() ? "" : next.substr(std::string_view("http://h:1").size());
  }
  CHECK(sizes == std::vector<std::size_t>{10, 10, 5});
  std::string expected;
  for (int i = 0; i < 25; ++i) expected += "p" + std::to_string(100 + i) + ' ';
  CHECK(seen == expected);
}

TEST_CASE("_include and _revinclude bring what belongs to the matches, marked as such") {
  Server server;
  fill(server);
  auto const included =
      server.ask("GET", "/fhir/Observation?_id=o1,o2&_include=Observation:subject");
  REQUIRE_MESSAGE(included.status == 200, included.body);
  CHECK(ids(included, "include") == "a");
  CHECK(parsed(included).root()["total"].text() == "2");
  auto const reverse = server.ask("GET", "/fhir/Patient?_id=b&_revinclude=Observation:subject");
  REQUIRE_MESSAGE(reverse.status == 200, reverse.body);
  CHECK(ids(reverse) == "b");
  CHECK(ids(reverse, "include") == "o3");
}

TEST_CASE("POST _search is the same search") {
  Server server;
  fill(server);
  auto const response =
      server.ask("POST", "/fhir/Patient/_search?gender=male", "birthdate=1980&_sort=_id",
                 headers({{"Content-Type", "application/x-www-form-urlencoded"}}));
  REQUIRE_MESSAGE(response.status == 200, response.body);
  CHECK(ids(response) == "b");
  CHECK(link(response, "self") == "http://h:1/fhir/Patient?gender=male&birthdate=1980&_sort=_id");
}

TEST_CASE("_count=0 and _summary=count count, _total=none does not") {
  Server server;
  fill(server);
  for (auto const query : {"_count=0", "_summary=count"}) {
    CAPTURE(query);
    auto const document = parsed(server.ask("GET", "/fhir/Observation?" + std::string(query)));
    CHECK(document.root()["total"].text() == "3");
    CHECK(document.root()["entry"].size() == 0);
  }
  CHECK_FALSE(parsed(server.ask("GET", "/fhir/Patient?_total=none")).root()["total"].exists());
}

TEST_CASE("_elements and _summary leave parts out, and say so") {
  Server server;
  fill(server);
  auto const some = parsed(server.ask("GET", "/fhir/Observation?_id=o1&_elements=value,subject"));
  auto const observation = some.root()["entry"].at(0)["resource"];
  CHECK(observation["valueQuantity"].exists());
  CHECK(observation["subject"].exists());
  CHECK(observation["status"].exists());  // required
  CHECK_FALSE(observation["effectiveDateTime"].exists());
  CHECK(observation["meta"]["tag"].at(0)["code"].text() == "SUBSETTED");
  for (auto const& issue : fhir::check_structure(observation)) FAIL_CHECK(issue.what);

  server.put(
      "Patient", "t",
      R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},"photo":[{"title":"x"}])");
  auto const summary = parsed(server.ask("GET", "/fhir/Patient/t?_summary=true"));
  CHECK_FALSE(summary.root()["photo"].exists());
  auto const data = parsed(server.ask("GET", "/fhir/Patient/t?_summary=data"));
  CHECK(data.root()["photo"].exists());
  CHECK_FALSE(data.root()["text"].exists());
  auto const text = parsed(server.ask("GET", "/fhir/Patient/t?_summary=text"));
  CHECK(text.root()["text"].exists());
  CHECK_FALSE(text.root()["photo"].exists());
  auto const outcome = server.ask("GET", "/fhir/Patient/none?_elements=name");
  CHECK(outcome.status == 404);
  CHECK_FALSE(diagnostics(outcome).empty());
}
