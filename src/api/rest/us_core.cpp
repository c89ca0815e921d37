#include "api/rest/us_core.h"

#include <string>

#include "base/check.h"
#include "base/data.h"
#include "base/text.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kVersions[] = {"6.1.0", "7.0.0"};
constexpr std::string_view kServer =
    "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server";
constexpr std::string_view kGuide =
    "http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core";
constexpr std::string_view kCombination =
    "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination";
constexpr std::string_view kExpectation =
    "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation";

Table read_table(std::string_view path) {
  auto const text = embedded_data(path);
  SINEW_CHECK(bool(text));
  auto table = Table::parse(*text, path);
  SINEW_CHECK(bool(table));
  return *std::move(table);
}

void write_combination(json::Writer& writer, std::vector<std::string_view> const& names,
                       std::string_view expectation) {
  writer.begin_object();
  writer.key("extension");
  writer.begin_array();
  writer.begin_object();
  writer.member("url", kExpectation);
  writer.member("valueCode", expectation);
  writer.end_object();
  for (auto const name : names) {
    writer.begin_object();
    writer.member("url", "required");
    writer.member("valueString", name);
    writer.end_object();
  }
  writer.end_array();
  writer.member("url", kCombination);
  writer.end_object();
}

}  // namespace

UsCore::UsCore()
    : profiles_(read_table("us-core/profiles.tsv")),
      searches_(read_table("us-core/searches.tsv")) {}

/// The canonical of the server is named without a version, too: who looks for that text finds it.
void UsCore::write_versions(json::Writer& writer) const {
  writer.key("instantiates");
  writer.begin_array();
  writer.string(kServer);
  for (auto const version : kVersions) {
    writer.string(std::string(kServer) + '|' + std::string(version));
  }
  writer.end_array();
  writer.key("implementationGuide");
  writer.begin_array();
  for (auto const version : kVersions) {
    writer.string(std::string(kGuide) + '|' + std::string(version));
  }
  writer.end_array();
}

void UsCore::write_combinations(json::Writer& writer, std::string_view type) const {
  bool is_open = false;
  for (auto const& row : searches_.rows()) {
    if (searches_.cell(row, "type") != type) continue;
    auto const names = split(searches_.cell(row, "parameters"), ' ');
    if (names.size() < 2) continue;  // a single one is a searchParam
    if (!is_open) {
      writer.key("extension");
      writer.begin_array();
      is_open = true;
    }
    write_combination(writer, names, searches_.cell(row, "expectation"));
  }
  if (is_open) writer.end_array();
}

void UsCore::write_profiles(json::Writer& writer, std::string_view type) const {
  bool is_open = false;
  for (auto const& row : profiles_.rows()) {
    if (profiles_.cell(row, "type") != type) continue;
    if (!is_open) {
      writer.key("supportedProfile");
      writer.begin_array();
      is_open = true;
    }
    writer.string(profiles_.cell(row, "profile"));
  }
  if (is_open) writer.end_array();
}

}  // namespace sinew::rest
