#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "api/operations/operations_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

std::string meta_of(net::HttpResponse const& response) {
  REQUIRE_MESSAGE(response.status == 200, response.body);
  auto const document = parsed(response);
  auto const parameter = document.root()["parameter"].at(0);
  CHECK(parameter["name"].text() == "return");
  return std::string(parameter["valueMeta"].source());
}

std::string meta_body(std::string const& meta) {
  return parameters(R"({"name":"meta","valueMeta":)" + meta + "}");
}

}  // namespace

TEST_CASE("$meta of a resource and of a version is the Meta that reading shows") {
  OperationsServer server;
  server.put("Patient", "p", R"("meta":{"tag":[{"code":"a"}]})");
  server.put("Patient", "p", R"("active":true)");
  auto const read = [&](std::string const& target) {
    auto const document = parsed(server.ask("GET", target));
    return std::string(document.root()["meta"].source());
  };
  CHECK(meta_of(server.ask("GET", "/fhir/Patient/p/$meta")) == read("/fhir/Patient/p"));
  CHECK(meta_of(server.ask("POST", "/fhir/Patient/p/_history/1/$meta")) ==
        read("/fhir/Patient/p/_history/1"));
  CHECK(server.ask("GET", "/fhir/Patient/q/$meta").status == 404);
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/9/$meta").status == 404);
  CHECK(server.ask("GET", "/fhir/Patient/p/_history/x/$meta").status == 404);
}

TEST_CASE("$meta of a type and of the system lists what is in use") {
  OperationsServer server;
  server.put(
      "Patient", "p",
      R"("meta":{"profile":["http://x/p"],"tag":[{"system":"s","code":"a","display":"A"}]})");
  server.put("Basic", "b",
             R"("code":{"text":"x"},"meta":{"security":[{"system":"t","code":"R"}],)"
             R"("tag":[{"system":"s","code":"a"}]})");
  CHECK(meta_of(server.ask("GET", "/fhir/Patient/$meta")) ==
        R"({"profile":["http://x/p"],"tag":[{"system":"s","code":"a"}]})");
  CHECK(meta_of(server.ask("GET", "/fhir/$meta")) ==
        R"({"profile":["http://x/p"],"security":[{"system":"t","code":"R"}],)"
        R"("tag":[{"system":"s","code":"a"}]})");
  CHECK(meta_of(server.ask("GET", "/fhir/Claim/$meta")) == "{}");
}

TEST_CASE("$meta-add adds what is new, by system and code; $meta-delete takes it out") {
  OperationsServer server;
  server.put(
      "Patient", "p",
      R"("meta":{"source":"urn:x","tag":[{"system":"s","code":"a","display":"A"}]},"active":true)");
  auto const added = meta_of(server.ask(
      "POST", "/fhir/Patient/p/$meta-add",
      meta_body(R"({"profile":["http://x/p","http://x/p"],"tag":[{"system":"s","code":"a"},)"
                R"({"system":"s","code":"b"}]})")));
  CHECK(added.find(R"("profile":["http://x/p"])") != added.npos);
  CHECK(
      added.find(R"("tag":[{"system":"s","code":"a","display":"A"},{"system":"s","code":"b"}])") !=
      added.npos);
  CHECK(added.find(R"("versionId":"2")") != added.npos);
  CHECK(added.find(R"("source":"urn:x")") != added.npos);
  CHECK(ids(server.ask("GET", "/fhir/Patient?_tag=s|b")) == "p");
  // Nothing new: no version.
  auto const again = meta_of(server.ask("POST", "/fhir/Patient/p/$meta-add",
                                        meta_body(R"({"tag":[{"system":"s","code":"b"}]})")));
  CHECK(again.find(R"("versionId":"2")") != again.npos);
  auto const left = meta_of(server.ask(
      "POST", "/fhir/Patient/p/$meta-delete",
      meta_body(R"({"profile":["http://x/p","http://none"],"tag":[{"system":"s","code":"a"}]})")));
  CHECK(left.find("profile") == left.npos);
  CHECK(left.find(R"("tag":[{"system":"s","code":"b"}])") != left.npos);
  CHECK(server.ask("GET", "/fhir/Patient/p").body.find(R"("active":true)") != std::string::npos);
}

TEST_CASE("$meta-add refuses what is no Meta, and what is not there") {
  OperationsServer server;
  server.put("Patient", "p", "");
  auto const add = "/fhir/Patient/p/$meta-add";
  CHECK(server.ask("GET", add).status == 405);
  CHECK(server.ask("POST", add).status == 400);
  CHECK(server.ask("POST", add, parameters(R"({"name":"meta","valueString":"x"})")).status == 400);
  CHECK(server.ask("POST", add, meta_body(R"({"tag":[{"code":7}]})")).status >= 400);
  CHECK(server.ask("POST", add, meta_body(R"({"profile":["not a uri"]})")).status >= 400);
  CHECK(server.ask("POST", "/fhir/Patient/q/$meta-add", meta_body("{}")).status == 404);
  CHECK(server.ask("POST", "/fhir/Patient/$meta-add", meta_body("{}")).status == 400);
  CHECK(server.ask("GET", "/fhir/Patient/p").headers.value("ETag") == "W/\"1\"");
}

TEST_CASE("tags that many clients add at the same time are all there") {
  OperationsServer server;
  server.put("Patient", "p", "");
  std::atomic<int> failed = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      auto const meta = R"({"tag":[{"code":"t)" + std::to_string(i) + "\"}]}";
      if (server.ask("POST", "/fhir/Patient/p/$meta-add", meta_body(meta)).status != 200) ++failed;
    });
  }
  for (auto& client : clients) client.join();
  CHECK(failed == 0);
  auto const document = parsed(server.ask("GET", "/fhir/Patient/p"));
  CHECK(document.root()["meta"]["tag"].size() == 4);
}
