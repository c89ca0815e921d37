#include "validate/package.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sinew::validate {
namespace {

constexpr auto kKept = std::to_array<std::string_view>(
    {"CapabilityStatement", "CodeSystem", "ConceptMap", "ImplementationGuide", "Library", "Measure",
     "OperationDefinition", "Questionnaire", "SearchParameter", "StructureDefinition", "ValueSet"});
static_assert(std::ranges::is_sorted(kKept));

constexpr std::string_view kFolder = "package/";
constexpr std::string_view kExamples = "package/example/";

/// The name of a file directly in `folder`, or nothing.
std::optional<std::string_view> name_directly_in(std::string_view folder, std::string_view path) {
  if (!path.starts_with(folder)) return std::nullopt;
  path.remove_prefix(folder.size());
  if (path.find('/') != path.npos || path.starts_with('.') || !path.ends_with(".json")) {
    return std::nullopt;
  }
  return path;
}

Result<> read_manifest(json::Value manifest, Package& package) {
  package.name = manifest["name"].text();
  package.version = manifest["version"].text();
  package.canonical = manifest["canonical"].text();
  if (package.name.empty() || package.version.empty()) {
    return fail(ErrorCode::invalid, "package.json names no package and version", "package.json");
  }
  auto versions = manifest["fhirVersions"];
  if (!versions) versions = manifest["fhir-version-list"];
  for (auto const version : versions.elements()) package.fhir_versions.push_back(version.text());
  for (auto const [name, version] : manifest["dependencies"].members()) {
    package.dependencies.push_back(std::string(name) + "#" + version.text());
  }
  return {};
}

/// The wanted ones begin with their type in every published package, but the rule is nowhere
/// written: a cheap look at the text decides what is worth parsing.
bool may_be_definition(std::string_view content) {
  return std::ranges::any_of(kKept, [&](auto type) { return content.find(type) != content.npos; });
}

}  // namespace

Result<Definition> read_definition(json::Document document) {
  Definition definition;
  auto const root = document.root();
  definition.type = root["resourceType"].text();
  definition.url = root["url"].text();
  definition.version = root["version"].text();
  if (!std::ranges::binary_search(kKept, definition.type)) {
    return fail(ErrorCode::invalid, "not a definition", "resourceType");
  }
  if (definition.url.empty()) return fail(ErrorCode::invalid, "a definition without url", "url");
  definition.document = std::make_shared<json::Document const>(std::move(document));
  return definition;
}

Result<Package> read_package(std::string_view tgz, ArchiveLimits const& limits) {
  auto const tar = TRY(unpack_gzip(tgz, limits.bytes_max));
  Package package;
  std::optional<Result<>> manifest;
  TRY(for_each_file(tar, limits, [&](ArchiveFile const& file) {
    auto const name = name_directly_in(kFolder, file.name);
    if (!name) return;
    bool const is_manifest = *name == "package.json";
    if (!is_manifest && !may_be_definition(file.content)) return;
    auto document = json::Document::parse(std::string(file.content));
    if (!document) {
      package.issues.push_back({Severity::warning, document.error().code, document.error().what,
                                std::string(file.name)});
      return;
    }
    if (is_manifest) {
      manifest = read_manifest(document->root(), package);
      return;
    }
    auto definition = read_definition(*std::move(document));
    if (definition) package.definitions.push_back(*std::move(definition));
  }));
  if (!manifest) return fail(ErrorCode::invalid, "no readable package.json", "package.json");
  if (!*manifest) return std::move(*manifest).failure();
  return package;
}

Result<std::vector<std::pair<std::string, std::string>>> read_examples(
    std::string_view tgz, ArchiveLimits const& limits) {
  auto const tar = TRY(unpack_gzip(tgz, limits.bytes_max));
  std::vector<std::pair<std::string, std::string>> examples;
  TRY(for_each_file(tar, limits, [&](ArchiveFile const& file) {
    auto const name = name_directly_in(kExamples, file.name);
    if (name) examples.emplace_back(*name, file.content);
  }));
  return examples;
}

}  // namespace sinew::validate
