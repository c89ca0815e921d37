#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhirpath/pattern.h"
#include "xml/xml.h"

namespace sinew::contract {

/// `3[1].2[*]`: positions among the children of a context, and which of their instances.
struct RulePath {
  struct Step {
    std::size_t position = 0;
    std::size_t instance = 0;  ///< 0: every one
  };
  std::vector<Step> steps;  ///< none: the context itself (".")
};
[[nodiscard]] Result<RulePath> parse_rule_path(std::string_view text);

enum class RuleOperation : std::uint8_t {
  presence,
  plain_text,
  format,
  string_list,
  number_list,
  simple_value,
  path_value,
  value_set,
  set_id,
  negation,
  all,
  any,
  exclusive,
  imply,
  unsupported,
};

/// An assertion or condition. Source: usnistgov/v2-validation, Expressions.xsd.
struct Rule {
  RuleOperation operation{};
  RulePath path, path2;
  std::string text;  ///< to compare with; the operator of path_value and simple_value: `op`
  std::string op;
  std::vector<std::string> list;
  std::shared_ptr<fhirpath::Pattern const> pattern;
  bool ignores_case = false, at_least_once = false, is_number = false;
  char when_absent = 'P';  ///< P passes, F fails, I is inconclusive
  std::vector<Rule> parts;
};

struct Constraint {
  std::string id, description;
  Severity severity = Severity::error;
  Rule assertion;
};
struct Predicate {
  RulePath target;
  std::string true_usage, false_usage;
  Rule condition;
};
/// Of one context: a datatype, segment, group or message, by its id or its name.
struct ContextRules {
  std::vector<Constraint> constraints;
  std::vector<Predicate> predicates;
};
/// By "Segment:PID_M3" (an id) or "Segment=PID" (a name).
struct Rules {
  std::map<std::string, ContextRules, std::less<>> contexts;
};

/// An element of Expressions.xsd. Fails `invalid` where an attribute cannot be read; an operation
/// that is not known is `unsupported`. The depth is bounded by the limit of the XML reader.
[[nodiscard]] Result<Rule> read_rule(xml::Node element);
/// Fails `malformed` or `invalid` at the element.
[[nodiscard]] Result<Rules> read_rules(std::string text);

}  // namespace sinew::contract
