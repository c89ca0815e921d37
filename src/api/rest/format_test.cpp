#include "api/rest/format.h"

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/xml.h"

using namespace sinew;
using namespace sinew::rest;

TEST_CASE("the format of an answer follows _format, then Accept by quality") {
  struct {
    std::string_view accept, format;
    std::optional<Format> chosen;
  } const rows[] = {
      // Accept                                       _format                  chosen
      {"", "", Format::json},
      {"*/*", "", Format::json},
      {"application/fhir+json", "", Format::json},
      {"application/fhir+xml", "", Format::xml},
      {"application/xml", "", Format::xml},
      {"text/xml;q=0.5, application/json;q=0.4", "", Format::xml},
      {"application/fhir+xml;q=0.3,application/fhir+json;fhirVersion=4.0;q=0.9", "", Format::json},
      {"text/html,application/xhtml+xml,*/*;q=0.8", "", Format::json},
      {"text/html", "", std::nullopt},
      {"application/fhir+json;q=0", "", std::nullopt},
      {"text/html", "xml", Format::xml},
      {"application/fhir+xml", "json", Format::json},
      {"", "application/fhir xml", Format::xml},
      {"", "application/fhir+json;fhirVersion=4.0", Format::json},
      {"", "turtle", std::nullopt},
  };
  for (auto const& row : rows) {
    CAPTURE(row.accept);
    CAPTURE(row.format);
    Parameters parameters;
    if (!row.format.empty()) parameters.emplace_back("_format", row.format);
    auto const chosen =
        take_presentation(headers({{"Accept", std::string(row.accept)}}), parameters);
    REQUIRE(bool(chosen) == row.chosen.has_value());
    if (chosen) CHECK(chosen->format == *row.chosen);
    if (chosen) CHECK(parameters.empty());
  }
}

TEST_CASE("a resource goes in as XML and comes out as either") {
  Server server;
  auto const created = server.ask(
      "PUT", "/fhir/Patient/x",
      R"(<Patient xmlns="http://hl7.org/fhir"><id value="x"/><name><family value="A &amp; B"/></name></Patient>)",
      headers({{"Content-Type", "application/fhir+xml"}, {"Accept", "application/fhir+xml"}}));
  REQUIRE_MESSAGE(created.status == 201, created.body);
  CHECK(created.headers.value("Content-Type") == "application/fhir+xml;charset=utf-8");
  auto const back = fhir::json_from_xml(created.body);
  REQUIRE(back);
  CHECK(back->find(R"("family":"A & B")") != std::string::npos);
  auto const as_json = parsed(server.ask("GET", "/fhir/Patient/x"));
  CHECK(as_json.root()["name"].at(0)["family"].text() == "A & B");
  auto const found = server.ask("GET", "/fhir/Patient?_id=x&_format=xml");
  CHECK(found.body.find("<Bundle") != std::string::npos);
  CHECK(found.body.find("_format=xml") != std::string::npos);  // the self link keeps it
  auto const missing =
      server.ask("GET", "/fhir/Patient/none", {}, headers({{"Accept", "text/xml"}}));
  CHECK(missing.status == 404);
  CHECK(missing.body.find("<OperationOutcome") != std::string::npos);
}

TEST_CASE("a body of an unknown type is refused with 415, of unknown format with 406") {
  Server server;
  auto const body = R"({"resourceType":"Patient"})";
  CHECK(server.ask("POST", "/fhir/Patient", body, headers({{"Content-Type", "text/csv"}})).status ==
        415);
  CHECK(server
            .ask("POST", "/fhir/Patient", body,
                 headers({{"Content-Type", "application/json; charset=utf-8"}}))
            .status == 201);
  CHECK(server.ask("GET", "/fhir/Patient", {}, headers({{"Accept", "text/html"}})).status == 406);
  auto const bomb =
      server.ask("POST", "/fhir/Patient",
                 R"(<!DOCTYPE x [<!ENTITY e "e">]><Patient xmlns="http://hl7.org/fhir"/>)",
                 headers({{"Content-Type", "application/fhir+xml"}}));
  CHECK(bomb.status == 400);
  CHECK_FALSE(diagnostics(bomb).empty());
}

TEST_CASE("_pretty indents and changes nothing else") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  auto const compact = server.ask("GET", "/fhir/Patient/p");
  auto const pretty = server.ask("GET", "/fhir/Patient/p?_pretty=true");
  CHECK(pretty.body.starts_with("{\n  \"resourceType\": \"Patient\""));
  CHECK(json::Document::parse(pretty.body));
  CHECK(compact.body.find('\n') == std::string::npos);
}

TEST_CASE("dates and tags are written as HTTP has them") {
  CHECK(http_date(Instant{784'111'777'000}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(Instant{0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(Instant{-1}) == "Wed, 31 Dec 1969 23:59:59 GMT");
  CHECK(entity_tag(12) == "W/\"12\"");
  for (auto const tag : {"W/\"12\"", "\"12\"", "12", " W/\"12\" "})
    CHECK(*read_entity_tag(tag) == 12);
  for (auto const tag : {"", "W/", "x", "W/\"a\"", "W/\"1", "-1"}) {
    CAPTURE(tag);
    CHECK_FALSE(read_entity_tag(tag));
  }
}
