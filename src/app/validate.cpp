#include "app/commands.h"
#include "app/console.h"
#include "app/package_folder.h"
#include "app/packages.h"
#include "base/file.h"
#include "base/severity.h"
#include "base/text.h"
#include "fhir/xml.h"
#include "json/edit.h"
#include "validate/validator.h"

namespace sinew::app {
namespace {

/// `file:3:7: error: Patient.name[0]: text [profile#key]`
std::string line_of(std::string const& file, validate::Finding const& finding) {
  auto line = file + ":";
  if (finding.line != 0) {
    line += std::to_string(finding.line) + ":" + std::to_string(finding.column) + ":";
  }
  line +=
      " " + std::string(name_of(finding.severity)) + ": " + finding.location + ": " + finding.text;
  if (!finding.profile.empty()) line += " [" + finding.profile + "]";
  return line + "\n";
}

/// The findings, or the one that says why there is no resource to check.
std::vector<validate::Finding> check(std::string const& file, validate::Library const& library,
                                     validate::ValidatorOptions options) {
  auto const read = [&]() -> Result<json::Document> {
    auto text = TRY(read_file(file));
    if (trim(text).starts_with('<')) {
      options.has_positions = false;
      text = TRY(fhir::json_from_xml(text));
    }
    return json::Document::parse(std::move(text));
  };
  auto const document = read();
  if (document) return validate::validate(*document, library, options);
  validate::Finding finding;
  finding.text = document.error().what;
  finding.location = document.error().where;
  return {finding};
}

}  // namespace

int validate(ValidateSettings const& settings) {
  auto const files = expand_inputs(settings.inputs);
  if (!files) return complain(files.error()), kExitFailed;
  validate::Library library;
  auto const packages =
      package_files(package_folder_of(settings.package_folder, {}), settings.packages);
  if (!packages) return complain(packages.error()), kExitFailed;
  if (auto const loaded = load_packages(*packages, library); !loaded) {
    return complain(loaded.error()), kExitFailed;
  }
  validate::ValidatorOptions options;
  options.profiles = settings.profiles;
  options.now = system_clock().now();
  int status = kExitSuccess;
  for (auto const& file : *files) {
    auto const findings = check(file, library, options);
    if (has_error(findings)) status = kExitFailed;
    if (settings.json) {
      print(validate::outcome_json(findings) + "\n");
      continue;
    }
    for (auto const& finding : findings) {
      if (finding.severity >= Severity::warning || settings.all) print(line_of(file, finding));
    }
  }
  return status;
}

}  // namespace sinew::app
