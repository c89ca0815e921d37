#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "api/operations/care_time.h"
#include "api/operations/operations_test.h"
#include "api/operations/references.h"
#include "fhir/definitions.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

using Keys = std::vector<std::string>;

std::set<std::string> set_of(Keys const& keys) {
  std::set<std::string> all(keys.begin(), keys.end());
  CHECK_MESSAGE(all.size() == keys.size(), "something comes twice");
  return all;
}

std::string subject(std::string_view patient) {
  return R"("subject":{"reference":"Patient/)" + std::string(patient) + "\"}";
}

/// Two patients with records; what they share is nobody's.
struct Hospital : OperationsServer {
  Hospital() {
    put("Organization", "o", R"("name":"Ward","partOf":{"reference":"Organization/top"})");
    put("Organization", "top", R"("name":"Hospital")");
    put("Organization", "elsewhere", R"("name":"Not ours")");
    put("Practitioner", "d", R"("name":[{"family":"Doctor"}])");
    put("PractitionerRole", "r",
        R"("practitioner":{"reference":"Practitioner/d"},"organization":{"reference":"Organization/o"})");
    put("Patient", "other", "");
    put("Patient", "p", R"("managingOrganization":{"reference":"Organization/o"})");
    put("Encounter", "e",
        R"("status":"finished","class":{"code":"AMB"},"period":{"start":"2020-05-01","end":"2020-05-03"},)" +
            subject("p") +
            R"(,"participant":[{"individual":{"reference":"PractitionerRole/r"}}],)"
            R"("diagnosis":[{"condition":{"reference":"Condition/c"}}])");
    put("Condition", "c", R"("recordedDate":"2019-01-01",)" + subject("p"));
    observation("a", "p", "2020-05-02T10:00:00Z", R"(,"encounter":{"reference":"Encounter/e"})");
    observation("b", "p", "2021-01-01", "");
    observation("x", "other", "2020-05-02", "");
    put("Binary", "scan", R"("contentType":"text/plain","data":"eA==")");
    put("DocumentReference", "doc",
        R"("status":"current","content":[{"attachment":{"url":"Binary/scan"}}],)" + subject("p"));
    put("Group", "g",
        R"("type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p"}},)"
        R"({"entity":{"reference":"Patient/other"}}])");
  }

  void observation(std::string const& id, std::string const& patient, std::string const& when,
                   std::string const& more) {
    put("Observation", id,
        R"("status":"final","code":{"text":"t"},"effectiveDateTime":")" + when + "\"," +
            subject(patient) + more);
  }
};

Keys const kMembers = {"Patient/p",     "Encounter/e",           "Condition/c", "Observation/a",
                       "Observation/b", "DocumentReference/doc", "Group/g"};
Keys const kOthers = {"Binary/scan", "Organization/o", "Organization/top", "Practitioner/d",
                      "PractitionerRole/r"};

std::set<std::string> united(Keys const& a, Keys const& b) {
  std::set<std::string> all(a.begin(), a.end());
  all.insert(b.begin(), b.end());
  return all;
}

}  // namespace

TEST_CASE("$everything of a patient is the record, what it refers to, and nothing of others") {
  Hospital server;
  auto const response = server.ask("GET", "/fhir/Patient/p/$everything");
  REQUIRE_MESSAGE(response.status == 200, response.body);
  auto const document = parsed(response);
  auto const root = document.root();
  CHECK(root["type"].text() == "searchset");
  CHECK(root["total"].text() == std::to_string(kMembers.size()));
  CHECK(root["entry"].at(0)["resource"]["id"].text() == "p");
  CHECK(root["link"].size() == 1);
  CHECK(set_of(server.all_pages("/fhir/Patient/p/$everything")) == united(kMembers, kOthers));
  for (auto const entry : root["entry"].elements()) {
    auto const key =
        entry["resource"]["resourceType"].text() + "/" + entry["resource"]["id"].text();
    bool const is_member = std::ranges::find(kMembers, key) != kMembers.end();
    CHECK(entry["search"]["mode"].text() == (is_member ? "match" : "include"));
    CHECK(entry["fullUrl"].text() == "http://h:1/fhir/" + key);
  }
}

TEST_CASE("$everything of an encounter is what belongs to it, with the patient") {
  Hospital server;
  CHECK(set_of(server.all_pages("/fhir/Encounter/e/$everything")) ==
        std::set<std::string>{"Encounter/e", "Observation/a", "Patient/p", "Condition/c",
                              "PractitionerRole/r", "Practitioner/d", "Organization/o",
                              "Organization/top"});
  CHECK(server.ask("GET", "/fhir/Encounter/e/$everything?start=2020-01-01").status == 400);
}

TEST_CASE("pages of $everything of any size show the same, each resource once") {
  Hospital server;
  auto const whole = set_of(server.all_pages("/fhir/Patient/p/$everything"));
  for (int count = 1; count <= 13; ++count) {
    CAPTURE(count);
    auto const target = "/fhir/Patient/p/$everything?_count=" + std::to_string(count);
    CHECK(set_of(server.all_pages(target)) == whole);
    auto const dated = target + "&start=2000-01-01&end=2100-01-01";
    CHECK(set_of(server.all_pages(dated)) == whole);
  }
}

