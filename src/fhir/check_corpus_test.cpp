// What the official examples and generated patients look like to the checker: every issue is one of
// the published mistakes below, and every one of those is found.

#include <doctest/doctest.h>

#include <map>

#include "fhir/check.h"
#include "fhir/corpus_test.h"

namespace sinew::fhir {
namespace {

/// `file path` without list indexes, and how often.
using Faults = std::map<std::string, std::size_t>;

std::string without_indexes(std::string_view path) {
  std::string out;
  bool inside = false;
  for (char c : path) {
    if (c == '[') inside = true;
    if (!inside) out += c;
    if (c == ']') inside = false;
  }
  return out;
}

/// The faults of every resource of an archive. Returns the number of resources.
std::size_t collect_faults(std::string const& archive, Faults& faults) {
  std::size_t count = 0;
  for_each_in_corpus(archive, [&](std::string_view name, std::string_view content) {
    if (!name.ends_with(".json") || name.ends_with("/package.json")) return;
    ++count;
    auto const document = json::Document::parse(std::string(content));
    REQUIRE_MESSAGE(document, name);
    auto const root = document->root();
    bool const is_bundle = root["resourceType"].raw() == "Bundle";
    for (auto const& issue : is_bundle ? check_bundle(root) : check_structure(root)) {
      ++faults[std::string(name) + " " + without_indexes(issue.where)];
    }
  });
  return count;
}

TEST_CASE("the official examples have no structural fault but the published ones") {
  Faults known = {
      // DeviceMetric.parent: Reference(Device); the example names a DeviceDefinition.
      {"DeviceMetric-example.json DeviceMetric.parent", 1},
      // reasonReference: Condition, Observation, DiagnosticReport, DocumentReference; not
      // Procedure.
      {"DeviceUseStatement-example.json DeviceUseStatement.reasonReference", 1},
      // dispenseRequest.performer: Reference(Organization); the example names a Practitioner.
      {"MedicationRequest-medrx0301.json MedicationRequest.dispenseRequest.performer", 1},
      // Observation.performer cannot be an Encounter.
      {"Observation-clinical-gender.json Observation.performer", 1},
      // Items without the required linkId.
      {"Questionnaire-qs1.json Questionnaire.item.item.linkId", 1},
      {"Questionnaire-qs1.json Questionnaire.item.item.item.linkId", 20},
      {"Questionnaire-qs1.json Questionnaire.item.item.item.item.linkId", 11},
  };
  // The guide of the specification itself has no name and no status, and one broken reference.
  for (auto file : {"ImplementationGuide-fhir.json", "ig-r4.json"}) {
    for (auto element : {"name", "status", "manifest.resource.reference"}) {
      known[std::string(file) + " ImplementationGuide." + element] = 1;
    }
  }
  // Parameters of extensions that name no resource they apply to; `base` is required.
  for (auto type : {"codesystem-extensions-CodeSystem", "valueset-extensions-ValueSet"}) {
    for (auto code : {"author", "effective", "end", "keyword", "workflow"}) {
      known["SearchParameter-" + std::string(type) + "-" + code + ".json SearchParameter.base"] = 1;
    }
  }
  Faults faults;
  if (collect_faults("fhir/r4-examples.tar.zst", faults) == 0) return;
  Faults expected;
  for (auto const& [place, count] : known) expected["r4-examples/" + place] = count;
  CHECK(faults == expected);
}

TEST_CASE("generated patients have no structural fault") {
  Faults faults;
  if (collect_faults("fhir/synthea.tar.zst", faults) == 0) return;
  // The practitioners refer to the organizations of another file by urn:uuid.
  Faults const expected = {
      {"synthea-ms-r4/practitionerInformation1583281853074.json "
       "Bundle.entry.resource.organization",
       19}};
  CHECK(faults == expected);
}

}  // namespace
}  // namespace sinew::fhir
