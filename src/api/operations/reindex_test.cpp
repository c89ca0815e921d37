#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "api/operations/operations_test.h"

using namespace sinew;
using namespace sinew::rest;

TEST_CASE("$reindex begins jobs of a type, and tells how far they are") {
  OperationsServer server;
  for (int i = 0; i < 30; ++i) server.put("Patient", "p" + std::to_string(i), R"("active":true)");
  server.put("Basic", "b", R"("code":{"text":"x"})");
  auto const begun = server.ask("POST", "/fhir/Patient/$reindex");
  REQUIRE_MESSAGE(begun.status == 200, begun.body);
  auto const part = [](json::Value job, std::string_view name) {
    for (auto const one : job["part"].elements()) {
      if (one["name"].text() != name) continue;
      for (auto const [member, value] : one.members()) {
        if (member.starts_with("value")) return value.text();
      }
    }
    return std::string();
  };
  CHECK(parsed(begun).root()["parameter"].size() >= 1);
  constexpr int kAttempts = 500;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto const document = parsed(server.ask("GET", "/fhir/Patient/$reindex"));
    auto const now = document.root()["parameter"].at(0);
    CHECK(part(now, "type") == "Patient");
    if (!part(now, "finished").empty()) {
      CHECK(part(now, "done") == part(now, "total"));
      CHECK(ids(server.ask("GET", "/fhir/Patient?_id=p7&active=true")) == "p7");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("the job does not end");
}
