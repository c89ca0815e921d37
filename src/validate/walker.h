#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/text.h"
#include "fhirpath/evaluator.h"
#include "validate/validator.h"

namespace sinew::validate {

/// A step of a location. The chain of parents ends at the root.
struct Place {
  Place const* parent = nullptr;
  std::string_view name;
  std::int32_t index = -1;  ///< in a list, else -1
};

/// A place in the instance.
struct Node {
  json::Value value;  ///< missing where a primitive has nothing but extensions
  json::Value twin;   ///< what stands beside it as `_name`
  fhir::TypeId type = 0;
  fhir::Element const* element = nullptr;
  Place const* place = nullptr;

  /// Where its members are.
  [[nodiscard]] json::Value object() const { return value.is_object() ? value : twin; }
  [[nodiscard]] json::Value shown() const { return value.exists() ? value : twin; }
};

/// What the entries of a Bundle are called.
struct BundleIndex {
  std::unordered_map<std::string, json::Value> by_url;        ///< fullUrl
  std::unordered_map<std::string, json::Value> by_reference;  ///< `Patient/1`
  /// The versions of the entries with one fullUrl.
  std::unordered_map<std::string, std::vector<std::string>> versions;
  /// Of a Bundle, or of Parameters.
  explicit BundleIndex(json::Value resource);

 private:
  void add(json::Value resource);
};

/// The resource that a node is part of, and what surrounds it.
struct Scope {
  json::Value resource;
  json::Value root;  ///< what contains `resource`, or itself
  BundleIndex const* bundle = nullptr;
  std::string_view full_url;  ///< of the entry
  Place const* place = nullptr;
};

/// Walks one document. The depth of its recursion is that of the document, which the parser limits,
/// and of the profiles, which the compiler limits; following references has a limit of its own.
class Walker : private fhirpath::Services {
 public:
  Walker(json::Value root, std::string_view text, Library const& library,
         ValidatorOptions const& options);
  ~Walker() override;
  [[nodiscard]] std::vector<Finding> run();

 private:
  // walk.cpp: what R4 itself asks
  void add_structure_issues();
  void walk_resource(Node const& node, Scope const& scope,
                     std::vector<std::string> const& more_profiles);
  [[nodiscard]] std::vector<std::string> implied_profiles(Node const& node) const;
  void apply_named(Node const& node, Scope const& scope, std::string const& canonical,
                   bool is_asked_for);
  void walk_element(Node const& node, Scope const& scope);
  void walk_member(Node const& node, json::Value value, json::Value twin,
                   fhir::Element const& element, Scope const& scope);
  void walk_item(Node const& item, Node const& owner, Scope const& scope);
  void walk_nested(Node const& node, Node const& owner, Scope const& scope);
  void check_base_binding(Node const& node);
  void check_attachment(Node const& node);
  void check_answers(Node const& node, Scope const& scope);
  void check_data_type(Node const& item, Scope const& scope);
  // codes.cpp
  void check_coding(Node const& node);
  // primitives.cpp
  [[nodiscard]] bool is_looked_at(fhir::Element const& element, json::Value value) const;
  void check_primitive(Node const& node);
  void check_uuid(Node const& node, std::string const& text);
  void check_canonical(Node const& node, std::string const& text);
  void check_identifier(Node const& node);
  // definition.cpp, terminology.cpp, measure.cpp: what definitions ask beyond their invariants
  void check_definition(Node const& node);
  void check_structure_definition(Node const& node);
  void check_discriminators(Node const& element, fhir::TypeId type);
  void check_type_profiles(Node const& element);
  void check_questionnaire(Node const& node);
  void check_code_system(Node const& node);
  void check_property(Node const& property, std::string_view name);
  void check_concept_properties(Node const& node,
                                std::unordered_map<std::string, std::string> const& types);
  void check_value_set(Node const& node);
  void check_include(Node const& include, json::Value value_set);
  void check_computed(Node const& filter, json::Value value_set);
  void check_filter(Node const& filter, std::string const& system);
  void check_concept_map(Node const& node);
  void check_measure(Node const& node);
  void check_measure_report(Node const& node);
  void check_populations(json::Value report, Node const& group);
  void check_obligations(Node const& node);
  // bundle.cpp
  void check_entries(Node const& node, Scope const& scope);
  void check_full_url(Node const& entry, bool is_needed);
  void check_composition(Node const& composition, Scope const& scope);
  void check_version(Node const& reference, Scope const& scope);
  void check_document_reference(Node const& reference, Scope const& scope);
  // extension.cpp
  void check_extension(Node const& node, Node const& owner, Scope const& scope);
  void check_parts(Profile const& profile, Node const& node);
  [[nodiscard]] bool is_true(fhirpath::Expression const& expression, Node const& node,
                             Scope const& scope);
  [[nodiscard]] bool selects(fhirpath::Expression const& expression, Node const& node,
                             Scope const& scope);
  [[nodiscard]] bool fits_context(Profile const& profile, Node const& owner, Scope const& scope);

