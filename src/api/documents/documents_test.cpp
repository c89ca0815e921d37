#include "api/documents/documents.h"

#include <doctest/doctest.h>

#include "api/documents/narrative.h"
#include "api/rest/rest_test.h"
#include "fhir/check.h"
#include "fhirpath/narrative.h"

namespace sinew::documents {
namespace {

struct DocumentServer : rest::Server {
  DocumentServer() { REQUIRE(add_documents(*service)); }

  json::Document get(std::string const& path, int status = 200) {
    auto const response = ask("GET", "/fhir/" + path);
    CHECK_MESSAGE(response.status == status, response.body);
    return rest::parsed(response);
  }
};

/// "Patient/1 Observation/2": what a bundle holds, in order; made resources by their type alone.
std::string contents(json::Value bundle) {
  std::string found;
  for (auto const entry : bundle["entry"].elements()) {
    auto const resource = entry["resource"];
    if (!found.empty()) found += ' ';
    found += resource["resourceType"].text();
    if (entry["fullUrl"].text().starts_with("http")) found += '/' + resource["id"].text();
  }
  return found;
}

void check_document(json::Value bundle) {
  CHECK(bundle["type"].text() == "document");
  for (auto const& issue : fhir::check_structure(bundle)) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  for (auto const& issue : fhir::check_bundle(bundle)) {
    if (issue.severity == Severity::error) FAIL_CHECK(issue.where << ": " << issue.what);
  }
}

json::Value section_of(json::Value bundle, std::string_view code) {
  for (auto const section : bundle["entry"].at(0)["resource"]["section"].elements()) {
    if (section["code"]["coding"].at(0)["code"].text() == code) return section;
  }
  return {};
}

void put_composition(DocumentServer& server, std::string_view id, std::string_view more = "") {
  server.put("Composition", id,
             R"("status":"final","type":{"text":"x"},"date":"2020-01-01","title":"t",
        "subject":{"reference":"Patient/p"},"author":[{"reference":"Practitioner/d"}],
        "relatesTo":[{"code":"appends","targetReference":{"reference":"Composition/other"}}],
        "section":[{"title":"s","entry":[{"reference":"MedicationRequest/m"}],
          "section":[{"title":"n","entry":[{"reference":"http://h:1/fhir/Observation/o"}]}]}])" +
                 std::string(more));
}

void put_patient(DocumentServer& server) {
  server.put(
      "Patient", "p",
      R"("identifier":[{"system":"urn:n","value":"7"}],"name":[{"family":"<b>O'Neill & co</b>"}],
                "birthDate":"1980-01-01")");
  server.put("Practitioner", "d", R"("name":[{"family":"D"}])");
  server.put("Medication", "tablet", R"("code":{"text":"Tablets <script>"})");
  server.put("MedicationRequest", "m",
             R"("status":"active","intent":"order","subject":{"reference":"Patient/p"},
                "medicationReference":{"reference":"Medication/tablet"},
                "requester":{"reference":"Practitioner/gone"},"encounter":{"reference":"Encounter/e"})");
  server.put("Observation", "o",
             R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"})");
}

}  // namespace

TEST_CASE("a document holds what its Composition refers to, each resource once") {
  DocumentServer server;
  put_patient(server);
  put_composition(server, "c");
  auto const document = server.get("Composition/c/$document");
  auto const bundle = document.root();
  check_document(bundle);
  CHECK(contents(bundle) ==
        "Composition/c Patient/p Practitioner/d MedicationRequest/m Observation/o "
        "Medication/tablet");
  CHECK(bundle["identifier"]["value"].text().starts_with("urn:uuid:"));
  CHECK(bundle["timestamp"].exists());
  CHECK(contents(server.get("Composition/$document?id=c").root()) == contents(bundle));
  CHECK(server.get("Bundle?_summary=count").root()["total"].text() == "0");

  server.get("Composition/none/$document", 404);
  server.get("Composition/c/$document?persist=true", 400);
  server.get("Composition/c/$document?graph=x", 400);
  server.get("Composition/$document", 400);
  server.get("Composition/c/$document?id=c", 400);
  server.get("Composition/$document?id=http://other/Composition/c", 400);
  server.get("Composition/c/$document?unknown=1", 400);
}

