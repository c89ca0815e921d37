#include <algorithm>

#include "base/text.h"
#include "mirth/expression.h"
#include "mirth/logic.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

constexpr int kIteratorDepthMax = 8;

struct Scope {
  std::string_view name;
  std::string_view map;
};
constexpr Scope kScopes[] = {
    {"CHANNEL", "channelMap"},   {"CONNECTOR", "connectorMap"},
    {"GLOBAL", "globalMap"},     {"GLOBAL_CHANNEL", "globalChannelMap"},
    {"RESPONSE", "responseMap"},
};

std::string_view map_of(Item const& step) {
  auto const scope = step.trimmed("scope");
  auto const* const row = std::ranges::find(kScopes, scope, &Scope::name);
  return row == std::ranges::end(kScopes) ? "channelMap" : row->map;
}

/// An expression in a place where another follows: without `;`, and a comment ends with its line.
std::string expression_of(Item const& step, std::string_view child) {
  auto const whole = step.text(child);
  auto text = trim(whole);
  while (text.ends_with(';')) text = trim(text.substr(0, text.size() - 1));
  if (text.empty()) return "''";
  return std::string(text) + (text.find("//") == std::string_view::npos ? "" : "\n");
}

std::string replacements_of(Item const& step) {
  std::string out = "[";
  for (auto const& each : step["replacements"].items()) {
    auto parts = each.items();
    // <org.apache.commons.lang3.tuple.ImmutablePair><left>..</left><right>..</right>
    if (parts.size() < 2) continue;
    out += (out.size() > 1 ? ", " : "");
    out += "[" + parts[0].text() + ", " + parts[1].text() + "]";
  }
  return out + "]";
}

std::string validated(Item const& step, std::string_view value) {
  return "validate(" + std::string(value) + ", " + expression_of(step, "defaultValue") + ", " +
         replacements_of(step) + ")";
}

std::string mapper_script(Item const& step) {
  return "{ let mapping; try { mapping = " + expression_of(step, "mapping") +
         "; } catch (e) { mapping = ''; } " + std::string(map_of(step)) + ".put(" +
         js_string(step.trimmed("variable")) + ", " + validated(step, "mapping") + "); }\n";
}

std::string builder_script(Item const& step) {
  return step.trimmed("messageSegment") + " = " + validated(step, expression_of(step, "mapping")) +
         ";\n";
}

std::string set_filter_script(Item const& step) {
  auto const behavior = step.trimmed("behavior");
  std::string ids;
  for (auto const& id : step["metaDataIds"].items())
    ids += (ids.empty() ? "" : ", ") + std::string(trim(id.text()));
  std::string_view const method = behavior == "REMOVE_ALL"          ? "removeAll"
                                  : behavior == "REMOVE_ALL_EXCEPT" ? "removeAllExcept"
                                                                    : "remove";
  return "if (" + condition_script(step) + ") { destinationSet." + std::string(method) +
         (behavior == "REMOVE_ALL" ? "()" : "([" + ids + "])") + "; }\n";
}

std::string step_script(Item const& step, int depth);

std::string iterator_script(Item const& step, int depth) {
  auto const properties = step["properties"];
  auto const index = properties.trimmed("indexVariable");
  if (index.empty() || depth > kIteratorDepthMax) return {};
  std::string before, within, after;
  for (auto const& child : properties["children"].items()) {
    if (child.kind() != "MapperStep") {
      within += step_script(child, depth + 1);
      continue;
    }
    // A mapper in an iterator gathers a list.
    auto name = file_name_of(child.trimmed("variable"));
    std::ranges::replace_if(
        name, [](char c) { return !is_ascii_alpha(c) && !is_ascii_digit(c); }, '_');
    before += "var _" + name + " = [];\n";
    within += "{ let mapping; try { mapping = " + expression_of(child, "mapping") +
              "; } catch (e) { mapping = ''; } _" + name + ".push(" + validated(child, "mapping") +
              "); }\n";
    after += std::string(map_of(child)) + ".put(" + js_string(child.trimmed("variable")) + ", _" +
             name + ");\n";
  }
  return before + "for (var " + index + " = 0; " + index + " < e4x.length(" +
         expression_of(properties, "target") + "); " + index + "++) {\n" + within + "}\n" + after;
}

std::string step_script(Item const& step, int depth) {
  auto const kind = step.kind();
  if (kind == "MapperStep") return mapper_script(step);
  if (kind == "MessageBuilderStep") return builder_script(step);
  if (kind == "DestinationSetFilterStep") return set_filter_script(step);
  if (kind == "IteratorStep") return iterator_script(step, depth);
  auto script = step.text("script");
  if (!script.ends_with('\n')) script += '\n';
  return script;
}

