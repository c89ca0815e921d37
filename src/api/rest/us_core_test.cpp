#include <doctest/doctest.h>

#include <set>

#include "api/rest/rest_test.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/search_index.h"
#include "json/json.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

Table table_of(std::string_view path) {
  auto const text = embedded_data(path);
  REQUIRE(text);
  auto table = Table::parse(*text, path);
  REQUIRE(table);
  return *std::move(table);
}

json::Value find_type(json::Value statement, std::string_view type) {
  for (auto const server : statement["rest"].elements()) {
    for (auto const resource : server["resource"].elements()) {
      if (resource["type"].text() == type) return resource;
    }
  }
  return {};
}

std::set<std::string> texts(json::Value list) {
  std::set<std::string> found;
  for (auto const item : list.elements()) found.insert(item.text());
  return found;
}

}  // namespace

TEST_CASE("metadata declares US Core 6.1.0 and 7.0.0, with profiles and combinations") {
  Server server;
  auto const response = server.ask("GET", "/fhir/metadata");
  auto const document = parsed(response);
  auto const root = document.root();
  auto const instantiated = texts(root["instantiates"]);
  std::string const core = "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server";
  CHECK(instantiated.contains(core));
  CHECK(instantiated.contains(core + "|6.1.0"));
  CHECK(instantiated.contains(core + "|7.0.0"));

  auto const observation = find_type(root, "Observation");
  CHECK(texts(observation["supportedProfile"]).size() == 25);
  CHECK(texts(observation["searchRevInclude"]).contains("Provenance:target"));
  std::set<std::string> combinations;
  for (auto const extension : observation["extension"].elements()) {
    std::string names;
    for (auto const part : extension["extension"].elements()) {
      names += part["valueCode"].text() + part["valueString"].text() + ' ';
    }
    combinations.insert(names);
  }
  CHECK(combinations.contains("SHALL patient category date "));
  CHECK(combinations.contains("SHOULD patient code date "));
  CHECK_FALSE(find_type(root, "Account")["supportedProfile"]);
}

TEST_CASE("every parameter that US Core searches by is one of R4 or of its own table") {
  auto const own = table_of("us-core/search_parameters.tsv");
  std::set<std::string> added;
  for (auto const& row : own.rows()) {
    added.insert(std::string(own.cell(row, "base")) + ' ' + std::string(own.cell(row, "code")));
  }
  auto const searches = table_of("us-core/searches.tsv");
  REQUIRE(searches.rows().size() > 100);
  for (auto const& row : searches.rows()) {
    auto const type = searches.cell(row, "type");
    for (auto const name : split(searches.cell(row, "parameters"), ' ')) {
      CAPTURE(type);
      CAPTURE(name);
      bool const is_known = fhir::find_parameter(fhir::find_type(type), name) != nullptr;
      CHECK((is_known || added.contains(std::string(type) + ' ' + std::string(name))));
    }
  }
}
