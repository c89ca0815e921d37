#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "mapping/model.h"

namespace sinew::mapping {

/// A step of a target path, resolved: `participant[attending]`.
struct TargetStep {
  fhir::Element const* element = nullptr;
  std::string_view tag;
  std::string_view url;  ///< of an extension
};

struct TreeProperty;

/// One instance of an element while rows are gathered; see Group.
struct TreeGroup {
  std::uint8_t slot = 0;
  bool is_shared = false;  ///< false: a list entry per value of one row
  std::string_view tag, url;
  std::vector<Rule> wholes;
  std::vector<TreeProperty> children;
  bool is_driven = false;
  Source driver;
  TableRow const* row = nullptr;  ///< the first that asked for it, for messages
};

struct TreeProperty {
  fhir::Element const* element = nullptr;
  std::vector<TreeGroup> groups;
  std::uint32_t sequence = 0;  ///< order of first mention
};

/// A row made ready: what it does, wherever its table is used.
struct PreparedRow {
  enum class Kind : std::uint8_t { element, whole, ignore };
  Kind kind = Kind::element;
  Rule rule;
  std::vector<TargetStep> steps;
  TableRow const* row = nullptr;
};

/// The rows of one resource or data type, gathered by element.
struct Tree {
  fhir::TypeId type = 0;
  std::vector<TreeProperty> properties;
  std::vector<Rule> wholes;  ///< `$this` of a primitive
  std::vector<Rule> ignores;
  TableRow const* row = nullptr;
  std::uint32_t sequence = 0;
  std::vector<PreparedRow>* prepared = nullptr;  ///< rows go here instead, when given
};

}  // namespace sinew::mapping
