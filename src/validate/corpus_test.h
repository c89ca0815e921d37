#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "fhir/corpus_test.h"
#include "validate/validator.h"

namespace sinew::validate {

constexpr auto kCorpora = SINEW_SOURCE_DIR "/../shared/corpora/";

/// The definitions of R4 itself: extensions and value sets that guides build on. Empty, with a
/// message, when they are not at hand.
inline std::vector<Definition> const& core_definitions() {
  static auto const kAll = [] {
    std::vector<Definition> all;
    fhir::for_each_in_corpus("packages/hl7.fhir.r4.core-4.0.1-definitions.tar.zst",
                             [&](auto, std::string_view content) {
                               auto document = json::Document::parse(std::string(content));
                               if (!document) return;
                               if (auto definition = read_definition(*std::move(document)))
                                 all.push_back(*definition);
                             });
    return all;
  }();
  return kAll;
}

inline void add_core(Library& library) {
  for (auto const& definition : core_definitions()) library.add(definition);
}

/// False when the package is not at hand.
inline bool add_package(Library& library, std::string const& file) {
  auto const bytes = read_file(std::string(kCorpora) + file);
  if (!bytes) return false;
  auto package = read_package(*bytes);
  if (!package) return false;
  library.add(*std::move(package));
  return true;
}

}  // namespace sinew::validate
