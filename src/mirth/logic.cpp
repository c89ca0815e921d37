#include "mirth/logic.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "json/write.h"
#include "mirth/expression.h"
#include "mirth/js/rewrite.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

struct KindRow {
  std::string_view kind;
  std::string_view name;  ///< as Mirth's administrator shows it
};
constexpr auto kKinds = std::to_array<KindRow>({
    {"DestinationSetFilterStep", "Destination Set Filter"},
    {"ExternalScriptRule", "External Script"},
    {"ExternalScriptStep", "External Script"},
    {"IteratorRule", "Iterator"},
    {"IteratorStep", "Iterator"},
    {"JavaScriptRule", "JavaScript"},
    {"JavaScriptStep", "JavaScript"},
    {"MapperStep", "Mapper"},
    {"MessageBuilderStep", "Message Builder"},
    {"RuleBuilderRule", "Rule Builder"},
    {"XsltStep", "XSLT"},
});

/// Characters that mean something in a regular expression.
std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (std::string_view("\\.+*?()[]{}|^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string pair(std::string_view field, std::string_view test, std::string_view value) {
  return "{field: " + scalar(field) + ", " + std::string(test) + ": " + std::string(value) + "}";
}

}  // namespace

std::string js_string(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string label_of(std::string_view what, std::size_t number, Item const& element) {
  auto kind = element.kind();
  auto const* const row = std::ranges::find(kKinds, kind, &KindRow::kind);
  if (row != kKinds.end()) kind = row->name;
  if (auto const type = element.trimmed("type"); !type.empty()) kind = type;
  auto const name = element.trimmed("name");
  return std::string(what) + ' ' + std::to_string(number) +
         (name.empty() ? std::string() : " \"" + name + "\"") + " (" + kind + ")";
}

std::string condition_script(Item const& rule) {
  auto const field = rule.trimmed("field");
  auto const condition = rule.trimmed("condition");
  if (condition == "EXISTS") return "e4x.length(" + field + ") > 0";
  if (condition == "NOT_EXIST") return "e4x.length(" + field + ") == 0";
  bool const contains = condition == "CONTAINS" || condition == "NOT_CONTAIN";
  bool const is_not = condition == "NOT_EQUAL" || condition == "NOT_CONTAIN";
  auto values = rule.texts("values");
  if (values.empty()) values.emplace_back("\"\"");
  std::string out;
  for (auto const& value : values) {
    if (!out.empty()) out += is_not ? " && " : " || ";
    if (contains) {
      out += "(" + field + ".indexOf(" + value + ") " + (is_not ? "==" : "!=") + " -1)";
    } else {
      out += field + (is_not ? " != " : " == ") + value;
    }
  }
  return "(" + out + ")";
}

std::string plain_condition(Item const& rule, Part const& part, std::string const& label) {
  auto const field = field_path(rule.trimmed("field"));
  if (!field) return {};
  std::vector<std::string> values;
  for (auto const& each : rule.texts("values")) {
    auto value = literal_value(each);
    if (!value) return {};
    values.push_back(*std::move(value));
  }
  std::string out;
  auto const condition = rule.trimmed("condition");
  bool const is_nothing = values.empty() || (values.size() == 1 && values[0].empty());
  std::string pattern;
  for (auto const& value : values) pattern += (pattern.empty() ? "" : "|") + escaped(value);
  if (condition == "EXISTS" || (condition == "NOT_EQUAL" && is_nothing)) {
    out = pair(field->path, "exists", "true");
  } else if (condition == "NOT_EXIST" || (condition == "EQUALS" && is_nothing)) {
    out = pair(field->path, "exists", "false");
  } else if (condition == "EQUALS") {
    out = pair(field->path, "is", flow(values));
  } else if (condition == "NOT_EQUAL") {
    out = pair(field->path, "is-not", flow(values));
  } else if (condition == "CONTAINS") {
    out = pair(field->path, "matches", scalar(pattern));
  } else if (condition == "NOT_CONTAIN") {
    out = "{not: [" + pair(field->path, "matches", scalar(pattern)) + "]}";
  } else {
    return {};
  }
  if (field->is_single || field->path.find('-') == std::string::npos) {
    part.converted(label);
  } else {
    part.differs(label, field->path +
                            " may stand several times: here it is enough that one of them "
                            "holds; Mirth compares them all together");
  }
  return out;
}

void ScriptText::add(std::string_view text) {
  for (char const c : text)
    if (c != '\r') text_ += c;
}

void ScriptText::begin(std::string label) {
  auto const line = static_cast<std::size_t>(std::ranges::count(text_, '\n')) + 1;
  labels_.emplace_back(line, std::move(label));
}

void ScriptText::finish(Logic& logic, Part const& part, std::string const& file) const {
  auto script = js::rewrite(text_);
  if (!script) return part.by_hand(file, script.error().what);
  std::set<std::string> remarked;
  for (auto const& remark : script->remarks) {
    std::string what = file;
    for (auto const& [line, label] : labels_)
      if (line <= remark.line) what = label;
    remarked.insert(what);
    part.add(remark.verdict, what + ", " + file, remark.why, remark.line);
  }
  for (auto const& [line, label] : labels_)
    if (!remarked.contains(label)) part.converted(label);
  logic.script = std::move(script->text);
  if (!logic.script.ends_with('\n')) logic.script += '\n';
  // What we wrote ourselves may call it, too.
  bool const calls_e4x = script->needs_e4x || text_.find("e4x.") != std::string::npos;
  logic.needs_e4x = logic.needs_e4x || calls_e4x;
  logic.uses_destination_set = logic.uses_destination_set || script->uses_destination_set;
}

}  // namespace sinew::mirth
