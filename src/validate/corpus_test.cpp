// The published implementation guides: what their own examples come to against their profiles.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "fhir/corpus_test.h"
#include "validate/validator.h"

namespace sinew::validate {
namespace {

constexpr auto kPackages = SINEW_SOURCE_DIR "/../shared/corpora/packages/";
constexpr auto kCore = "packages/hl7.fhir.r4.core-4.0.1-definitions.tar.zst";

/// The definitions of R4 itself: extensions and value sets that the guides build on.
void add_core(Library& library) {
  fhir::for_each_in_corpus(kCore, [&](auto, std::string_view content) {
    auto document = json::Document::parse(std::string(content));
    if (!document) return;
    if (auto definition = read_definition(*std::move(document))) library.add(*definition);
  });
}

struct Guide {
  std::string file;
  std::size_t examples;
  /// Examples with errors of their own, and the reason.
  std::map<std::string, std::string> exceptions;
};

void check_examples(Guide const& guide) {
  CAPTURE(guide.file);
  auto const bytes = read_file(kPackages + guide.file);
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
  check_examples({"hl7.fhir.us.core-610.tgz", 183, {}});
}

}  // namespace sinew::validate