  // apply.cpp: what a profile asks
  /// `around`: where the invariants of the element itself are evaluated, when that is not `scope`:
  /// a resource in a resource is an element of what holds it.
  void apply(Rule const& rule, Node const& node, Scope const& scope, Profile const& profile,
             Scope const* around = nullptr);
  void apply_children(Rule const& rule, Node const& node, Scope const& scope,
                      Profile const& profile);
  void check_count(Rule const& rule, std::size_t count, Node const& owner, Profile const& profile);
  void check_types(Rule const& rule, Node const& node, Scope const& scope, Profile const& profile);
  void check_profiles(TypeRule const& type, Node const& node, Scope const& scope,
                      Profile const& profile);
  void check_values(Rule const& rule, Node const& node, Profile const& profile);
  void check_binding(Binding const& binding, Node const& node, Profile const* profile);
  [[nodiscard]] std::optional<bool> is_bound(Binding const& binding, Node const& node);
  void check_constraint(Constraint const& constraint, Node const& node, Scope const& scope,
                        Profile const* profile);
  /// As `compare_values`, and quantities of other units by UCUM.
  [[nodiscard]] std::optional<int> compare(json::Value a, json::Value b);
  [[nodiscard]] fhirpath::Evaluator& evaluator();
  [[nodiscard]] std::vector<Node> children_of(Node const& node, std::string_view name);
  void collect(Node const& node, std::string_view name, fhir::Element const& element,
               std::vector<Node>& out);

  // slicing.cpp
  void apply_slices(Rule const& rule, std::vector<Node> const& items, Node const& owner,
                    Scope const& scope, Profile const& profile);
  [[nodiscard]] bool is_in_slice(Rule const& slice, Slicing const& slicing, Node const& node,
                                 Scope const& scope, Profile const& profile);
  [[nodiscard]] std::optional<bool> decide(Discriminator const& discriminator, Rule const& slice,
                                           Node const& node, Scope const& scope,
                                           Profile const& profile);
  [[nodiscard]] bool fits_quietly(Rule const& rule, Node const& node, Scope const& scope,
                                  Profile const& profile);
  [[nodiscard]] std::optional<bool> decide_type(std::vector<Rule const*> const& rules,
                                                Discriminator const& discriminator,
                                                std::vector<Node> const& nodes);
  [[nodiscard]] bool decide_profile(std::vector<Rule const*> const& rules, bool is_resolved,
                                    std::vector<Node> const& nodes, Scope const& scope);
  [[nodiscard]] std::vector<Node> nodes_at(Node const& node, std::vector<PathStep> const& steps,
                                           Scope const& scope);
  [[nodiscard]] std::vector<Rule const*> rules_at(Rule const& rule,
                                                  std::vector<PathStep> const& steps) const;

  // narrative.cpp
  void check_text_links(Node const& node);
  void check_narrative(NarrativeRule const& asked, Node const& node, Scope const& scope,
                       Profile const& profile);

  // references.cpp
  void check_literal(Node const& node, Scope const& scope);
  void check_reference(std::vector<std::string> const& targets, Node const& node,
                       Scope const& scope, Profile const& profile);
  [[nodiscard]] json::Value find_target(std::string_view reference, Scope const& scope) const;
  [[nodiscard]] json::Value find_by_url(std::string_view reference, Scope const& scope) const;
  /// Whether a node obeys a profile, without a word about it. Nothing: the profile is not known.
  [[nodiscard]] std::optional<bool> obeys(Node const& node, Scope const& scope,
                                          std::string_view canonical);
  [[nodiscard]] std::optional<json::Value> resolve(std::string_view reference) override;
  [[nodiscard]] std::optional<bool> is_member(fhirpath::Item const& coded,
                                              std::string_view value_set_url) override;
  [[nodiscard]] std::optional<bool> conforms(fhirpath::Item const& item,
                                             std::string_view profile_url) override;

  // report.cpp
  /// Counts a fault; true when somebody wants to read about it.
  [[nodiscard]] bool wants(Severity severity);
  struct Fault {
    Severity severity;
    FindingCode code;
    std::string text;
    Profile const* profile = nullptr;
    std::string_view key = {};
  };
  void report(Fault fault, Node const& node);
  /// An error of that kind, if anybody wants to read about it.
  void refuse(FindingCode code, std::string text, Node const& node,
              Profile const* profile = nullptr);
  void set_position(Finding& finding, json::Value value);
  [[nodiscard]] TextPosition position_at(std::size_t offset);
  [[nodiscard]] bool is_full() const { return findings_.size() >= options_.findings_max; }
  Place const* place(Place const* parent, std::string_view name, std::int32_t index = -1);

  json::Value root_;
  std::string_view text_;  ///< that `root_` is a part of
  Library const& library_;
  ValidatorOptions const& options_;
  std::vector<Finding> findings_;
  std::vector<TextPosition> marks_{{1, 1}};  ///< of places along `text_`
  std::deque<Place> places_;
  std::deque<BundleIndex> bundles_;
  std::vector<std::unique_ptr<fhirpath::Evaluator>> evaluators_;  ///< one per nested evaluation
  std::size_t evaluating_ = 0;
  Scope const* scope_ = nullptr;  ///< of the invariant being evaluated
  int quiet_ = 0;                 ///< nested questions whose faults are only counted
  std::size_t quiet_errors_ = 0;
  bool was_uncertain_ = false;  ///< a membership could not be decided since this was cleared
  std::unordered_set<std::string> asked_;  ///< resource and profile, being answered
  int reference_depth_ = 0;
  std::unordered_set<std::string> said_;  ///< what is said once for a document
};

/// Deep equality; numbers by value. Source: FHIR R4 ElementDefinition.fixed[x].
[[nodiscard]] bool equals(json::Value a, json::Value b);
/// Whether `value` holds all that `pattern` does. Source: FHIR R4 ElementDefinition.pattern[x].
[[nodiscard]] bool fits_pattern(json::Value value, json::Value pattern);
/// -1, 0, 1; nothing when the two cannot be compared. Numbers, dates, times and quantities.
[[nodiscard]] std::optional<int> compare_values(json::Value a, json::Value b);

/// `http://host/fhir` of `http://host/fhir/Patient/1`, or nothing.
[[nodiscard]] std::string_view base_of(std::string_view full_url);

/// `Patient.name[0].given`.
[[nodiscard]] std::string to_location(Place const* place);

}  // namespace sinew::validate