TEST_CASE("_type, _since, start and end choose from the record") {
  Hospital server;
  auto const ask = [&](std::string const& query) {
    return set_of(server.all_pages("/fhir/Patient/p/$everything?" + query));
  };
  using Set = std::set<std::string>;
  CHECK(ask("_type=Observation") == Set{"Observation/a", "Observation/b"});
  CHECK(ask("_type=Observation,Organization&_type=Patient") ==
        Set{"Observation/a", "Observation/b", "Organization/o", "Organization/top", "Patient/p"});
  CHECK(ask("_type=Practitioner") == Set{"Practitioner/d"});
  CHECK(ask("_type=Claim").empty());
  CHECK(ask("_type=Observation,Encounter&start=2020-05-03&end=2020-12-31") == Set{"Encounter/e"});
  CHECK(ask("_type=Observation,Encounter&end=2020-05-02") == Set{"Encounter/e", "Observation/a"});
  CHECK(ask("_type=Observation,Encounter&start=2020-05-04") == Set{"Observation/b"});
  // What does not say when is never left out.
  CHECK(ask("_type=Patient,Group,DocumentReference&start=2100-01-01") ==
        Set{"Patient/p", "Group/g", "DocumentReference/doc"});
  auto const changed = parsed(server.ask("GET", "/fhir/Observation/a"));
  auto const since = changed.root()["meta"]["lastUpdated"].text();
  server.put("Practitioner", "d", R"("name":[{"family":"Renamed"}])");
  CHECK(ask("_since=" + since) ==
        Set{"Observation/b", "DocumentReference/doc", "Group/g", "Binary/scan", "Practitioner/d"});
  CHECK(ask("_since=2100-01-01T00:00:00Z").empty());
  CHECK(ask("_since=2100-01-01T00:00:00+05:00").empty());
  CHECK(ask("_since=2000-01-01&_type=Observation").size() == 2);
}

TEST_CASE("$everything refuses what it cannot answer") {
  Hospital server;
  CHECK(server.ask("GET", "/fhir/Patient/none/$everything").status == 404);
  CHECK(server.ask("DELETE", "/fhir/Patient/other").status == 204);
  CHECK(server.ask("GET", "/fhir/Patient/other/$everything").status == 410);
  for (auto const query : {"_count=x", "_count=-1", "_type=Nothing", "_since=yesterday",
                           "start=soon", "colour=red", "_cursor=x", "_cursor=m.1.0..abc"}) {
    CAPTURE(query);
    auto const response = server.ask("GET", std::string("/fhir/Patient/p/$everything?") + query);
    CHECK(response.status == 400);
    CHECK_FALSE(diagnostics(response).empty());
  }
  auto const lenient = headers({{"Prefer", "handling=lenient"}});
  for (auto const query : {"colour=red", "colour=red&_type=Claim"}) {
    auto const response =
        server.ask("GET", std::string("/fhir/Patient/p/$everything?") + query, {}, lenient);
    CHECK(response.status == 200);
    auto const entries = parsed(response);
    auto const last = entries.root()["entry"].at(entries.root()["entry"].size() - 1);
    CHECK(last["search"]["mode"].text() == "outcome");
  }
  auto const count = parsed(server.ask("GET", "/fhir/Patient/p/$everything?_count=0"));
  CHECK(count.root()["total"].text() == std::to_string(kMembers.size()));
  CHECK(count.root()["entry"].size() == 0);
}

TEST_CASE("a cursor of $everything holds for its question alone") {
  Hospital server;
  auto const page = parsed(server.ask("GET", "/fhir/Patient/p/$everything?_count=2"));
  auto const next = page.root()["link"].at(1)["url"].text();
  auto const cursor = next.substr(next.find("_cursor="));
  CHECK(server.ask("GET", "/fhir/Patient/p/$everything?_count=2&" + cursor).status == 200);
  CHECK(server.ask("GET", "/fhir/Patient/other/$everything?_count=2&" + cursor).status == 400);
  CHECK(server.ask("GET", "/fhir/Patient/p/$everything?_count=2&_type=Patient&" + cursor).status ==
        400);
  auto forged = cursor;
  forged[forged.size() / 2] = forged[forged.size() / 2] == '1' ? '2' : '1';
  CHECK(server.ask("GET", "/fhir/Patient/p/$everything?_count=2&" + forged).status == 400);
}

TEST_CASE("pages across writes show the record as it was at the first") {
  OperationsServer server;
  server.put("Patient", "p", "");
  constexpr int kObservations = 60;
  auto const observe = [&](int number) {
    server.put("Observation", "o" + std::to_string(number),
               R"("status":"final","code":{"text":"t"},)" + subject("p"));
  };
  for (int i = 0; i < kObservations; ++i) observe(i);
  for (std::string const dates : {"", "&start=1900-01-01"}) {
    int written = 1000;
    auto const keys =
        server.all_pages("/fhir/Patient/p/$everything?_count=7" + dates, [&](int page) {
          observe(written++);
          auto const id = "o" + std::to_string(page * 5);
          server.put("Observation", id,
                     R"("status":"amended","code":{"text":"new"},)" + subject("p"));
        });
    auto const all = set_of(keys);
    for (int i = 0; i < kObservations; ++i)
      CHECK(all.contains("Observation/o" + std::to_string(i)));
    CHECK(all.size() == kObservations + 1);
    for (int i = 1000; i < written; ++i)
      server.ask("DELETE", "/fhir/Observation/o" + std::to_string(i));
  }
}

