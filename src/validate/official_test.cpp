// The test cases of HL7's own validator: error or no error, case by case. Where ours says something
// else stands in tests/validate/official_cases.tsv with the reason; a case that leaves the list or
// joins it fails.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/table.h"
#include "base/text.h"
#include "fhir/xml.h"
#include "validate/corpus_test.h"

namespace sinew::validate {
namespace {

const std::string kFolder = std::string(kCorpora) + "fhir-validator/";

/// About other things than R4 resources: logical models, smart health cards, CDS hooks, JSON 5,
/// signatures, the validator's own interface.
constexpr auto kOtherModules = std::to_array<std::string_view>(
    {"api", "cdshooks", "dsig", "json5", "logical", "scoring", "shc"});
static_assert(std::ranges::is_sorted(kOtherModules));

Result<json::Document> read_resource(std::string const& file) {
  auto text = TRY(read_file(kFolder + file));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (trim(text).starts_with('<')) text = TRY(fhir::json_from_xml(text));
  return json::Document::parse(std::move(text));
}

void add_file(Library& library, std::string const& file) {
  auto document = read_resource(file);
  if (!document) return;
  auto const root = document->root();
  if (root["resourceType"].text() == "Bundle") {
    for (auto const entry : root["entry"].elements()) {
      auto inner = json::Document::parse(std::string(entry["resource"].source()));
      if (!inner) continue;
      if (auto definition = read_definition(*std::move(inner))) library.add(*definition);
    }
    return;
  }
  if (auto definition = read_definition(*std::move(document))) library.add(*definition);
}

/// The packages of the corpus, by what the manifest calls them.
std::map<std::string, std::string> const kPackageFiles = {
    {"hl7.fhir.us.core#3.1.1", "packages/hl7.fhir.us.core-311.tgz"},
    {"hl7.fhir.us.core#3.1.0", "packages/hl7.fhir.us.core-311.tgz"},
    {"hl7.fhir.us.core#4.0.0", "packages/hl7.fhir.us.core-400.tgz"},
    {"hl7.fhir.us.core#6.1.0", "packages/hl7.fhir.us.core-610.tgz"},
    {"hl7.fhir.uv.ips#1.1.0", "packages/hl7.fhir.uv.ips-110.tgz"},
    {"swiss.mednet.fhir#0.5.0.tgz", "fhir-validator/swiss.mednet.fhir#0.5.0.tgz"},
};

/// False when a package is not at hand, so that the case proves nothing.
bool add_all(Library& library, json::Value test) {
  for (auto const* list : {"supporting", "supporting5", "profiles"}) {
    for (auto const file : test[list].elements()) add_file(library, file.text());
  }
  for (auto const package : test["packages"].elements()) {
    auto const file = kPackageFiles.find(package.text());
    if (file == kPackageFiles.end() || !add_package(library, file->second)) return false;
  }
  return true;
}

bool expects_error(json::Value outcome) {
  for (auto const issue : outcome["issue"].elements()) {
    auto const severity = issue["severity"].text();
    if (severity == "error" || severity == "fatal") return true;
  }
  return false;
}

struct Tally {
  std::size_t cases = 0, agreed = 0, skipped = 0;
  std::map<std::string, std::string> disagreed;  ///< name to what ours says
};

void run(Library const& library, std::string const& name, json::Value test, json::Value expected,
         ValidatorOptions const& options, Tally& tally) {
  auto const outcome = read_resource("outcomes/" + expected.text());
  if (!outcome || outcome->root()["resourceType"].text() != "OperationOutcome") {
    ++tally.skipped;
    return;
  }
  auto const document = read_resource(test["file"].text());
  std::string said;
  if (document) {
    for (auto const& finding : validate(*document, library, options)) {
      if (finding.severity == Severity::error) {
        said = "error: " + finding.location + ": " + finding.text;
        break;
      }
    }
  } else {
    said = "error: " + document.error().what;
  }
  ++tally.cases;
  if (expects_error(outcome->root()) == !said.empty()) {
    ++tally.agreed;
  } else {
    tally.disagreed[name] = said.empty() ? "no error" : said;
  }
}

void run_case(json::Value test, Tally& tally) {
  auto const module = test["module"].text();
  auto const version = test["version"].text();
  bool const is_other = std::ranges::binary_search(kOtherModules, module) || test["logical"];
  if (is_other || !version.starts_with("4.0") || !read_file(kFolder + test["file"].text())) return;
  auto const name = test["name"].text();
  Library library;
  add_core(library);
  if (!add_all(library, test)) {
    ++tally.skipped;
    return;
  }
  ValidatorOptions options;
  // As HL7's validator by default, and then as the case asks for.
  options.unknown_extension = Severity::error;
  options.wrong_display = Severity::error;
  options.allow_example_urls = !test["examples"] || test["examples"].boolean();
  options.refuse_html = test["security-checks"].boolean();
  options.refuse_html_in_markdown = test["noHtmlInMarkdown"].boolean();
  options.check_contained = test["validateContains"].text() != "IGNORE";
  options.targets_must_exist = test["validateReference"].text() == "CHECK_EXISTS_AND_TYPE";
  options.trust_reference_urls = test["assumeValidRestReferences"].boolean();
  if (test["java"].exists()) run(library, name, test, test["java"], options, tally);
  auto const profile = test["profile"];
  if (!profile["java"]) return;
  options.trust_reference_urls =
      options.trust_reference_urls || profile["assumeValidRestReferences"].boolean();
  if (!add_all(library, profile)) return;
  add_file(library, profile["source"].text());
  auto const source = read_resource(profile["source"].text());
  if (!source) return;
  options.profiles = {source->root()["url"].text()};
  run(library, name + " (profile)", test, profile["java"], options, tally);
}

}  // namespace

TEST_CASE("HL7's validator cases: error or no error") {
  auto const manifest = read_resource("manifest.json");
  if (!manifest || core_definitions().empty()) {
    MESSAGE("skipped: no corpus fhir-validator");
    return;
  }
  Tally tally;
  for (auto const test : manifest->root()["test-cases"].elements()) run_case(test, tally);
  MESSAGE(tally.agreed, " of ", tally.cases, " cases agree; ", tally.skipped, " skipped");
  auto const text = read_file(SINEW_SOURCE_DIR "/tests/validate/official_cases.tsv");
  REQUIRE(text);
  auto const table = Table::parse(*text, "official_cases.tsv");
  REQUIRE(table);
  for (auto const& row : table->rows()) {
    auto const name = std::string(table->cell(row, "case"));
    auto const found = tally.disagreed.find(name);
    CHECK_MESSAGE(found != tally.disagreed.end(), name, " agrees now: take it off the list");
    if (found == tally.disagreed.end()) continue;
    CHECK_MESSAGE(found->second.starts_with(table->cell(row, "ours")), name);
    CHECK_MESSAGE(!table->cell(row, "reason").empty(), name);
    tally.disagreed.erase(found);
  }
  for (auto const& [name, said] : tally.disagreed) CHECK_MESSAGE(false, name, "\t", said);
}

}  // namespace sinew::validate
