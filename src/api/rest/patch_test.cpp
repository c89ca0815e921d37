#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

net::Headers json_patch(std::string_view if_match = {}) {
  auto made = headers({{"Content-Type", "application/json-patch+json"}});
  if (!if_match.empty()) made.add("If-Match", std::string(if_match));
  return made;
}

constexpr char kSetGender[] = R"([{"op":"add","path":"/gender","value":"female"}])";

}  // namespace

TEST_CASE("a JSON Patch makes a new version, and keeps decimals, order and extensions") {
  Server server;
  server.put("Observation", "o",
             R"("status":"final","code":{"text":"x"},)"
             R"("effectiveDateTime":"2024","_effectiveDateTime":{"id":"e"},)"
             R"("valueQuantity":{"value":1.500,"unit":"mg"})");
  auto const answer = server.ask("PATCH", "/fhir/Observation/o",
                                 R"([{"op":"test","path":"/status","value":"final"},)"
                                 R"({"op":"replace","path":"/status","value":"amended"}])",
                                 json_patch());
  CHECK(answer.status == 200);
  CHECK(answer.headers.value("ETag") == "W/\"2\"");
  CHECK(answer.headers.has("Last-Modified"));
  CHECK(answer.body.ends_with(R"("status":"amended","code":{"text":"x"},)"
                              R"("effectiveDateTime":"2024","_effectiveDateTime":{"id":"e"},)"
                              R"("valueQuantity":{"value":1.500,"unit":"mg"}})"));
  auto const same =
      server.ask("PATCH", "/fhir/Observation/o",
                 R"([{"op":"replace","path":"/status","value":"amended"}])", json_patch());
  CHECK(same.headers.value("ETag") == "W/\"2\"");
}

TEST_CASE("a patch that cannot be read is 400, one that does not fit 422, and nothing is stored") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  struct {
    std::string body;
    int status;
  } const rows[] = {
      {"[{", 400},
      {R"([{"op":"add","path":"gender","value":"male"}])", 400},
      {R"([{"op":"test","path":"/active","value":false}])", 422},
      {R"([{"op":"remove","path":"/gender"}])", 422},
      {R"([{"op":"add","path":"/gender","value":"purple"}])", 422},
      {R"([{"op":"add","path":"/colour","value":"purple"}])", 422},
      {R"([{"op":"replace","path":"/id","value":"q"}])", 422},
      {R"([{"op":"replace","path":"/resourceType","value":"Person"}])", 422},
      {R"([{"op":"replace","path":"","value":{"resourceType":"Patient","id":"p"}}])", 200},
  };
  for (auto const& row : rows) {
    CAPTURE(row.body);
    auto const answer = server.ask("PATCH", "/fhir/Patient/p", row.body, json_patch());
    CHECK(answer.status == row.status);
    if (row.status != 200) {
      CHECK_FALSE(diagnostics(answer).empty());
      CHECK(server.ask("GET", "/fhir/Patient/p").headers.value("ETag") == "W/\"1\"");
    }
  }
  auto const other =
      server.ask("PATCH", "/fhir/Patient/p", kSetGender, headers({{"Content-Type", "text/plain"}}));
  CHECK(other.status == 415);
  CHECK(other.headers.value("Accept-Patch").find("application/json-patch+json") !=
        std::string_view::npos);
  CHECK(server.ask("PATCH", "/fhir/Patient/none", kSetGender, json_patch()).status == 404);
  CHECK(server.ask("DELETE", "/fhir/Patient/p").status == 204);
  CHECK(server.ask("PATCH", "/fhir/Patient/p", kSetGender, json_patch()).status == 410);
}

TEST_CASE("If-Match lets a patch through for the current version only") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  server.put("Patient", "p", R"("active":false)");
  auto const late = server.ask("PATCH", "/fhir/Patient/p", kSetGender, json_patch("W/\"1\""));
  CHECK(late.status == 412);
  auto const right = server.ask("PATCH", "/fhir/Patient/p", kSetGender, json_patch("W/\"2\""));
  CHECK(right.status == 200);
}

TEST_CASE("a conditional patch changes the one match; none is 404, several are 412") {
  Server server;
  server.put("Patient", "a", R"("identifier":[{"system":"urn:x","value":"1"}],"active":true)");
  server.put("Patient", "b", R"("active":true)");
  auto const found =
      server.ask("PATCH", "/fhir/Patient?identifier=urn:x%7C1", kSetGender, json_patch());
  CHECK(found.status == 200);
  CHECK(parsed(found).root()["id"].text() == "a");
  CHECK(
      server.ask("PATCH", "/fhir/Patient?identifier=urn:x%7C2", kSetGender, json_patch()).status ==
      404);
  CHECK(server.ask("PATCH", "/fhir/Patient?active=true", kSetGender, json_patch()).status == 412);
  CHECK(server.ask("PATCH", "/fhir/Patient", kSetGender, json_patch()).status == 405);
}

TEST_CASE("removing the last of a list leaves no empty list behind") {
  Server server;
  server.put("Patient", "p", R"("identifier":[{"value":"1"}],"active":true)");
  auto const answer = server.ask("PATCH", "/fhir/Patient/p",
                                 R"([{"op":"remove","path":"/identifier/0"}])", json_patch());
  CHECK(answer.status == 200);
  CHECK_FALSE(parsed(answer).root()["identifier"].exists());
}

