#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"
#include "fhirpath/expression.h"
#include "json/json.h"

namespace sinew::validate {

inline constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

/// An invariant, compiled.
struct Constraint {
  std::string key;
  Severity severity = Severity::error;
  std::string human;
  fhirpath::Expression expression;
};

struct Binding {
  fhir::Strength strength = fhir::Strength::none;
  std::string value_set;  ///< canonical, may name a version
};

/// What an extension of an ElementDefinition asks of a narrative. Source: extensions
/// narrative-language-control and narrative-source-control.
struct NarrativeRule {
  std::vector<std::string> languages;  ///< codes, or `_no`, `_yes`, `_resource`
  bool needs_source = false;  ///< every text stands in an element that says where it is from
};

/// One of the types an element may have. Source: FHIR R4 ElementDefinition.type.
struct TypeRule {
  fhir::TypeId type = 0;
  std::vector<std::string> profiles;  ///< the value obeys one of them; none: any value
  std::vector<std::string> targets;   ///< a Reference points at what obeys one of them
};

/// Source: FHIR R4 profiling.html#discriminator.
enum class DiscriminatorKind : std::uint8_t { value, exists, type, profile };
enum class StepKind : std::uint8_t { child, extension, resolve, of_type };
struct PathStep {
  StepKind kind;
  std::string text;  ///< child: name; extension: url; of_type: type
};
struct Discriminator {
  DiscriminatorKind kind;
  std::vector<PathStep> steps;  ///< none: `$this`
};

enum class SlicingRules : std::uint8_t { open, closed, open_at_end };

struct Slicing {
  std::vector<Discriminator> discriminators;
  SlicingRules rules = SlicingRules::open;
  bool is_ordered = false;
};

/// What a profile asks of one element beyond what its type asks. A tree: most elements of a
/// snapshot ask nothing more, and are left out.
struct Rule {
  std::string name;        ///< `name`; `value` for `value[x]`; the type's name for the root
  std::string slice_name;  ///< of a slice
  std::uint32_t min = 0;
  std::uint32_t max = kUnbounded;
  std::vector<TypeRule> types;  ///< none: what the element tables allow
  json::Value fixed, pattern, min_value, max_value;
  std::uint32_t length_max = kUnbounded;
  std::optional<Binding> binding;
  std::vector<Binding> more_bindings;     ///< additional bindings, required or extensible
  bool needs_value = false;               ///< a primitive may not do with extensions
  std::vector<std::string> alternatives;  ///< extensions, one of which stands for a missing value
  std::optional<NarrativeRule> narrative;
  std::vector<Constraint> constraints;
  std::optional<Slicing> slicing;
  std::list<Rule> slices;
  std::list<Rule> children;
  std::string content_of;         ///< path of the element whose rules hold here as well
  Rule const* content = nullptr;  ///< that element
};

/// Where an extension may stand. Source: FHIR R4 defining-extensions.html#context.
struct ExtensionContext {
  std::string type;  ///< element, extension, fhirpath
  std::string expression;
  std::optional<fhirpath::Expression> compiled;  ///< of fhirpath
};

struct Profile {
  std::string url;
  std::string version;
  fhir::TypeId type = 0;
  bool is_modifier = false;  ///< of an extension: stands in modifierExtension
  Rule root;
  std::vector<ExtensionContext> contexts;
  std::vector<fhirpath::Expression> context_invariants;        ///< true of what holds the extension
  std::vector<Issue> issues;                                   ///< what could not be compiled
  std::vector<std::shared_ptr<json::Document const>> sources;  ///< what `fixed` and others point to
};

/// Makes the rules of a StructureDefinition: of its snapshot, or of its differential laid over the
/// rules of `base`. What cannot be understood is an issue of the profile, not a failure.
/// `base`   the compiled baseDefinition; nullptr for a type of the standard.
/// Fails    `invalid` when the definition constrains no type of R4.
/// Source: FHIR R4 profiling.html, elementdefinition.html.
[[nodiscard]] Result<Profile> compile_profile(std::shared_ptr<json::Document const> source,
                                              Profile const* base);

/// Whether the rules of `structure` need those of its base: it has no snapshot.
[[nodiscard]] bool needs_base(json::Value structure);

/// Compiles ElementDefinition.constraint; an issue where the expression is no FHIRPath.
void read_constraints(json::Value element, Rule& rule, std::vector<Issue>& issues);

/// Takes away what the element tables ask anyway, and then the rules that ask nothing; connects
/// content references.
void prune(Profile& profile);

/// The type that `http://hl7.org/fhir/StructureDefinition/X` names, or 0.
[[nodiscard]] fhir::TypeId core_type(std::string_view canonical);
/// A canonical without `|version`.
[[nodiscard]] std::string_view without_version(std::string_view canonical);
/// The child of that name, or nullptr.
[[nodiscard]] Rule const* find_child(Rule const& rule, std::string_view name);
/// The url that a rule for an extension asks for, or empty.
[[nodiscard]] std::string extension_url(Rule const& rule);

}  // namespace sinew::validate