TEST_CASE("a document that is to be kept is a Bundle from then on") {
  DocumentServer server;
  put_patient(server);
  put_composition(server, "c");
  auto const response = server.ask(
      "POST", "/fhir/Composition/c/$document",
      R"({"resourceType":"Parameters","parameter":[{"name":"persist","valueBoolean":true}]})");
  REQUIRE_MESSAGE(response.status == 200, response.body);
  auto const made = rest::parsed(response);
  check_document(made.root());
  auto const id = made.root()["id"].text();
  CHECK(response.headers.value("Location") == "http://h:1/fhir/Bundle/" + id + "/_history/1");
  server.put("Patient", "p", R"("active":false)");
  // What was kept stays as it was.
  CHECK(server.get("Bundle/" + id).root()["entry"].at(1)["resource"]["active"].exists() == false);
  CHECK(server.get("Composition/c/$document").root()["entry"].at(1)["resource"]["active"].text() ==
        "false");
}

TEST_CASE("a document that lacks a page is refused, with the name of the page") {
  DocumentServer server;
  put_patient(server);
  put_composition(server, "c", R"(,"custodian":{"reference":"Organization/gone"})");
  auto const response = server.ask("GET", "/fhir/Composition/c/$document");
  CHECK(response.status == 422);
  CHECK(rest::diagnostics(response).find("Organization/gone") != std::string::npos);
  put_composition(server, "d", R"(,"custodian":{"reference":"http://other/Organization/1"})");
  CHECK(server.ask("GET", "/fhir/Composition/d/$document").status == 422);
  // A version is that version.
  put_composition(server, "e", R"(,"custodian":{"reference":"Organization/v/_history/1"})");
  server.put("Organization", "v", R"("name":"old")");
  server.put("Organization", "v", R"("name":"new")");
  auto const document = server.get("Composition/e/$document");
  bool has_old = false;
  for (auto const entry : document.root()["entry"].elements()) {
    has_old |= entry["resource"]["name"].is_string() && entry["resource"]["name"].text() == "old";
  }
  CHECK(has_old);
}

TEST_CASE("a summary of nothing says of the required sections that nothing is known") {
  DocumentServer server;
  server.put("Patient", "p", "");
  auto const document = server.get("Patient/p/$summary");
  auto const bundle = document.root();
  check_document(bundle);
  CHECK(contents(bundle) ==
        "Composition Patient/p MedicationStatement AllergyIntolerance Condition Device");
  CHECK(bundle["entry"].at(0)["resource"]["section"].size() == 3);
  struct {
    std::string_view section, code;
    std::size_t entry;
  } const rows[] = {{"10160-0", "no-medication-info", 2},
                    {"48765-2", "no-allergy-info", 3},
                    {"11450-4", "no-problem-info", 4}};
  for (auto const& row : rows) {
    auto const section = section_of(bundle, row.section);
    auto const entry = bundle["entry"].at(row.entry);
    CHECK(section["entry"].at(0)["reference"].text() == entry["fullUrl"].text());
    CHECK(entry["resource"].source().find(row.code) != std::string_view::npos);
    CHECK(entry["resource"].source().find("http://h:1/fhir/Patient/p") != std::string_view::npos);
  }
}

TEST_CASE("a summary takes what the table says, and shows it to people") {
  DocumentServer server;
  put_patient(server);
  auto const about = std::string(R"("subject":{"reference":"Patient/p"},)");
  server.put("Condition", "open", about + R"("code":{"text":"Asthma"})");
  server.put(
      "Condition", "over",
      about +
          R"("code":{"coding":[{"code":"x","display":"Measles"}]},"clinicalStatus":{"coding":[{
        "system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]})");
  server.put("Condition", "wrong", about + R"("verificationStatus":{"coding":[{
        "system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]})");
  server.put("Condition", "others",
             R"("subject":{"reference":"Patient/q"},"code":{"text":"Theirs"})");
  auto const category = [](std::string_view code) {
    return R"("category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":")" +
           std::string(code) + R"("}]}],)";
  };
  for (int i = 0; i < 60; ++i) {
    server.put(
        "Observation", "vital" + std::to_string(i),
        about + category("vital-signs") +
            R"("status":"final","code":{"text":"Pulse"},"effectiveDateTime":"2020-01-01T00:00:)" +
            (i < 10 ? "0" : "") + std::to_string(i) +
            R"(Z","valueQuantity":{"value":72.50,"unit":"/min"})");
  }
  server.put("Observation", "lab",
             about + category("laboratory") + R"("status":"preliminary","code":{"text":"x"})");
  for (auto const* const day : {"01", "02"}) {
    server.put(
        "Observation", std::string("smoke") + day,
        about + category("social-history") +
            R"("status":"final","code":{"coding":[{"system":"http://loinc.org","code":"72166-2"}]},
                     "effectiveDateTime":"2020-01-)" +
            day + R"(","valueCodeableConcept":{"text":"Never"})");
  }
  auto const document = server.get("Patient/p/$summary");
  auto const bundle = document.root();
  check_document(bundle);
  auto const entries = [&](std::string_view code) {
    std::string found;
    for (auto const entry : section_of(bundle, code)["entry"].elements()) {
      auto const reference = entry["reference"].text();
      found += reference.substr(reference.rfind('/') + 1) + ' ';
    }
    return found;
  };
  CHECK(entries("10160-0") == "m ");
  CHECK(entries("11450-4") == "open ");
  CHECK(entries("11348-0") == "over ");
  CHECK(entries("29762-2") == "smoke02 ");
  CHECK(entries("30954-2") == "");
  CHECK_FALSE(section_of(bundle, "30954-2"));
  CHECK(section_of(bundle, "8716-3")["entry"].size() == 50);
  auto const vitals = section_of(bundle, "8716-3")["text"]["div"].text();
  CHECK(vitals.find("<td>72.50 /min</td><td></td><td>2020-01-01T00:00:59Z</td>") !=
        std::string::npos);
  CHECK(vitals.find("newest 50") != std::string::npos);
  // The medication's name comes from another resource, which is in the document too.
  auto const medications = section_of(bundle, "10160-0")["text"]["div"].text();
  CHECK(medications.find("Tablets &lt;script&gt;") != std::string::npos);
  CHECK(contents(bundle).find("Medication/tablet") != std::string::npos);
  CHECK(contents(bundle).find("Measles") == std::string::npos);
  for (auto const section : bundle["entry"].at(0)["resource"]["section"].elements()) {
    CHECK(fhirpath::is_safe_narrative(section["text"]["div"].text()));
  }
  // What the profiles want and is not stored is said to be unknown, in the copy alone.
  for (auto const entry : bundle["entry"].elements()) {
    if (entry["resource"]["id"].text() != "open") continue;
    CHECK(entry["resource"]["clinicalStatus"]["extension"].at(0)["valueCode"].text() == "unknown");
  }
  CHECK_FALSE(server.get("Condition/open").root()["clinicalStatus"]);
}

