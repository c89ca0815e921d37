#include <doctest/doctest.h>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

void fill(Server& server) {
  for (std::string const id : {"a", "b"}) {
    server.put("Patient", id, R"("gender":"male")");
    server.put(
        "Observation", "o" + id,
        R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + id + R"("})");
    server.put("Condition", "c" + id, R"("subject":{"reference":"Patient/)" + id + R"("})");
  }
  // Of the compartment of b by its performer.
  server.put("Observation", "other",
             R"("status":"amended","code":{"text":"y"},"performer":[{"reference":"Patient/b"}])");
  server.put("Organization", "org", R"("name":"none of both")");
}

std::string next_of(net::HttpResponse const& response) {
  auto const document = parsed(response);
  for (auto const one : document.root()["link"].elements())
    if (one["relation"].text() == "next")
      return one["url"].text().substr(std::string_view("http://h:1").size());
  return {};
}

}  // namespace

TEST_CASE("a compartment, all types and several types are searched by their paths") {
  Server server;
  fill(server);
  struct {
    std::string_view path, found;
  } const rows[] = {
      {"Patient/a/Observation", "oa"},
      {"Patient/b/Observation?_sort=_id", "ob other"},
      {"Patient/b/Observation?status=final", "ob"},
      {"Patient/b/*?_sort=_id", "cb ob other"},
      {"Patient/b/*?_type=Observation&_sort=-_id", "other ob"},
      {"Patient/zzz/Observation", ""},
      {"?_type=Patient,Organization&_sort=_id", "a b org"},
      {"?_id=a,org&_sort=_id", "a org"},
      {"?_type=Observation&status=amended", "other"},
      {"?_lastUpdated=lt2000", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.path);
    auto const response = server.ask("GET", "/fhir/" + std::string(row.path));
    REQUIRE_MESSAGE(response.status == 200, response.body);
    CHECK(ids(response) == row.found);
  }
  auto const form = headers({{"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(ids(server.ask("POST", "/fhir/_search", "_type=Patient&_id=a", form)) == "a");
  CHECK(ids(server.ask("POST", "/fhir/Patient/b/Observation/_search", "status=amended", form)) ==
        "other");
}

TEST_CASE("what is no compartment, or no parameter of all types, is refused") {
  Server server;
  fill(server);
  struct {
    std::string_view path;
    int status;
  } const rows[] = {
      {"Organization/org/Observation", 404},
      {"Patient/a/Organization", 404},
      {"Patient/a/Nonsense", 404},
      {"?gender=male", 400},
      {"?_type=Nonsense", 400},
      {"?_type=Patient,Observation&_sort=status", 400},
      {"Patient?_compartment=Patient/a", 400},
      {"Patient?_filter=name%20near%20x", 400},
      {"?_contained=true", 400},
      {"Patient?_contained=perhaps", 400},
      {"Patient?_contained=true&_containedType=both", 400},
      {"Patient?_contained=true&_include=Patient:organization", 400},
  };
  for (auto const& row : rows) {
    CAPTURE(row.path);
    CHECK(server.ask("GET", "/fhir/" + std::string(row.path)).status == row.status);
  }
}

TEST_CASE("pages over several types are one snapshot as well") {
  Server server;
  fill(server);
  std::string target = "/fhir/Patient/b/*?_count=1&_sort=_id";
  std::string seen;
  for (int page = 0; page < 5 && !target.empty(); ++page) {
    auto const response = server.ask("GET", target);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    seen += ids(response) + ' ';
    target = next_of(response);
    if (page == 0) CHECK(server.ask("DELETE", "/fhir/Observation/ob").status < 300);
  }
  CHECK(seen == "cb ob other ");
}

TEST_CASE("_explain adds the plan as an outcome") {
  Server server;
  fill(server);
  auto const response = server.ask("GET", "/fhir/Observation?status=final&patient=a&_explain=true");
  REQUIRE(response.status == 200);
  CHECK(ids(response) == "oa");
  auto const document = parsed(response);
  auto const outcome = document.root()["entry"].at(1);
  CHECK(outcome["search"]["mode"].text() == "outcome");
  CHECK(outcome["resource"]["issue"].at(0)["diagnostics"].text().starts_with("Observation: "));
}