TEST_CASE("FHIRPath Patch comes as Parameters in JSON or XML, XML Patch as its own type") {
  Server server;
  server.put("Patient", "p", R"("name":[{"family":"A"},{"family":"B"}])");
  constexpr char kDelete[] =
      R"x({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)x"
      R"x({"name":"type","valueCode":"delete"},{"name":"path",)x"
      R"x("valueString":"Patient.name.where(family='A')"}]}]})x";
  auto const by_json =
      server.ask("PATCH", "/fhir/Patient/p", kDelete,
                 headers({{"Content-Type", "application/fhir+json; charset=utf-8"}}));
  CHECK(by_json.status == 200);
  CHECK(parsed(by_json).root()["name"].size() == 1);
  auto const by_xml = server.ask(
      "PATCH", "/fhir/Patient/p",
      R"(<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>)"
      R"(<part><name value="type"/><valueCode value="replace"/></part>)"
      R"(<part><name value="path"/><valueString value="Patient.name[0].family"/></part>)"
      R"(<part><name value="value"/><valueString value="C"/></part></parameter></Parameters>)",
      headers({{"Content-Type", "application/fhir+xml"}}));
  CHECK(by_xml.status == 200);
  CHECK(parsed(by_xml).root()["name"].at(0)["family"].text() == "C");
  auto const xml = server.ask(
      "PATCH", "/fhir/Patient/p",
      R"(<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:name/f:family/@value">D)"
      R"(</replace><add sel="f:Patient/f:name" pos="after"><f:active value="true"/></add></diff>)",
      headers({{"Content-Type", "application/xml-patch+xml"}}));
  CHECK(xml.status == 200);
  CHECK(parsed(xml).root()["name"].at(0)["family"].text() == "D");
  CHECK(parsed(xml).root()["active"].boolean());
  auto const no_element = server.ask(
      "PATCH", "/fhir/Patient/p",
      R"(<diff><add sel="f:Patient"><colour xmlns="http://hl7.org/fhir" value="x"/></add></diff>)",
      headers({{"Content-Type", "application/xml-patch+xml"}}));
  CHECK(no_element.status == 422);
}

TEST_CASE("batch and transaction take patches as Binary or Parameters") {
  Server server;
  server.put("Patient", "p", R"("active":true)");
  // [{"op":"add","path":"/gender","value":"female"}]
  constexpr char kBinary[] =
      R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":)"
      R"("W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoiZmVtYWxlIn1d"})";
  constexpr char kParameters[] =
      R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)"
      R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},)"
      R"({"name":"name","valueString":"birthDate"},{"name":"value","valueDate":"1970-01-01"}]}]})";
  auto const bundle = [](std::string_view type, std::string_view resource, std::string_view more) {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) +
           R"(","entry":[{"resource":)" + std::string(resource) +
           R"(,"request":{"method":"PATCH","url":"Patient/p"}})" + std::string(more) + "]}";
  };
  auto const batch = parsed(server.ask("POST", "/fhir", bundle("batch", kBinary, "")));
  CHECK(batch.root()["entry"].at(0)["response"]["status"].text() == "200 OK");
  CHECK(parsed(server.ask("GET", "/fhir/Patient/p")).root()["gender"].text() == "female");
  auto const done = server.ask("POST", "/fhir", bundle("transaction", kParameters, ""));
  CHECK(done.status == 200);
  CHECK(parsed(done).root()["entry"].at(0)["response"]["etag"].text() == "W/\"3\"");
  // All or nothing: the second entry is at fault.
  auto const refused =
      server.ask("POST", "/fhir",
                 bundle("transaction",
                        R"({"resourceType":"Binary","contentType":"application/json-patch+json",)"
                        R"("data":"W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2dlbmRlciJ9XQ=="})",
                        R"(,{"resource":{"resourceType":"Patient","gender":"x"},)"
                        R"("request":{"method":"POST","url":"Patient"}})"));
  CHECK(refused.status == 422);
  CHECK(parsed(server.ask("GET", "/fhir/Patient/p")).root()["gender"].text() == "female");
  auto const missing = server.ask(
      "POST", "/fhir",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
          std::string(kBinary) + R"(,"request":{"method":"PATCH","url":"Patient?_id=none"}}]})");
  CHECK(missing.status >= 400);
}

// Every patch adds one identifier: none may be lost however they interleave.
TEST_CASE("patches of many clients on one resource lose nothing") {
  Server server;
  server.put("Patient", "p", R"("identifier":[{"value":"0"}])");
  constexpr int kThreads = 4;
  constexpr int kPatches = 10;
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kPatches; ++i) {
        auto const value = std::to_string(thread) + "-" + std::to_string(i);
        auto const body =
            R"([{"op":"add","path":"/identifier/-","value":{"value":")" + value + R"("}}])";
        if (server.ask("PATCH", "/fhir/Patient/p", body, json_patch()).status == 200) ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(answered == kThreads * kPatches);
  auto const read = parsed(server.ask("GET", "/fhir/Patient/p"));
  CHECK(read.root()["identifier"].size() == kThreads * kPatches + 1);
}