TEST_CASE("a summary is asked for by id, by identifier, and by nothing else") {
  DocumentServer server;
  put_patient(server);
  CHECK(contents(server.get("Patient/$summary?identifier=urn:n%7C7").root()) ==
        contents(server.get("Patient/p/$summary").root()));
  auto const posted = server.ask(
      "POST", "/fhir/Patient/$summary",
      R"({"resourceType":"Parameters","parameter":[{"name":"identifier","valueIdentifier":{"system":"urn:n","value":"7"}}]})");
  CHECK(posted.status == 200);
  server.get(
      "Patient/p/$summary?profile=http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips");
  server.get("Patient/p/$summary?profile=http://other", 400);
  server.get("Patient/p/$summary?graph=x", 400);
  server.get("Patient/$summary", 400);
  server.get("Patient/$summary?identifier=nobody", 404);
  server.get("Patient/gone/$summary", 404);
  server.put("Patient", "twin", R"("identifier":[{"system":"urn:n","value":"7"}])");
  server.get("Patient/$summary?identifier=urn:n%7C7", 412);
}

TEST_CASE("references to documents: those stored, and one to a summary where none is there") {
  DocumentServer server;
  put_patient(server);
  auto const found = [&](std::string const& query) {
    auto const document = server.get("DocumentReference/$docref?" + query);
    CHECK(document.root()["type"].text() == "searchset");
    for (auto const& issue : fhir::check_structure(document.root())) {
      FAIL_CHECK(issue.where << ": " << issue.what);
    }
    std::string ids;
    for (auto const entry : document.root()["entry"].elements()) {
      auto const id = entry["resource"]["id"].text();
      ids += (id.starts_with("summary-") ? "summary" : id) + ' ';
    }
    CHECK(document.root()["total"].text() == std::to_string(document.root()["entry"].size()));
    return ids;
  };
  CHECK(found("patient=nobody") == "");
  CHECK(found("patient=p") == "summary ");
  CHECK(found("patient=p&on-demand=true") == "summary ");
  CHECK(found("patient=p&type=http://loinc.org%7C60591-5") == "summary ");
  CHECK(found("patient=p&type=http://loinc.org%7C11488-4") == "");
  CHECK(found("patient=p&profile=http://other") == "");
  CHECK(found("patient=p&end=2001-01-01") == "");
  auto const note = [&](std::string const& id, std::string const& code, std::string const& more) {
    server.put(
        "DocumentReference", id,
        R"("status":"current","subject":{"reference":"Patient/p"},"type":{"coding":[{"system":"http://loinc.org","code":")" +
            code + R"("}]},"content":[{"attachment":{"url":"Binary/1"}}],)" + more);
  };
  note("old", "11488-4", R"("date":"2019-01-01T00:00:00Z")");
  note("new", "11488-4", R"("date":"2020-01-01T00:00:00Z")");
  note(
      "stay", "18842-5",
      R"("date":"2021-01-01T00:00:00Z","context":{"period":{"start":"2015-03-01","end":"2015-03-09"}})");
  CHECK(found("patient=p") == "stay new summary ");
  CHECK(found("patient=p&on-demand=true") == "summary ");
  CHECK(found("patient=p&type=11488-4") == "new ");
  CHECK(found("patient=p&start=2015-03-05&end=2015-04-01") == "stay ");
  CHECK(found("patient=p&start=2018-01-01&end=2020-06-01&type=11488-4") == "new old ");
  // A stored CCD is the answer instead of a made one.
  note("ccd", "34133-9", R"("date":"2022-01-01T00:00:00Z")");
  CHECK(found("patient=p") == "ccd stay new ");
  // The made one leads to the summary and can be read like any other.
  auto const made = server.get("DocumentReference/$docref?patient=p&on-demand=true");
  auto const resource = made.root()["entry"].at(0)["resource"];
  auto const url = resource["content"].at(0)["attachment"]["url"].text();
  CHECK(url == "http://h:1/fhir/Patient/p/$summary");
  CHECK(server.get(url.substr(std::string("http://h:1/fhir/").size())).root()["type"].text() ==
        "document");
  CHECK(
      server.get("DocumentReference/" + resource["id"].text()).root()["meta"]["versionId"].text() ==
      "1");
  server.get("DocumentReference/$docref", 400);
  server.get("DocumentReference/$docref?patient=p&start=soon", 400);
}

TEST_CASE("text of a narrative is text, whatever it holds") {
  CHECK(xml_text("a<b>&\"'\x01\n\xC3\xA9") == "a&lt;b&gt;&amp;&quot;&#39;\n\xC3\xA9");
  auto const div = narrative_div({{{"T<"}, {{"</td><script>alert(1)</script>"}}}}, {"]]>"});
  CHECK(fhirpath::is_safe_narrative(div));
  CHECK(div.find("<script") == std::string::npos);
}

}  // namespace sinew::documents
