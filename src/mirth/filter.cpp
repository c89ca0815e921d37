#include <algorithm>

#include "base/text.h"
#include "mirth/logic.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

constexpr int kIteratorDepthMax = 8;

/// A rule that is in force.
struct Rule {
  Item item;
  std::string label;
  bool begins_group = false;  ///< OR stands before it
  std::string condition;      ///< YAML; empty: it takes a script
};

std::string rule_script(Item const& rule, int depth);

/// True as soon as a rule below holds for some element; with `intersectIterations`, for all.
std::string iterator_script(Item const& rule, int depth) {
  auto const properties = rule["properties"];
  auto const index = properties.trimmed("indexVariable");
  bool const all = properties.is_true("intersectIterations");
  std::string test;
  for (auto const& child : properties["children"].items()) {
    if (!test.empty()) test += child.trimmed("operator") == "OR" ? " || " : " && ";
    test += "Boolean((function () { " + rule_script(child, depth + 1) + "\n})())";
  }
  if (test.empty() || index.empty() || depth > kIteratorDepthMax) return "return true;";
  return "for (var " + index + " = 0; " + index + " < e4x.length(" + properties.trimmed("target") +
         "); " + index + "++) if (" + (all ? "!" : "") + "(" + test + ")) return " +
         (all ? "false" : "true") + "; return " + (all ? "true" : "false") + ";";
}

/// The body of a function that says whether the rule holds.
std::string rule_script(Item const& rule, int depth) {
  auto const kind = rule.kind();
  if (kind == "RuleBuilderRule") return "return " + condition_script(rule) + ";";
  if (kind == "IteratorRule") return iterator_script(rule, depth);
  return rule.text("script");
}

std::vector<Rule> rules_of(Item const& filter, Part const& part) {
  std::vector<Rule> rules;
  auto elements = filter["elements"].items();
  if (elements.empty()) elements = filter["rules"].items();  // before 3.5
  std::size_t number = 0;
  for (auto const& element : elements) {
    auto label = label_of("rule", ++number, element);
    if (element["enabled"].exists() && !element.is_true("enabled")) {
      part.left_out(label, "it is disabled");
      continue;
    }
    if (element.kind() == "ExternalScriptRule") {
      part.by_hand(label,
                   "the script is a file of Mirth's server: " + element.trimmed("scriptPath"));
      continue;
    }
    bool const is_or = !rules.empty() && element.trimmed("operator") == "OR";
    rules.push_back({element, std::move(label), is_or, {}});
  }
  return rules;
}

std::string group_of(std::vector<Rule> const& rules, std::size_t from, std::size_t end) {
  std::string all;
  for (auto i = from; i < end; ++i) all += (all.empty() ? "" : ", ") + rules[i].condition;
  return end - from == 1 ? all : "{all: [" + all + "]}";
}

/// Rules joined by OR: `any`, of groups that AND joins.
std::string any_of(std::vector<Rule> const& rules) {
  std::string groups;
  for (std::size_t from = 0; from < rules.size();) {
    auto end = from + 1;
    while (end < rules.size() && !rules[end].begins_group) ++end;
    groups += (groups.empty() ? "" : ", ") + group_of(rules, from, end);
    from = end;
  }
  return "{any: [" + groups + "]}";
}

/// All rules that need a script, or with OR all rules, as one script that returns a truth.
void write_script(Logic& logic, std::vector<Rule> const& rules, bool with_plain, Part const& part,
                  std::string const& file) {
  ScriptText text;
  for (auto const& rule : rules) {
    if (!with_plain && !rule.condition.empty()) continue;
    std::string_view const join = rule.begins_group ? " || " : " && ";
    text.add(text.is_empty() ? std::string_view("return ") : join);
    text.begin(rule.label);
    text.add("Boolean((function () { ");
    text.add(rule_script(rule.item, 0));
    text.add("\n})())");
  }
  text.add(";\n");
  text.finish(logic, part, file);
}

}  // namespace

Logic convert_filter(Item const& filter, Part const& part, std::string const& file) {
  Logic logic;
  auto rules = rules_of(filter, part);
  if (rules.empty()) return logic;
  bool const has_or =
      std::ranges::any_of(rules, [](Rule const& rule) { return rule.begins_group; });
  // Of rules that OR joins, one that needs a script takes the others with it.
  bool const any_script = std::ranges::any_of(
      rules, [](Rule const& rule) { return rule.item.kind() != "RuleBuilderRule"; });
  if (!has_or || !any_script) {
    Shared unheard;
    Part const silent(unheard, {}, {});
    bool const all_plain = std::ranges::all_of(rules, [&silent](Rule const& rule) {
      return rule.item.kind() == "RuleBuilderRule" &&
             !plain_condition(rule.item, silent, {}).empty();
    });
    if (!has_or || all_plain) {
      for (auto& rule : rules)
        if (rule.item.kind() == "RuleBuilderRule")
          rule.condition = plain_condition(rule.item, part, rule.label);
    }
  }
  bool const is_plain =
      std::ranges::none_of(rules, [](Rule const& rule) { return rule.condition.empty(); });
  if (has_or && is_plain) {
    logic.conditions.push_back(any_of(rules));
  } else if (has_or) {
    write_script(logic, rules, true, part, file);
  } else {
    for (auto const& rule : rules)
      if (!rule.condition.empty()) logic.conditions.push_back(rule.condition);
    if (!is_plain) write_script(logic, rules, false, part, file);
  }
  return logic;
}

}  // namespace sinew::mirth
