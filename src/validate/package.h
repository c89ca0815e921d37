#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "validate/archive.h"

namespace sinew::validate {

/// A definition that a package brings: StructureDefinition, ValueSet, CodeSystem, SearchParameter,
/// Questionnaire, and those that nothing here checks by (CapabilityStatement, ConceptMap ...).
struct Definition {
  std::string type;
  std::string url;
  std::string version;
  std::shared_ptr<json::Document const> document;

  [[nodiscard]] json::Value root() const { return document->root(); }
};

/// Takes a resource as a definition. Fails `invalid` for another type, or when `url` is missing.
[[nodiscard]] Result<Definition> read_definition(json::Document document);

/// A FHIR package: what an implementation guide is published as.
/// Source: https://hl7.org/fhir/packages.html (FHIR NPM package specification).
struct Package {
  std::string name;                        ///< `hl7.fhir.us.core`
  std::string version;                     ///< `6.1.0`
  std::string canonical;                   ///< `http://hl7.org/fhir/us/core`; may be empty
  std::vector<std::string> fhir_versions;  ///< `4.0.1`
  std::vector<std::string> dependencies;   ///< `hl7.fhir.r4.core#4.0.1`
  std::vector<Definition> definitions;     ///< as they stand in the archive
  std::vector<Issue> issues;               ///< files that could not be read; `where` names them
};

/// Reads a package from the bytes of its `.tgz`. Only what lies directly in `package/` counts:
/// examples lie below it. `.index.json` is not needed.
/// A resource that is no JSON is an issue; a package.json that is missing, unreadable or without
/// `name` and `version` makes the whole fail `invalid`. See `for_each_file` for the archive itself.
[[nodiscard]] Result<Package> read_package(std::string_view tgz, ArchiveLimits const& limits = {});

/// The resources below `package/example/`, which say of themselves which profile they follow.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> read_examples(
    std::string_view tgz, ArchiveLimits const& limits = {});

}  // namespace sinew::validate