TEST_CASE("a record of 1,000 resources comes in one answer, or in pages") {
  OperationsServer server;
  server.put("Patient", "p", R"("generalPractitioner":[{"reference":"Practitioner/d0"}])");
  std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  auto const add = [&](std::string const& key, std::string const& body) {
    if (bundle.back() != '[') bundle += ',';
    bundle += R"({"resource":)" + body + R"(,"request":{"method":"PUT","url":")" + key + "\"}}";
  };
  for (int i = 0; i < 1000; ++i) {
    auto const id = std::to_string(i);
    add("Observation/" + id,
        R"({"resourceType":"Observation","id":")" + id +
            R"(","status":"final","code":{"text":"t"},"performer":[{"reference":"Practitioner/d)" +
            std::to_string(i % 20) + R"("}],)" + subject(i % 10 == 9 ? "q" : "p") + "}");
  }
  for (int i = 0; i < 20; ++i) {
    auto const id = "d" + std::to_string(i);
    add("Practitioner/" + id, R"({"resourceType":"Practitioner","id":")" + id + "\"}");
  }
  REQUIRE(server.ask("POST", "/fhir", bundle + "]}").status == 200);
  auto const whole = server.all_pages("/fhir/Patient/p/$everything");
  CHECK(set_of(whole).size() == 1 + 900 + 20 - 2);  // d9 and d19 are q's alone
  CHECK(set_of(server.all_pages("/fhir/Patient/p/$everything?_count=100")) == set_of(whole));
}

TEST_CASE("$everything as of an instant is the record as it was") {
  Hospital server;
  auto const then = set_of(server.all_pages("/fhir/Patient/p/$everything"));
  auto const instant = to_string(Instant{server.clock.ms});
  server.observation("late", "p", "2021-01-01", "");
  server.ask("DELETE", "/fhir/Observation/a");
  server.put("Practitioner", "d", R"("name":[{"family":"Renamed"}])");
  server.put("PractitionerRole", "r", R"("active":false)");
  auto const target = "/fhir/Patient/p/$everything?_asOf=" + instant;
  CHECK(set_of(server.all_pages(target)) == then);
  CHECK(set_of(server.all_pages(target + "&_count=2")) == then);
  CHECK(server.ask("GET", target).body.find("Renamed") == std::string::npos);
  CHECK(set_of(server.all_pages("/fhir/Patient/p/$everything")) != then);
  CHECK(server.ask("GET", "/fhir/Patient/p/$everything?_asOf=2100-01-01T00:00:00Z").status == 400);
  CHECK(server.ask("GET", "/fhir/Patient/p/$everything?_asOf=2000-01-01T00:00:00Z").status == 404);
}

TEST_CASE("references are found in the text of a body") {
  auto const found = [](std::string_view body) {
    std::string all;
    each_reference(body, "http://h/fhir",
                   [&](LocalReference reference) { all += reference.key() + " "; });
    return all;
  };
  CHECK(found(R"({"a":{"reference":"Patient/1"},"b":[{"reference":"Group/x/_history/2"}]})") ==
        "Patient/1 Group/x ");
  CHECK(found(R"({"reference":"http://h/fhir/Patient/1"})") == "Patient/1 ");
  CHECK(found(R"({"reference":"http://elsewhere/fhir/Patient/1"})").empty());
  CHECK(
      found(R"({"reference":"#a"},{"reference":"urn:uuid:x"},{"reference":"Nothing/1"})").empty());
  CHECK(found(R"({"url":"Binary/b","url":"Patient/1","url":"http://h/fhir/Binary/c"})") ==
        "Binary/b Binary/c ");
  CHECK(found(R"({"url":"NotBinary/b","url":"http://x/Binary/c"})").empty());
  CHECK(found(R"({"text":"\"reference\":\"Patient/1\""})").empty());
  CHECK(found(R"({"reference":")").empty());
}

TEST_CASE("every row of the times of care names an element that there is") {
  for (auto const& row : care_time_table()) {
    auto const type = fhir::find_type(row.type);
    CAPTURE(row.type);
    REQUIRE(type != 0);
    std::string_view rest = row.elements;
    while (!rest.empty()) {
      auto const blank = std::min(rest.find(' '), rest.size());
      auto const* const element = fhir::find_element(type, rest.substr(0, blank));
      CAPTURE(rest);
      REQUIRE(element != nullptr);
      auto const name = fhir::type(element->type).name.view();
      CHECK((name == "dateTime" || name == "date" || name == "instant" || name == "Period"));
      rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
  }
}
