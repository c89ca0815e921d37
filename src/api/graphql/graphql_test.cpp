#include "api/graphql/graphql.h"

#include <doctest/doctest.h>

#include <set>

#include "api/rest/rest_test.h"
#include "fhir/check.h"
#include "fhir/resource.h"

namespace sinew::graphql {
namespace {

struct GraphServer : rest::Server {
  GraphServer() {
    add_graphql(*service);
    put("Patient", "a",
        R"("active":true,"birthDate":"1980-02-03","_birthDate":{"extension":[{"url":"urn:x","valueString":"noon"}]},
           "name":[{"use":"official","family":"Chalmers","given":["Peter","James"]},{"use":"usual","given":["Jim"]}],
           "contact":[{"gender":"male","name":{"family":"Chalmers"}}],
           "telecom":[{"system":"phone","value":"1","rank":1},{"system":"email","value":"a@b"}],
           "managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"Within"}])");
    put("Patient", "b", R"("active":false,"name":[{"family":"Windsor"}])");
    for (int i = 0; i < 7; ++i) {
      put("Observation", "o" + std::to_string(i),
          R"("status":"final","code":{"coding":[{"system":"urn:c","code":"k)" +
              std::to_string(i % 2) +
              R"("}]},"subject":{"reference":"Patient/a"},"valueQuantity":{"value":)" +
              std::to_string(i) + ".50}");
    }
    put("Condition", "lost", R"("subject":{"reference":"Patient/gone"},"code":{"text":"x"})");
  }

  net::HttpResponse query(std::string_view text, std::string_view at = "") {
    return ask("POST", "/fhir" + std::string(at) + "/$graphql", std::string(text),
               rest::headers({{"Content-Type", "application/graphql"}}));
  }
  /// `data`, without white space.
  std::string data(std::string_view text, std::string_view at = "") {
    auto const response = query(text, at);
    CHECK_MESSAGE(response.status == 200, response.body);
    CHECK(response.headers.value("Content-Type") == "application/json");
    auto const document = rest::parsed(response);
    CHECK_FALSE(document.root()["errors"]);
    return std::string(document.root()["data"].source());
  }
};

