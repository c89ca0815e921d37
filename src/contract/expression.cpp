#include "contract/expression.h"

#include <array>

#include "base/text.h"

namespace sinew::contract {
namespace {

constexpr std::size_t kStepsMax = 20;
constexpr std::size_t kRulesMax = 100'000;
/// Of an XML file of rules: expressions are nested, and read by functions that call themselves.
constexpr std::size_t kDepthMax = 64;

struct OperationRow {
  std::string_view element;
  RuleOperation operation;
  std::size_t parts_min, parts_max;  ///< 0: not a combination
};
constexpr auto kOperations = std::to_array<OperationRow>({
    {"AND", RuleOperation::all, 1, 1000},
    {"EXIST", RuleOperation::any, 1, 1000},
    {"FORALL", RuleOperation::all, 1, 1000},
    {"Format", RuleOperation::format, 0, 0},
    {"IMPLY", RuleOperation::imply, 2, 2},
    {"NOT", RuleOperation::negation, 1, 1},
    {"NumberList", RuleOperation::number_list, 0, 0},
    {"OR", RuleOperation::any, 1, 1000},
    {"PathValue", RuleOperation::path_value, 0, 0},
    {"PlainText", RuleOperation::plain_text, 0, 0},
    {"Presence", RuleOperation::presence, 0, 0},
    {"SetID", RuleOperation::set_id, 0, 0},
    {"SimpleValue", RuleOperation::simple_value, 0, 0},
    {"StringFormat", RuleOperation::format, 0, 0},
    {"StringList", RuleOperation::string_list, 0, 0},
    {"ValueSet", RuleOperation::value_set, 0, 0},
    {"XOR", RuleOperation::exclusive, 2, 2},
});

struct FormatRow {
  std::string_view name, pattern;
};
/// The formats that StringFormat names.
constexpr auto kFormats = std::to_array<FormatRow>({
    {"LOINC", "[0-9]{1,7}-[0-9]"},
    {"SNOMED", "[0-9]{6,18}"},
    {"ISO", "[0-2](\\.(0|[1-9][0-9]*))+"},
});

std::string text_of(xml::Node node, std::string_view name) {
  return node.attribute(name).value_or("");
}

bool is_true(xml::Node node, std::string_view name) {
  auto const text = text_of(node, name);
  return text == "true" || text == "1";
}

Result<RulePath> path_at(xml::Node node, std::string_view name) {
  auto path = parse_rule_path(text_of(node, name));
  if (!path) return fail(ErrorCode::invalid, path.error().what, xml::path_of(node));
  return path;
}

Result<> read_leaf(xml::Node node, Rule& rule) {
  bool const has_two = rule.operation == RuleOperation::path_value;
  rule.path = TRY(path_at(node, has_two ? "Path1" : "Path"));
  if (has_two) rule.path2 = TRY(path_at(node, "Path2"));
  rule.op = text_of(node, "Operator");
  rule.ignores_case = is_true(node, "IgnoreCase");
  rule.at_least_once = is_true(node, "AtLeastOnce");
  rule.is_number = text_of(node, "Type") == "Number";
  if (auto const absent = text_of(node, "NotPresentBehavior"); !absent.empty())
    rule.when_absent = absent.front();
  for (auto const* const name : {"Text", "Value", "ValueSetID"}) {
    if (auto const text = node.attribute(name)) rule.text = *text;
  }
  auto const list = text_of(node, "CSV");
  for (auto const item : split(list, ',')) rule.list.emplace_back(trim(item));
  if (rule.operation != RuleOperation::format) return {};
  auto pattern = text_of(node, "Regex");
  for (auto const& row : kFormats) {
    if (text_of(node, "Format") == row.name) pattern = row.pattern;
  }
  // What look-around and back references would say is told as not checked.
  auto compiled = fhirpath::Pattern::compile(pattern);
  if (pattern.empty() || !compiled) {
    rule.operation = RuleOperation::unsupported;
  } else {
    rule.pattern = *std::move(compiled);
  }
  return {};
}

Result<Rule> only_rule_in(xml::Node node) {
  for (auto const element : node.elements()) return read_rule(element);
  return fail(ErrorCode::invalid, "holds no expression", xml::path_of(node));
}

Result<Constraint> read_constraint(xml::Node node) {
  Constraint constraint;
  constraint.id = text_of(node, "ID");
  constraint.description = std::string(trim(node["Description"].text()));
  bool const is_advice =
      text_of(node, "Strength") == "SHOULD" || text_of(node, "Classification") == "W";
  constraint.severity = is_advice ? Severity::warning : Severity::error;
  constraint.assertion = TRY(only_rule_in(node["Assertion"]));
  return constraint;
}

Result<Predicate> read_predicate(xml::Node node) {
  Predicate predicate;
  predicate.target = TRY(path_at(node, "Target"));
  if (predicate.target.steps.empty())
    return fail(ErrorCode::invalid, "has no target", xml::path_of(node));
  predicate.true_usage = text_of(node, "TrueUsage");
  predicate.false_usage = text_of(node, "FalseUsage");
  predicate.condition = TRY(only_rule_in(node["Condition"]));
  return predicate;
}

Result<> read_context(xml::Node context, std::string_view kind, Rules& rules, std::size_t& count) {
  bool const is_by_id = context.name() == "ByID";
  auto const key =
      std::string(kind) + (is_by_id ? ":" : "=") + text_of(context, is_by_id ? "ID" : "Name");
  auto& all = rules.contexts[key];
  for (auto const element : context.elements()) {
    if (++count > kRulesMax)
      return fail(ErrorCode::too_large, "has too many rules", xml::path_of(context));
    if (element.name() == "Constraint")
      all.constraints.push_back(TRY(read_constraint(element)));
    else if (element.name() == "Predicate")
      all.predicates.push_back(TRY(read_predicate(element)));
  }
  return {};
}

}  // namespace

Result<RulePath> parse_rule_path(std::string_view text) {
  RulePath path;
  if (text == ".") return path;
  for (auto const part : split(text, '.')) {
    auto const open = part.find('[');
    if (open == part.npos || !part.ends_with(']') || path.steps.size() >= kStepsMax)
      return fail(ErrorCode::invalid, "is no path such as 3[1].2[*]");
    auto const inside = part.substr(open + 1, part.size() - open - 2);
    auto const position = parse_integer<std::size_t>(part.substr(0, open));
    auto const instance = inside == "*" ? std::size_t{0} : parse_integer<std::size_t>(inside);
    if (!position || !instance || *position == 0 || (*instance == 0 && inside != "*"))
      return fail(ErrorCode::invalid, "is no path such as 3[1].2[*]");
    path.steps.push_back({*position, *instance});
  }
  return path;
}

Result<Rule> read_rule(xml::Node element) {
  Rule rule;
  rule.operation = RuleOperation::unsupported;
  for (auto const& row : kOperations) {
    if (row.element != element.name()) continue;
    rule.operation = row.operation;
    if (row.parts_max == 0) {
      TRY(read_leaf(element, rule));
      return rule;
    }
    for (auto const part : element.elements()) rule.parts.push_back(TRY(read_rule(part)));
    if (rule.parts.size() < row.parts_min || rule.parts.size() > row.parts_max)
      return fail(ErrorCode::invalid, "has the wrong number of expressions", xml::path_of(element));
  }
  if (rule.operation == RuleOperation::unsupported) rule.text = std::string(element.name());
  return rule;
}

Result<Rules> read_rules(std::string text) {
  auto const document = TRY(xml::Document::parse(std::move(text), {.depth_max = kDepthMax}));
  auto const root = document.root();
  if (root.name() != "ConformanceContext")
    return fail(ErrorCode::invalid, "is no ConformanceContext", xml::path_of(root));
  Rules rules;
  std::size_t count = 0;
  for (auto const* const section : {"Predicates", "Constraints"}) {
    for (auto const kind : root[section].elements()) {
      for (auto const context : kind.elements())
        TRY(read_context(context, kind.name(), rules, count));
    }
  }
  return rules;
}

}  // namespace sinew::contract
