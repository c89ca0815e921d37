#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "json/json.h"

namespace sinew::validate {

/// A code as an instance has it. `system` is empty for an element of type code, where any system
/// fits, unless `has_system` says that a Coding left it out.
struct Code {
  std::string_view system;
  std::string_view code;
  bool is_coding = false;
};

/// `unknown`: a filter or a code system stands in the way that cannot be enumerated here.
enum class Membership : std::uint8_t { no, yes, unknown };

/// One `compose.include` or `.exclude`.
struct Include {
  std::string system;  ///< empty: the value sets alone
  std::unordered_set<std::string> codes;
  bool is_open = false;           ///< codes of the system that are not listed may be in as well
  bool is_case_sensitive = true;  ///< else `codes` are in lower case
  std::vector<std::string> value_sets;  ///< a code is in all of them
};

/// A value set as far as it can be enumerated.
struct ValueSet {
  std::vector<Include> includes;
  std::vector<Include> excludes;
  bool is_open = false;  ///< an expansion that is not whole: what it does not list may be in
};

/// The CodeSystem of that canonical, or a missing value.
using FindCodeSystem = std::function<json::Value(std::string_view)>;

/// The codes of a CodeSystem that holds all of them itself.
struct CodeList {
  bool is_supplement = false;  ///< has no codes of its own: no Coding may name it
  bool is_complete = false;
  bool is_case_sensitive = true;
  /// The displays and designations by code; codes in lower case when case does not matter.
  std::unordered_map<std::string, std::vector<std::string>> concepts;

  [[nodiscard]] bool has(std::string_view code) const;
  /// What the concept is called, when `display` is none of its names in any language, whatever the
  /// case; else nullptr, also for a code that is not known or has no name.
  [[nodiscard]] std::string const* better_display(std::string_view code,
                                                  std::string_view display) const;
};
[[nodiscard]] CodeList read_code_system(json::Value definition);

/// Reads `expansion` where there is no `compose`, else the compose: listed codes, whole code
/// systems that are complete, and filters on their concepts and properties (concepts.h).
/// Source: FHIR R4 valueset.html#compositions.
[[nodiscard]] ValueSet read_value_set(json::Value definition, FindCodeSystem const& find);

}  // namespace sinew::validate