/// `copy: {from: PID-3, to: PID-4}`, `set: {PID-8: F}` or `clear: PID-8`; empty where it takes a
/// script.
std::string plain_step(Item const& step) {
  if (step.kind() != "MessageBuilderStep" || !step["replacements"].items().empty()) return {};
  if (!step.trimmed("defaultValue").empty()) return {};
  auto const to = field_path(step.trimmed("messageSegment"));
  if (!to || to->path.find('-') == std::string::npos) return {};
  auto const mapping = step.trimmed("mapping");
  if (mapping.empty()) return "clear: " + scalar(to->path);
  // A text with braces would be a template.
  if (auto const value = literal_value(mapping))
    return value->find_first_of("{}$") != std::string::npos
               ? std::string()
               : "set: {" + scalar(to->path) + ": " + scalar(*value) + "}";
  auto const from = field_path(mapping);
  if (!from || from->path.find('-') == std::string::npos) return {};
  return "copy: {from: " + scalar(from->path) + ", to: " + scalar(to->path) + "}";
}

/// A destination set filter that is plain: each destination it takes out gets a condition.
bool add_removals(Logic& logic, Item const& step, Part const& part, std::string const& label,
                  std::vector<std::int64_t> const& destinations) {
  auto const condition = plain_condition(step, part, label);
  if (condition.empty()) return false;
  auto const behavior = step.trimmed("behavior");
  std::vector<std::int64_t> named;
  for (auto const& id : step["metaDataIds"].items())
    if (auto const number = parse_integer<std::int64_t>(trim(id.text()))) named.push_back(*number);
  for (auto const id : destinations) {
    bool const is_named = std::ranges::find(named, id) != named.end();
    bool const is_out =
        behavior == "REMOVE_ALL" || (behavior == "REMOVE_ALL_EXCEPT" ? !is_named : is_named);
    if (is_out) logic.removals[id].push_back("{not: [" + condition + "]}");
  }
  return true;
}

struct Step {
  Item item;
  std::string label;
};

std::vector<Step> steps_of(Item const& transformer, Part const& part) {
  std::vector<Step> steps;
  auto elements = transformer["elements"].items();
  if (elements.empty()) elements = transformer["steps"].items();  // before 3.5
  std::size_t number = 0;
  for (auto const& element : elements) {
    auto label = label_of("step", ++number, element);
    auto const kind = element.kind();
    auto const type = element.trimmed("type");
    if (element["enabled"].exists() && !element.is_true("enabled")) {
      part.left_out(label, "it is disabled");
    } else if (kind == "XsltStep" || type == "XSLT Step") {
      part.by_hand(label, "there is no XSLT: write it as a script or as mapping tables");
    } else if (kind == "ExternalScriptStep" || type == "External Script") {
      part.by_hand(label,
                   "the script is a file of Mirth's server: " + element.trimmed("scriptPath"));
    } else {
      steps.push_back({element, std::move(label)});
    }
  }
  return steps;
}

}  // namespace

void collect_fields(Item const& transformer, MapFields& fields) {
  for (auto const& step : transformer["elements"].items()) {
    if (step.kind() != "MapperStep" || !step["replacements"].items().empty()) continue;
    auto const field = field_path(step.trimmed("mapping"));
    bool const is_field = field && field->path.find('-') != std::string::npos;
    if (is_field) fields.insert_or_assign(step.trimmed("variable"), field->path);
  }
}

Logic convert_transformer(Item const& transformer, Part const& part, std::string const& file,
                          std::vector<std::int64_t> const& destinations) {
  Logic logic;
  auto steps = steps_of(transformer, part);
  std::erase_if(steps, [&](Step const& step) {
    return step.item.kind() == "DestinationSetFilterStep" &&
           add_removals(logic, step.item, part, step.label, destinations);
  });
  if (steps.empty()) return logic;
  bool const is_plain =
      std::ranges::all_of(steps, [](Step const& step) { return !plain_step(step.item).empty(); });
  if (is_plain) {
    for (auto const& step : steps) {
      logic.steps.push_back(plain_step(step.item));
      part.converted(step.label);
    }
    return logic;
  }
  // One scope for all steps, as in Mirth: what one declares, the next ones use.
  ScriptText text;
  for (auto const& step : steps) {
    text.begin(step.label);
    if (steps.size() > 1) text.add("// " + step.label + "\n");
    text.add(step_script(step.item, 0));
  }
  text.finish(logic, part, file);
  return logic;
}

}  // namespace sinew::mirth
