// The published implementation guides: what their own examples come to against their profiles.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

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

}  // namespace sinew::validate
