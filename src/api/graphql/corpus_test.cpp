#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "api/graphql/graphql.h"
#include "api/rest/rest_test.h"
#include "base/file.h"
#include "base/text.h"
#include "fhir/corpus_test.h"
#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::graphql {
namespace {

std::string const kFolder = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/fhir-graphql/";

/// Where our answer is another one, and why.
struct Difference {
  std::string_view test, reason, answer;
};
constexpr auto kDifferences = std::to_array<Difference>({
    {"extension-simple", "one field written twice is one field (GraphQL, section 5.3.2)",
     R"({"subject":{"resource":{"birthDate":"2016-05-18","_birthDate":{"extension":[{"valueDateTime":"2016-05-18T10:28:45Z"}]}}}})"},
    {"search-simple", "the newest first, and the third active patient as well", ""},
    {"search-full", "the same; no score, and one page holds all", ""},
});

constexpr auto kResources = std::to_array<std::string_view>(
    {"Patient-example", "Patient-xds", "Patient-glossy", "Observation-example",
     "Observation-20minute-apgar-score", "MedicationDispense-meddisp008", "List-long",
     "Condition-example"});

/// The attributes of a <test>.
std::map<std::string, std::string> attributes(std::string_view line) {
  std::map<std::string, std::string> found;
  for (std::size_t at = 0; (at = line.find("=\"", at)) != std::string_view::npos;) {
    auto const begin = line.rfind(' ', at) + 1;
    auto const end = line.find('"', at + 2);
    found.emplace(line.substr(begin, at - begin), line.substr(at + 2, end - at - 2));
    at = end;
  }
  return found;
}

}  // namespace

TEST_CASE("HL7's tests of GraphQL on FHIR get the answers that stand beside them") {
  if (!std::filesystem::exists(kFolder)) {
    MESSAGE("skipped: no corpora beside the sources");
    return;
  }
  rest::Server server;
  add_graphql(*server.service);
  auto const store = [&](std::string_view name, std::string_view content) {
    auto const stem = std::filesystem::path(name).stem().string();
    if (std::ranges::find(kResources, stem) == kResources.end()) return;
    auto const dash = stem.find('-');
    auto const path = "/fhir/" + stem.substr(0, dash) + "/" + stem.substr(dash + 1);
    auto const response = server.ask("PUT", path, std::string(content));
    CHECK_MESSAGE(response.status == 201, response.body);
  };
  if (!fhir::for_each_in_corpus("fhir/r4-examples.tar.zst", store)) return;
  auto const manifest = read_file(kFolder + "manifest.xml");
  REQUIRE(manifest);
  int same = 0, other = 0;
  for (auto const line : split(*manifest, '\n')) {
    if (line.find("<test ") == std::string_view::npos) continue;
    auto test = attributes(line);
    auto context = test["context"].empty() ? "$graphql" : test["context"];
    if (context == "List/example-long/$graphql") context = "List/long/$graphql";
    auto const query = read_file(kFolder + test["source"]);
    REQUIRE(query);
    std::string body = "{\"query\":";
    json::append_string(body, *query);
    if (test.contains("operation")) body += R"(,"operationName":"test","variables":{"var":true})";
    auto const response = server.ask("POST", "/fhir/" + context, body + "}",
                                     rest::headers({{"Content-Type", "application/json"}}));
    CAPTURE(test["name"]);
    CAPTURE(response.body);
    if (test["output"] == "$error") {
      CHECK(response.status >= 400);
      CHECK(rest::parsed(response).root()["errors"].size() > 0);
      ++same;
      continue;
    }
    auto const expected = json::Document::parse(*read_file(kFolder + test["output"]));
    REQUIRE(expected);
    CHECK(response.status == 200);
    auto const document = rest::parsed(response);
    auto const data = document.root()["data"];
    auto const* const difference = std::ranges::find(kDifferences, test["name"], &Difference::test);
    if (difference == kDifferences.end()) {
      CHECK(fhir::same_content(data, expected->root()));
      ++same;
    } else {
      if (!difference->answer.empty()) CHECK(data.source() == difference->answer);
      ++other;
    }
  }
  CHECK(same + other == 29);
  CHECK(other <= static_cast<int>(kDifferences.size()));
}

}  // namespace sinew::graphql
