#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "validate/library.h"

namespace sinew::validate {

/// What kind of fault. Source: FHIR R4 valueset-issue-type; `name_of` gives the code.
enum class FindingCode : std::uint8_t {
  structure,
  required,
  value,
  invariant,
  code_invalid,
  extension,
  not_found,
  not_supported,
  too_costly,
  informational,
};
[[nodiscard]] std::string_view name_of(FindingCode code);

/// One fault, or something worth knowing.
struct Finding {
  Severity severity = Severity::error;
  FindingCode code = FindingCode::structure;
  std::string text;
  std::string location;    ///< FHIRPath: `Patient.name[0].given[1]`
  std::size_t line = 0;    ///< from 1; 0 where the source is not the text that was checked
  std::size_t column = 0;  ///< from 1, in characters
  std::string profile;     ///< canonical with version; empty: the standard itself
  std::string key;         ///< of the invariant
};

struct ValidatorOptions {
  /// Canonicals the resource has to obey, beside those it names in meta.profile.
  std::vector<std::string> profiles;
  bool with_named_profiles = true;    ///< false: what meta.profile names is not asked
  bool is_structure_checked = false;  ///< true: fhir::check_structure found nothing
  /// What an extension that no package defines is; in modifierExtension always an error.
  Severity unknown_extension = Severity::warning;
  Severity wrong_display = Severity::warning;  ///< what a display is that its code does not have
  bool allow_example_urls = true;              ///< an unknown extension of example.org is a warning
  bool refuse_html = false;                    ///< tags in strings and markdown are errors
  bool refuse_html_in_markdown = false;        ///< tags in markdown are errors
  bool check_contained = true;                 ///< false: contained resources are let pass
  /// The type in the URL of what is elsewhere is its type: on a server, whose references are its
  /// own. False: a wrong one is a warning.
  bool trust_reference_urls = false;
  bool targets_must_exist = false;  ///< a literal reference has to be resolved in the document
  /// False when the document was made from another text, so that lines would mean nothing.
  bool has_positions = true;
  Instant now{};                     ///< for now() and today() in invariants
  std::size_t findings_max = 1'000;  ///< then the check stops
};

/// Checks a resource against R4 and against its profiles: structure, cardinality, slices, fixed
/// values and patterns, bindings, invariants, extensions, references within the Bundle, contained
/// resources, the entries of a Bundle each with its own profiles, and narratives.
///
/// Returns  what was found, in the order of the document's walk; of severity error: not valid.
/// Reads `library` only: usable by any number of threads.
/// Source: FHIR R4 validation.html, profiling.html.
[[nodiscard]] std::vector<Finding> validate(json::Document const& document, Library const& library,
                                            ValidatorOptions const& options = {});

/// The same of a resource that is a part of a larger text, in which its lines are counted.
[[nodiscard]] std::vector<Finding> validate(json::Value resource, std::string_view text,
                                            Library const& library,
                                            ValidatorOptions const& options = {});

[[nodiscard]] bool has_error(std::vector<Finding> const& findings);

/// As OperationOutcome; a single information issue when nothing was found.
/// Source: FHIR R4 operationoutcome.html; extensions operationoutcome-issue-line and -col.
[[nodiscard]] std::string outcome_json(std::vector<Finding> const& findings);

}  // namespace sinew::validate
