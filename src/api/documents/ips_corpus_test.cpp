#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <memory>

#include "api/documents/documents.h"
#include "api/rest/rest_test.h"
#include "base/file.h"
#include "fhir/corpus_test.h"
#include "validate/package.h"
#include "validate/validator.h"

namespace sinew::documents {
namespace {

std::string const kCorpora = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/";
constexpr std::size_t kSyntheaPatients = 4;

/// Summaries of every patient stored, checked against the package that defines them.
void check_summaries(rest::Server& server, validate::Library const& library,
                     std::size_t patients_min) {
  std::size_t patients = 0;
  std::map<std::string, int> sections;
  auto const found = rest::parsed(server.ask("GET", "/fhir/Patient?_count=100"));
  for (auto const entry : found.root()["entry"].elements()) {
    auto const id = entry["resource"]["id"].text();
    auto const response = server.ask("GET", "/fhir/Patient/" + id + "/$summary");
    CAPTURE(id);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    auto const document = rest::parsed(response);
    ++patients;
    for (auto const section : document.root()["entry"].at(0)["resource"]["section"].elements()) {
      ++sections[section["code"]["coding"].at(0)["code"].text()];
    }
    for (auto const& finding : validate::validate(document, library, {})) {
      if (finding.severity != Severity::error) continue;
      FAIL_CHECK(finding.location << ": " << finding.text << " [" << finding.profile << "] "
                                  << finding.key);
    }
  }
  CHECK(patients >= patients_min);
  // The check sees what is missing.
  auto broken = server.ask("GET", "/fhir/Patient/nothing-known/$summary").body;
  auto const section = broken.find("11450-4");
  REQUIRE(section != std::string::npos);
  broken.replace(section, 1, "9");
  CHECK(validate::has_error(validate::validate(*json::Document::parse(broken), library, {})));
  for (auto const* const required : {"10160-0", "48765-2", "11450-4"}) {
    CHECK(sections[required] == static_cast<int>(patients));
  }
  std::string list;
  for (auto const& [code, count] : sections) list += code + " " + std::to_string(count) + ", ";
  MESSAGE(patients, " summaries, sections: ", list);
}

/// The package, or nothing, with a message, where there is none.
std::unique_ptr<validate::Library> library_of(std::string const& file) {
  auto const path = kCorpora + "packages/" + file;
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no corpora beside the sources");
    return nullptr;
  }
  auto package = validate::read_package(*read_file(path));
  REQUIRE(package);
  auto library = std::make_unique<validate::Library>();
  library->add(*std::move(package));
  return library;
}

}  // namespace

TEST_CASE("the reference to a summary obeys the profile of US Core") {
  auto const library = library_of("hl7.fhir.us.core-610.tgz");
  if (!library) return;
  rest::Server server;
  REQUIRE(add_documents(*server.service));
  server.put("Patient", "p", "");
  auto const found = rest::parsed(server.ask("GET", "/fhir/DocumentReference/$docref?patient=p"));
  auto const reference = found.root()["entry"].at(0)["resource"];
  auto const document = json::Document::parse(std::string(reference.source()));
  REQUIRE(document);
  for (auto const& finding : validate::validate(*document, *library, {})) {
    if (finding.severity == Severity::error) FAIL_CHECK(finding.location << ": " << finding.text);
  }
}

TEST_CASE("summaries of the corpora's patients obey the profiles of IPS") {
  auto const known = library_of("hl7.fhir.uv.ips-110.tgz");
  if (!known) return;
  auto const& library = *known;

  SUBCASE("of a certification kit") {
    rest::Server server;
    REQUIRE(add_documents(*server.service));
    for (auto const* const patient : {"85", "355", "907", "908"}) {
      auto text =
          read_file(kCorpora + "inferno/resources/uscore_bundle_patient_" + patient + ".json");
      REQUIRE(text);
      // One Period of the data ends with `stop`, which FHIR does not have.
      constexpr std::string_view kFault = "\"stop\":";
      if (auto const at = text->find(kFault); at != std::string::npos) {
        text->replace(at, kFault.size(), "\"end\":");
      }
      CHECK(server.ask("POST", "/fhir", *text).status == 200);
    }
    server.put("Patient", "nothing-known", "");
    check_summaries(server, library, 5);
  }
  SUBCASE("of Synthea") {
    rest::Server server;
    REQUIRE(add_documents(*server.service));
    std::size_t loaded = 0;
    auto const is_there =
        fhir::for_each_in_corpus("fhir/synthea.tar.zst", [&](auto, std::string_view content) {
          if (loaded == kSyntheaPatients || content.find("\"transaction\"") == content.npos) return;
          if (content.size() < 1'000'000) ++loaded;
          if (content.size() < 1'000'000) {
            auto const response = server.ask("POST", "/fhir", std::string(content));
            CHECK_MESSAGE(response.status == 200, response.body.substr(0, 1000));
          }
        });
    server.put("Patient", "nothing-known", "");
    if (is_there) check_summaries(server, library, kSyntheaPatients + 1);
  }
}

}  // namespace sinew::documents
