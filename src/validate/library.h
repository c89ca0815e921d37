#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "validate/package.h"
#include "validate/profile.h"
#include "validate/value_set.h"

namespace sinew::validate {

/// Everything validation knows beside R4 itself: the definitions of packages, several versions side
/// by side, with profiles and value sets compiled when they are first asked for.
///
/// Filled first, then asked by any number of threads. What it returns lives as long as it does.
class Library {
 public:
  Library();
  Library(Library const&) = delete;
  Library& operator=(Library const&) = delete;
  ~Library();

  void add(Definition definition);
  void add(Package package);

  /// The definition of that canonical: `url|version`, or of `url` the highest version; nullptr when
  /// there is none.
  [[nodiscard]] Definition const* find(std::string_view type, std::string_view canonical) const;

  /// The compiled profile; nullptr when it is not known or no profile on a type of R4. A type of
  /// the standard has one that asks nothing, because the element tables ask it all.
  [[nodiscard]] Profile const* profile(std::string_view canonical) const;

  /// The profiles that every resource of a type obeys, as the guides say that are known here.
  /// Source: FHIR R4 ImplementationGuide.global.
  [[nodiscard]] std::vector<std::string> global_profiles(fhir::TypeId type) const;

  /// Whether a code is in a value set: of the packages, or of the tables of R4.
  [[nodiscard]] Membership membership(std::string_view value_set, Code const& code) const;

  /// The codes of a code system, or nullptr when no package has it.
  [[nodiscard]] CodeList const* code_list(std::string_view system) const;

  /// The invariants that a type declares itself, and those declared on an element of it.
  /// Source: data/fhir/r4/constraints.tsv.
  [[nodiscard]] std::vector<Constraint const*> const& constraints_of(fhir::TypeId type) const;
  [[nodiscard]] std::vector<Constraint const*> const* constraints_of(
      fhir::Element const& element) const;

 private:
  struct BaseConstraints;

  Profile const* compile(std::string_view canonical, int depth) const;
  ValueSet const* value_set(std::string_view canonical) const;

  /// By `StructureDefinition http://...`; each list from the highest version down.
  std::unordered_map<std::string, std::vector<Definition>> definitions_;
  std::unique_ptr<BaseConstraints> base_;
  std::unordered_map<fhir::TypeId, std::vector<std::string>> globals_;

  mutable std::recursive_mutex mutex_;  ///< of the caches
  mutable std::map<std::string, std::unique_ptr<Profile>, std::less<>> profiles_;
  mutable std::map<std::string, std::unique_ptr<ValueSet>, std::less<>> value_sets_;
  mutable std::map<std::string, std::unique_ptr<CodeList>, std::less<>> code_lists_;
};

}  // namespace sinew::validate
