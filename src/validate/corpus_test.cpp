// The published implementation guides: what their own examples come to against their profiles.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/table.h"
#include "json/edit.h"
#include "validate/corpus_test.h"

namespace sinew::validate {
namespace {

constexpr auto kWrongUrl = "the fullUrl of an entry ends with another id than its resource has";

struct Guide {
  std::string file;
  std::size_t examples;
  /// Examples with errors of their own, and the reason.
  std::map<std::string, std::string> exceptions;
};

void check_examples(Guide const& guide) {
  CAPTURE(guide.file);
  auto const bytes = read_file(kCorpora + guide.file);
  if (!bytes) {
    MESSAGE("skipped: no corpus packages");
    return;
  }
  Library library;
  add_core(library);
  auto package = read_package(*bytes);
  REQUIRE(package);
  library.add(*std::move(package));
  auto const examples = read_examples(*bytes);
  REQUIRE(examples);
  std::size_t checked = 0;
  for (auto const& [name, text] : *examples) {
    auto const document = json::Document::parse(text);
    REQUIRE(document);
    ++checked;
    auto const findings = validate(*document, library);
    bool const is_exception = guide.exceptions.contains(name);
    CHECK_MESSAGE(has_error(findings) == is_exception, name);
    if (is_exception) continue;
    for (auto const& finding : findings) {
      if (finding.severity == Severity::error) {
        MESSAGE(name, " ", finding.location, " ", finding.text, " ", finding.profile);
      }
    }
  }
  CHECK(checked == guide.examples);
}

}  // namespace

TEST_CASE("the examples of US Core obey its profiles") {
  check_examples({"packages/hl7.fhir.us.core-610.tgz",
                  183,
                  {{"Bundle-docref-example-2.json", kWrongUrl},
                   {"Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2.json", kWrongUrl}}});
}

TEST_CASE("the examples of other guides obey their profiles") {
  check_examples({"packages/hl7.fhir.us.core-311.tgz",
                  84,
                  {{"DiagnosticReport-cardiology-report.json", "the hash is no base64"},
                   {"Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2.json", kWrongUrl},
                   {"Bundle-uscore-mo3.json", "a fullUrl is relative"}}});
  constexpr auto kUrn = "relative references beside fullUrls that have no base";
  check_examples({"packages/hl7.fhir.uv.ips-110.tgz",
                  40,
                  {{"Bundle-IPS-examples-Bundle-01.json", kUrn},
                   {"Bundle-bundle-minimal.json", kUrn},
                   {"Bundle-IPS-examples-Bundle-with-immunization.json", kUrn}}});
  check_examples({"packages/davinci-pdex-plan-net.tgz", 49, {}});
}

// A quarter of them in this run, to keep it short; the list is of all.
TEST_CASE("the official examples of R4 are valid but for those listed") {
  if (core_definitions().empty()) return;
  auto const text = read_file(SINEW_SOURCE_DIR "/tests/validate/official_examples.tsv");
  REQUIRE(text);
  auto const table = Table::parse(*text, "official_examples.tsv");
  REQUIRE(table);
  std::map<std::string, std::string, std::less<>> listed;
  for (auto const& row : table->rows()) {
    listed.emplace(table->cell(row, "example"), table->cell(row, "finding"));
  }
  Library library;
  add_core(library);
  std::size_t seen = 0;
  fhir::for_each_in_corpus("fhir/r4-examples.tar.zst", [&](auto path, std::string_view content) {
    auto const name = path.substr(path.rfind('/') + 1);
    if (++seen % 4 != 0 || !name.ends_with(".json") || name == "package.json") return;
    auto const document = json::Document::parse(std::string(content));
    if (!document) return;
    auto const findings = validate(*document, library);
    auto const error = std::ranges::find(findings, Severity::error, &Finding::severity);
    auto const said =
        error == findings.end() ? std::string() : error->location + ": " + error->text;
    CHECK_MESSAGE(!said.empty() == listed.contains(name), name, " ", said);
  });
}

// What a snapshot says in so many words, read here a second time and without the compiler: an
// element directly below the root that has to be there is taken out of a good example.
TEST_CASE("an example of US Core without an element that its profile demands is refused") {
  auto const bytes = read_file(std::string(kCorpora) + "packages/hl7.fhir.us.core-610.tgz");
  if (!bytes) {
    MESSAGE("skipped: no corpus packages");
    return;
  }
  Library library;
  auto package = read_package(*bytes);
  REQUIRE(package);
  library.add(*std::move(package));
  std::size_t removals = 0;
  auto const examples = read_examples(*bytes);
  REQUIRE(examples);
  for (auto const& [name, text] : *examples) {
    auto const document = json::Document::parse(text);
    REQUIRE(document);
    auto const root = document->root();
    auto const canonical = root["meta"]["profile"].at(0).text();
    auto const* const definition = library.find("StructureDefinition", canonical);
    if (definition == nullptr || has_error(validate(*document, library))) continue;
    auto const type = root["resourceType"].text();
    for (auto const element : definition->root()["snapshot"]["element"].elements()) {
      auto const path = element["path"].text();
      bool const is_top =
          path.starts_with(type + ".") && path.find('.', type.size() + 1) == path.npos;
      auto const member = is_top ? path.substr(type.size() + 1) : std::string();
      bool const is_slice = element["sliceName"].exists() || path.ends_with("[x]");
      if (!is_top || is_slice || element["min"].raw() == "0" || !root[member]) continue;
      json::ObjectEdit edit(root);
      auto const twin = "_" + member;
      edit.remove(member);
      edit.remove(twin);
      auto const changed = json::Document::parse(edit.text());
      REQUIRE(changed);
      CHECK_MESSAGE(has_error(validate(*changed, library)), name, " without ", member);
      ++removals;
    }
  }
  MESSAGE(removals, " elements taken out");
  CHECK(removals > 300);
}

}  // namespace sinew::validate