TEST_CASE("fields, aliases and fragments select from a resource") {
  GraphServer server;
  struct {
    std::string_view query, data;
  } const rows[] = {
      {"{ id active }", R"({"id":"a","active":true})"},
      {"{ resourceType __typename }", R"({"resourceType":"Patient","__typename":"Patient"})"},
      {"{ born: birthDate _birthDate { extension { url valueString } } }",
       R"({"born":"1980-02-03","_birthDate":{"extension":[{"url":"urn:x","valueString":"noon"}]}})"},
      {"{ name(use: official) { family given } }",
       R"({"name":[{"family":"Chalmers","given":["Peter","James"]}]})"},
      {R"({ name(given: "Jim") { use } })", R"({"name":[{"use":"usual"}]})"},
      {"{ name(use: [usual, official]) { use } }",
       R"({"name":[{"use":"official"},{"use":"usual"}]})"},
      {R"g({ name(fhirpath: "family.exists()") { use } })g", R"({"name":[{"use":"official"}]})"},
      {R"({ name(fhirpath: "$index = 1") { use } })", R"({"name":[{"use":"usual"}]})"},
      {"{ telecom(_offset: 1, _count: 1) { value } }", R"({"telecom":[{"value":"a@b"}]})"},
      {"{ telecom(rank: 1) { value } }", R"({"telecom":[{"value":"1"}]})"},
      {"{ ...F name @first { ...G } } fragment F on Patient { id } fragment G on HumanName { use }",
       R"({"id":"a","name":{"use":"official"}})"},
      {"{ ... on Patient { id } ... on Observation { status } ... { active } }",
       R"({"id":"a","active":true})"},
      {"{ ... on DomainResource { id } ... on Resource { active: id } }",
       R"({"id":"a","active":"a"})"},
      {"{ contact { __typename ... on PatientContact { gender } } }",
       R"({"contact":[{"__typename":"PatientContact","gender":"male"}]})"},
      // One field written twice is one field, and its selections are those of both.
      {"{ contact { gender } contact { name { family } } }",
       R"({"contact":[{"gender":"male","name":{"family":"Chalmers"}}]})"},
      {"{ managingOrganization { resource { ... on Organization { name } } } }",
       R"({"managingOrganization":{"resource":{"name":"Within"}}})"},
      {"{ photo { url } deceasedBoolean }", "{}"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(server.data(row.query, "/Patient/a") == row.data);
  }
}

TEST_CASE("numbers leave as they were written") {
  GraphServer server;
  CHECK(server.data("{ valueQuantity { value } }", "/Observation/o3") ==
        R"({"valueQuantity":{"value":3.50}})");
}

TEST_CASE("directives shape the answer") {
  GraphServer server;
  struct {
    std::string_view query, data;
  } const rows[] = {
      {"{ id @skip(if: true) active @include(if: true) }", R"({"active":true})"},
      {"{ name @flatten { family given } }",
       R"({"family":["Chalmers"],"given":["Peter","James","Jim"]})"},
      {"{ name @flatten { given @first } }", R"({"given":["Peter","Jim"]})"},
      {"{ name @flatten @first { given family @singleton } }",
       R"({"given":["Peter","James"],"family":"Chalmers"})"},
      {R"({ name @slice(path: "use") @flatten { given } })",
       R"({"given.official":["Peter","James"],"given.usual":["Jim"]})"},
      {R"({ telecom @slice(path: "system") { value } })",
       R"({"telecom.phone":[{"value":"1"}],"telecom.email":[{"value":"a@b"}]})"},
      {R"({ contact @flatten { name @flatten { family } } })", R"({"family":["Chalmers"]})"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(server.data(row.query, "/Patient/a") == row.data);
  }
  CHECK(server.query("{ name @flatten { given @singleton } }", "/Patient/a").status == 400);
  // A code and a string do not become one list.
  CHECK(server.query("{ name @flatten { v: use v: family } }", "/Patient/a").status == 400);
}

TEST_CASE("references are followed, by type and where they may be missing") {
  GraphServer server;
  struct {
    std::string_view query, at, data;
  } const rows[] = {
      {"{ subject { resource { ... on Patient { birthDate } ... on Group { name } } } }",
       "/Observation/o1", R"({"subject":{"resource":{"birthDate":"1980-02-03"}}})"},
      {"{ subject { resource(type: Patient) { active } } }", "/Observation/o1",
       R"({"subject":{"resource":{"active":true}}})"},
      {"{ subject { resource(type: Group) { name } reference } }", "/Observation/o1",
       R"({"subject":{"reference":"Patient/a"}})"},
      {"{ subject { p: resource(type: Patient) { id } g: resource(type: Group) { id } } }",
       "/Observation/o1", R"({"subject":{"p":{"id":"a"}}})"},
      {"{ subject { reference resource(optional: true) { id } } }", "/Condition/lost",
       R"({"subject":{"reference":"Patient/gone"}})"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(server.data(row.query, row.at) == row.data);
  }
  CHECK(server.query("{ subject { resource { id } } }", "/Condition/lost").status == 404);
  // The type turns out on the way: so does a field that it has not.
  CHECK(server.query("{ subject { resource { valueQuantity { value } } } }", "/Observation/o1")
            .status == 400);
}

TEST_CASE("the system is asked for one, for all, and by pages") {
  GraphServer server;
  struct {
    std::string_view query, data;
  } const rows[] = {
      {"{ Patient(id: a) { id } other: Patient(_id: \"b\") { id } }",
       R"({"Patient":{"id":"a"},"other":{"id":"b"}})"},
      {"{ PatientList(active: true) { id } }", R"({"PatientList":[{"id":"a"}]})"},
      {"{ PatientList(_id: [a, b], _sort: \"_id\") { id } }",
       R"({"PatientList":[{"id":"a"},{"id":"b"}]})"},
      {"{ PatientList(name: \"nobody\") { id } }", R"({"PatientList":[]})"},
      {"{ PatientList(fhirpath: \"active.not()\") { id } }", R"({"PatientList":[{"id":"b"}]})"},
      {"{ ObservationList(code: \"urn:c|k1\", value_quantity: \"gt3\", _sort: \"_id\") { id } }",
       R"({"ObservationList":[{"id":"o3"},{"id":"o5"}]})"},
      {"{ ObservationList(_sort: \"_id\", _count: 2, _offset: 1) { id } }",
       R"({"ObservationList":[{"id":"o1"},{"id":"o2"}]})"},
      {"{ Patient(id: a) { ObservationList(_reference: subject, _sort: \"_id\", _count: 1) { id } "
       "} }",
       R"({"Patient":{"ObservationList":[{"id":"o0"}]}})"},
      {"{ Patient(id: a) { ObservationConnection(_reference: patient) { count } } }",
       R"({"Patient":{"ObservationConnection":{"count":7}}})"},
      {"{ __typename }", R"({"__typename":"Query"})"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(server.data(row.query) == row.data);
  }
}

TEST_CASE("cursors lead through all matches once, though others are written meanwhile") {
  GraphServer server;
  std::string seen;
  std::string arguments = R"(patient: "a", _sort: "_id", _count: 3)";
  int pages = 0;
  for (; pages < 10; ++pages) {
    auto const response =
        server.query("{ ObservationConnection(" + arguments +
                     ") { count offset pagesize next edges { mode resource { id } } } }");
    REQUIRE_MESSAGE(response.status == 200, response.body);
    auto const document = rest::parsed(response);
    auto const page = document.root()["data"]["ObservationConnection"];
    CHECK(page["count"].text() == "7");
    CHECK(page["offset"].text() == std::to_string(pages * 3));
    CHECK(page["pagesize"].text() == "3");
    for (auto const edge : page["edges"].elements()) {
      CHECK(edge["mode"].text() == "match");
      seen += edge["resource"]["id"].text() + ' ';
    }
    server.put("Observation", "p" + std::to_string(pages),
               R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"})");
    if (!page["next"]) break;
    arguments = "_cursor: " + std::string(page["next"].source());
  }
  CHECK(pages == 2);
  CHECK(seen == "o0 o1 o2 o3 o4 o5 o6 ");
  // And back again, page by page, to the beginning.
  constexpr std::string_view kBack = "{ offset previous first edges { resource { id } } } }";
  std::string back;
  for (pages = 0; pages < 10; ++pages) {
    auto const response =
        server.query("{ ObservationConnection(" + arguments + ") " + std::string(kBack));
    REQUIRE_MESSAGE(response.status == 200, response.body);
    auto const document = rest::parsed(response);
    auto const page = document.root()["data"]["ObservationConnection"];
    back += page["offset"].text() + ':' + page["edges"].at(0)["resource"]["id"].text() + ' ';
    if (!page["previous"]) break;
    arguments = "_cursor: " + std::string(page["previous"].source());
  }
  CHECK(back == "6:o6 3:o3 0:o0 ");
  CHECK(server.query(R"({ ObservationConnection(_cursor: "x") { count } })").status == 400);
  CHECK(server.query(R"({ ObservationConnection(_cursor: "0:5:forged:patient=b") { count } })")
            .status == 400);
}

TEST_CASE("variables, operation names and every way to ask") {
  GraphServer server;
  constexpr std::string_view kQuery =
      R"(query A($use: code, $with: Boolean = false) { name(use: $use) { family use @include(if: $with) } } query B { id })";
  auto const post = [&](std::string const& body, std::string const& type) {
    return server.ask("POST", "/fhir/Patient/a/$graphql", body,
                      rest::headers({{"Content-Type", type}}));
  };
  auto const json = [&](std::string const& rest) {
    auto response =
        post(R"({"query":")" + std::string(kQuery) + "\"" + rest + "}", "application/json");
    return std::pair(response.status, response.body);
  };
  auto const all = json(R"(,"operationName":"A","variables":{"use":"official","with":true})");
  CHECK(all.second == R"({"data":{"name":[{"family":"Chalmers","use":"official"}]}})");
  CHECK(json(R"(,"operationName":"A","variables":{"use":["official","usual"]})").first == 400);
  CHECK(json(R"(,"operationName":"B","variables":null)").second == R"({"data":{"id":"a"}})");
  CHECK(json("").first == 400);
  CHECK(json(R"(,"operationName":"C")").first == 400);
  CHECK(json(R"(,"operationName":"A","variables":{"other":1})").first == 400);
  CHECK(json(R"(,"operationName":"A","variables":{"with":"yes"})").first == 400);
  CHECK(json(R"(,"operationName":"A","variables":[])").first == 400);
  CHECK(json(R"(,"unknown":1)").first == 400);
  auto const get =
      server.ask("GET",
                 "/fhir/Patient/a/$graphql?operationName=A&variables=%7B%22use%22%3A%22usual%22%7D"
                 "&query=query%20A(%24use%3Acode)%7Bname(use%3A%24use)%7Bgiven%7D%7D");
  CHECK(get.body == R"({"data":{"name":[{"given":["Jim"]}]}})");
  CHECK(post("query=%7Bid%7D", "application/x-www-form-urlencoded").body ==
        R"({"data":{"id":"a"}})");
  CHECK(post(R"({"resourceType":"Parameters","parameter":[{"name":"query","valueString":"{id}"}]})",
             "application/fhir+json")
            .body == R"({"data":{"id":"a"}})");
  CHECK(post("{id}", "text/plain").status == 415);
  CHECK(post("", "application/graphql").status == 400);
  CHECK(server.ask("GET", "/fhir/Patient/none/$graphql?query=%7Bid%7D").status == 404);
  auto const required = server.ask(
      "GET",
      "/fhir/Patient/a/$graphql?query=query(%24u%3A%20code!)%7Bname(use%3A%24u)%7Buse%7D%7D");
  CHECK(required.status == 400);
}

TEST_CASE("what is wrong is named, with its place and an outcome, and nothing is answered") {
  GraphServer server;
  struct {
    std::string_view query, message;
    int column;
  } const rows[] = {
      {"{ id nothing }", "Patient has no field 'nothing'", 6},
      {"{ name { family nothing } }", "HumanName has no field 'nothing'", 17},
      {"{ photo { nothing } }", "Attachment has no field 'nothing'", 11},
      {"{ name }", "'name' needs a selection: { ... }", 3},
      {"{ id { x } }", "'id' has nothing to select from", 3},
      {"{ active(use: x) }", "'active' has no argument 'use'", 10},
      {"{ name(period: x) { use } }", "'name' has no argument 'period'", 8},
      {"{ name(use: $u) { use } }", "the variable 'u' is not declared", 13},
      {"{ id @nothing }", "no such directive: '@nothing'", 6},
      {"{ id @skip }", "'@skip' takes the argument 'if'", 6},
      {"{ ...F }", "no such fragment: 'F'", 3},
      {"{ ... on Nothing { id } }", "no such type: 'Nothing'", 3},
      {"{ id } fragment F on Patient { ...F }", "the fragment contains itself", 8},
      {"{ ConditionList { id } }", "'ConditionList' needs the argument '_reference' here", 3},
      {"{ ConditionList(_reference: code) { id } }",
       "'_reference' names a parameter that is a reference", 17},
      {"{ ConditionList(_reference: patient, _include: x) { id } }",
       "'ConditionList' has no argument '_include'", 38},
      {"{ ConditionConnection(_reference: patient, _cursor: x) { count } }",
       "'ConditionConnection' has no argument '_cursor'", 44},
      {R"({ name(fhirpath: "family.") { use } })", "", 8},
      {R"({ name(fhirpath: "true) or (true") { use } })", "", 8},
      {"mutation { id }", "only queries are answered: writing is done by REST", 1},
      {"{ id", "a field is expected here", 5},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    auto const response = server.query(row.query, "/Patient/a");
    CHECK(response.status == 400);
    auto const document = rest::parsed(response);
    CHECK(document.root()["data"].kind() == json::Kind::null);
    auto const error = document.root()["errors"].at(0);
    if (!row.message.empty()) CHECK(error["message"].text() == row.message);
    CHECK(error["locations"].at(0)["line"].text() == "1");
    CHECK(error["locations"].at(0)["column"].text() == std::to_string(row.column));
    auto const outcome = error["extensions"]["resource"];
    CHECK(outcome["resourceType"].text() == "OperationOutcome");
    CHECK(fhir::check_structure(outcome).empty());
  }
  // Every fault at once.
  auto const both = rest::parsed(server.query("{ nothing never { x } name }", "/Patient/a"));
  CHECK(both.root()["errors"].size() == 3);
  CHECK(server.query("{ Patient { id } }").status == 400);
  CHECK(server.query("{ Patient(id: none) { id } }").status == 404);
  CHECK(server.query("{ PatientList(birthdate: \"soon\") { id } }").status == 400);
  CHECK(server.query("{ Nothing(id: a) { id } }").status == 400);
}

TEST_CASE("fragments that spread each other twice do not multiply the work") {
  GraphServer server;
  std::string text = "{ ...F0 }";
  for (int i = 0; i < 60; ++i) {
    auto const next = std::to_string(i + 1);
    text += " fragment F" + std::to_string(i) + " on Patient { ...F" + next + " ...F" + next + " }";
  }
  text += " fragment F60 on Patient { id }";
  CHECK(server.data(text, "/Patient/a") == R"({"id":"a"})");
}

TEST_CASE("a search for each of many resources ends at its limit") {
  GraphServer server;
  // 7 x 7 x 7 x 7 x 7 searches are more than one query may make.
  std::string text = "{ Patient(id: a) { ";
  for (int i = 0; i < 5; ++i) {
    text += "ObservationList(_reference: subject) { subject { resource(type: Patient) { ";
  }
  text += "id" + std::string(5 * 3 + 2, '}');
  CHECK(server.query(text).status == 413);
}

TEST_CASE("the schema describes itself to tools") {
  GraphServer server;
  auto const response = server.query(R"(query IntrospectionQuery {
    __schema { queryType { name } mutationType { name } types { ...FullType }
      directives { name locations args { ...InputValue } } } }
    fragment FullType on __Type { kind name description
      fields(includeDeprecated: true) { name args { ...InputValue } type { ...TypeRef } isDeprecated }
      inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name }
      possibleTypes { ...TypeRef } }
    fragment InputValue on __InputValue { name type { ...TypeRef } defaultValue }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name } } })");
  REQUIRE_MESSAGE(response.status == 200, response.body.substr(0, 500));
  auto const document = rest::parsed(response);
  auto const types = document.root()["data"]["__schema"]["types"];
  std::string patient;
  std::set<std::string> names, referred;
  for (auto const type : types.elements()) {
    CHECK(names.insert(type["name"].text()).second);
    for (auto const field : type["fields"].elements()) {
      auto const inner = field["type"]["ofType"];
      referred.insert((inner.is_object() ? inner : field["type"])["name"].text());
      for (auto const argument : field["args"].elements()) {
        auto const of = argument["type"]["ofType"];
        referred.insert((of.is_object() ? of : argument["type"])["name"].text());
      }
    }
  }
  for (auto const& name : referred) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
  CHECK(server.data(R"({ __type(name: "Patient") { name fields { name } } })")
            .find("\"birthDate\"") != std::string::npos);
}

}  // namespace
}  // namespace sinew::graphql
