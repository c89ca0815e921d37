#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

/// "PUT Patient/1 W/"2"" of the entries of a history, by their etag.
std::string shown(net::HttpResponse const& response) {
  auto const document = parsed(response);
  for (auto const& issue : fhir::check_structure(document.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  CHECK(document.root()["type"].text() == "history");
  std::string out;
  for (auto const entry : document.root()["entry"].elements()) {
    auto const url = entry["fullUrl"].text();
    out += url.substr(url.find("/fhir/") + 6) + ' ' + entry["request"]["method"].text() + ' ';
    CHECK(entry["resource"].exists() == (entry["request"]["method"].text() != "DELETE"));
  }
  return out;
}

std::string next_of(net::HttpResponse const& response) {
  auto const document = parsed(response);
  for (auto const link : document.root()["link"].elements()) {
    if (link["relation"].text() == "next") return link["url"].text().substr(10);  // http://h:1
  }
  return {};
}

struct Feed : Server {
  Feed() {
    put("Patient", "1", R"("active":true)");
    put("Observation", "a", R"("status":"final","code":{"text":"x"})");
    put("Patient", "1", R"("active":false)");
    CHECK(ask("DELETE", "/fhir/Patient/1").status == 204);
    put("Patient", "2", "");
  }
};

}  // namespace

TEST_CASE("history on three levels, newest first, deletions without a resource") {
  Feed feed;
  CHECK(shown(feed.ask("GET", "/fhir/_history")) ==
        "Patient/2 POST Patient/1 DELETE Patient/1 PUT Observation/a POST Patient/1 POST ");
  CHECK(shown(feed.ask("GET", "/fhir/Patient/_history")) ==
        "Patient/2 POST Patient/1 DELETE Patient/1 PUT Patient/1 POST ");
  CHECK(shown(feed.ask("GET", "/fhir/Patient/1/_history")) ==
        "Patient/1 DELETE Patient/1 PUT Patient/1 POST ");
  CHECK(shown(feed.ask("GET", "/fhir/Encounter/_history")).empty());
  CHECK(feed.ask("GET", "/fhir/Patient/9/_history").status == 404);
  CHECK(feed.ask("GET", "/fhir/Colour/_history").status == 404);
}

TEST_CASE("history pages by links that stay valid while versions are written") {
  Feed feed;
  auto const first = feed.ask("GET", "/fhir/_history?_count=2");
  CHECK(shown(first) == "Patient/2 POST Patient/1 DELETE ");
  feed.put("Patient", "3", "");
  auto const second = feed.ask("GET", next_of(first));
  CHECK(shown(second) == "Patient/1 PUT Observation/a POST ");
  auto const third = feed.ask("GET", next_of(second));
  CHECK(shown(third) == "Patient/1 POST ");
  CHECK(next_of(third).empty());
}

TEST_CASE("history by _since, _at, _sort and _count; what it does not know is refused") {
  Feed feed;
  auto const all = parsed(feed.ask("GET", "/fhir/_history"));
  auto const third = all.root()["entry"].at(2)["response"]["lastModified"].text();  // Patient/1 PUT
  CHECK(shown(feed.ask("GET", "/fhir/_history?_since=" + net::percent_encode(third))) ==
        "Patient/2 POST Patient/1 DELETE Patient/1 PUT ");
  CHECK(shown(feed.ask("GET", "/fhir/Patient/1/_history?_since=" + net::percent_encode(third))) ==
        "Patient/1 DELETE Patient/1 PUT ");
  CHECK(shown(feed.ask("GET", "/fhir/Patient/1/_history?_at=" + net::percent_encode(third))) ==
        "Patient/1 PUT ");
  CHECK(shown(feed.ask("GET", "/fhir/_history?_at=2001")).empty());
  CHECK(shown(feed.ask("GET", "/fhir/Patient/1/_history?_sort=_lastUpdated&_count=2")) ==
        "Patient/1 POST Patient/1 PUT ");
  auto const counted = parsed(feed.ask("GET", "/fhir/Patient/1/_history?_count=0"));
  CHECK(counted.root()["total"].text() == "3");
  CHECK_FALSE(counted.root()["entry"].exists());
  for (auto const* const query :
       {"_since=yesterday", "_at=x", "_count=-1", "_sort=name", "_cursor=x", "name=x"}) {
    CAPTURE(query);
    auto const refused = feed.ask("GET", std::string("/fhir/_history?") + query);
    CHECK(refused.status == 400);
    CHECK(diagnostics(refused).find(std::string_view(query).substr(
              0, std::string_view(query).find('='))) != std::string::npos);
  }
  auto const lenient = feed.ask("GET", "/fhir/Patient/1/_history?name=x", {},
                                headers({{"Prefer", "handling=lenient"}}));
  CHECK(lenient.status == 200);
  auto const entries = parsed(lenient);
  CHECK(entries.root()["entry"].at(3)["resource"]["resourceType"].text() == "OperationOutcome");
}

TEST_CASE("an unknown search parameter is ignored and named only where the caller wants it") {
  Feed feed;
  auto const strict = feed.ask("GET", "/fhir/Patient?colour=blue&_id=2");
  CHECK(strict.status == 400);
  CHECK(feed.ask("GET", "/fhir/Patient?colour=blue", {},
                 headers({{"Prefer", "handling=strict, handling=lenient"}}))
            .status == 400);
  auto const lenient = feed.ask("GET", "/fhir/Patient?colour=blue&_id=2&shade:exact=x", {},
                                headers({{"Prefer", "return=minimal; handling=lenient"}}));
  CHECK(lenient.status == 200);
  CHECK(ids(lenient) == "2");
  auto const document = parsed(lenient);
  for (auto const& issue : fhir::check_structure(document.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  CHECK(document.root()["total"].text() == "1");
  // What the server did is what the self link says.
  CHECK(document.root()["link"].at(0)["url"].text() == "http://h:1/fhir/Patient?_id=2");
  auto const outcome = document.root()["entry"].at(1);
  CHECK(outcome["search"]["mode"].text() == "outcome");
  CHECK(outcome["resource"]["issue"].size() == 2);
  CHECK(outcome["resource"]["issue"].at(0)["diagnostics"].text().find("colour") !=
        std::string::npos);
  // A value that cannot be read, and a modifier that does not exist, are mistakes all the same.
  for (auto const* const query :
       {"birthdate=x", "gender:sounds-like=x", "_has:Observation:patient:colour=x", "_count=few"}) {
    CHECK(feed.ask("GET", std::string("/fhir/Patient?") + query, {},
                   headers({{"Prefer", "handling=lenient"}}))
              .status == 400);
  }
}
