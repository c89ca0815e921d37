#include "mirth/server.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mirth/js/code.h"
#include "mirth/js/rewrite.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

constexpr auto kSecretWords = std::to_array<std::string_view>(
    {"credential", "key", "passphrase", "passwd", "password", "pwd", "secret", "token"});

bool looks_secret(std::string_view name) {
  auto const lower = to_lower(name);
  return std::ranges::any_of(kSecretWords, [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

std::set<std::string> functions_of(std::string_view script) {
  std::set<std::string> names;
  auto const code = js::Code::read(script);
  for (std::size_t i = 0; code && i < code->size(); ++i) {
    if (code->enclosing(i) != js::kNone || !code->is_name(i + 1)) continue;
    if (code->is(i, "function") || code->is(i, "var") || code->is(i, "const") || code->is(i, "let"))
      names.emplace(code->text(i + 1));
  }
  return names;
}

/// The code of a template; empty where it is text to be dragged into a script.
std::string code_of(Item const& each) {
  auto const properties = each["properties"];
  auto const type = properties.exists() ? properties.trimmed("type") : each.trimmed("type");
  if (type == "DRAG_AND_DROP_CODE" || type == "VARIABLE" || type == "CODE") return {};
  auto code = properties.exists() ? properties.text("code") : each.text("code");
  if (!code.empty() && !code.ends_with('\n')) code += '\n';
  return code;
}

void write_library(std::string const& title, std::vector<Item> const& templates, Library library,
                   Shared& shared, std::vector<Library>& found) {
  Part const part(shared, {}, "code templates \"" + title + "\"");
  library.file = "scripts/library-" + file_name_of(title) + ".js";
  for (int i = 2; shared.files.contains(library.file); ++i)
    library.file = "scripts/library-" + file_name_of(title) + "-" + std::to_string(i) + ".js";
  ScriptText text;
  for (auto const& each : templates) {
    auto const code = code_of(each);
    auto const name = "\"" + each.trimmed("name") + "\"";
    if (trim(code).empty()) {
      part.left_out(name, "text for the editor, no function");
      continue;
    }
    text.begin(name);
    text.add(code);
  }
  if (text.is_empty()) return;
  Logic logic;
  text.finish(logic, part, library.file);
  library.needs_e4x = logic.needs_e4x;
  library.functions = functions_of(logic.script);
  shared.needs_e4x = shared.needs_e4x || logic.needs_e4x;
  shared.files[library.file] = logic.script;
  found.push_back(std::move(library));
}

void report_alerts(Item const& configuration, Shared& shared) {
  for (auto const& alert : configuration["alerts"].items()) {
    Part const part(shared, {}, "alert \"" + alert.trimmed("name") + "\"");
    std::string to;
    for (auto const& action : alert["actionGroups"].items())
      for (auto const& each : action["actions"].items())
        to += (to.empty() ? "" : ", ") + each.trimmed("protocol") + " " + each.trimmed("recipient");
    part.by_hand("alert", "write it as an alert of the server; Mirth tells " +
                              (to.empty() ? std::string("nobody") : to));
  }
}

void report_scripts(Item const& configuration, Shared& shared) {
  for (auto const& [name, script] : configuration.entries("globalScripts")) {
    auto const code = js::Code::read(script);
    std::string bare;
    for (std::size_t i = 0; code && i < code->size(); ++i) bare += code->text(i);
    if (bare.empty() || bare == "return;" || bare == "returnmessage;") continue;
    auto const file = "by-hand/global-" + file_name_of(to_lower(name)) + ".js";
    shared.files[file] = script + (script.ends_with('\n') ? "" : "\n");
    Part(shared, {}, "global script " + name)
        .by_hand(file,
                 "there are no scripts of the whole server: let each channel that needs it "
                 "call a library");
  }
}

}  // namespace

void convert_libraries(std::vector<Item> const& libraries, Shared& shared,
                       std::vector<Library>& found) {
  for (auto const& each : libraries) {
    Library library;
    for (auto const& id : each.texts("enabledChannelIds")) library.channels.insert(id);
    for (auto const& id : each.texts("disabledChannelIds")) library.not_channels.insert(id);
    library.is_for_new = each.is_true("includeNewChannels");
    write_library(each.trimmed("name"), each["codeTemplates"].items(), std::move(library), shared,
                  found);
  }
}

void convert_templates(std::vector<Item> const& templates, Shared& shared,
                       std::vector<Library>& found) {
  if (templates.empty()) return;
  Library library;
  library.is_for_new = true;
  write_library("templates", templates, std::move(library), shared, found);
}

void convert_configuration(Item const& map, Shared& shared) {
  Part const part(shared, {}, "configuration map");
  std::string table = "key\tvalue\n";
  for (auto const& entry : map.items()) {
    auto const parts = entry.items();
    if (parts.size() < 2) continue;
    auto const key = parts[0].text();
    auto value = parts[1].text("value");
    if (looks_secret(key)) {
      part.by_hand("'" + key + "'",
                   "it looks like a secret: scripts do not see secrets, and files do "
                   "not hold them; connectors take it as the variable " +
                       variable_name_of(key));
      shared.configuration.try_emplace(key, std::string());
      continue;
    }
    if (value.find_first_of("\t\n\r") != std::string::npos || key.find('\t') != std::string::npos) {
      part.by_hand("'" + key + "'", "a value of several lines is no row of a table");
      continue;
    }
    if (!shared.configuration.try_emplace(key, value).second) continue;
    table += key + '\t' + value + '\n';
    part.converted("'" + key + "'", "a row of the lookup table 'configuration'");
  }
  if (table.find('\n') + 1 != table.size()) shared.files["lookups/configuration.tsv"] = table;
}

void report_server(Item const& configuration, Shared& shared) {
  report_alerts(configuration, shared);
  report_scripts(configuration, shared);
  Part const part(shared, {}, "server");
  for (auto const& user : configuration["users"].items())
    part.by_hand("user \"" + user.trimmed("username") + "\"", "users are those of the server");
  for (auto const& resource : configuration["resourceProperties"]["list"].items())
    if (resource.trimmed("id") != "Default Resource")
      part.by_hand("resource \"" + resource.trimmed("name") + "\"", "Java libraries are not there");
  for (auto const& dependency : configuration["channelDependencies"].items())
    part.left_out("dependency of channel " + dependency.trimmed("dependentId"),
                  "channels start together; what waits, waits on disk");
  for (auto const& tag : configuration["channelTags"].items())
    part.left_out("tag \"" + tag.trimmed("name") + "\"",
                  "channels have no tags: their folder and "
                  "names order them");
  auto const settings = configuration["serverSettings"];
  if (!settings.trimmed("smtpHost").empty())
    part.by_hand("mail server " + settings.trimmed("smtpHost"), "it is a setting of alerts");
  if (configuration["pluginProperties"].items().size() > 0)
    part.left_out("settings of plugins",
                  "the data pruner and its like: retention is a setting of the "
                  "server");
}

}  // namespace sinew::mirth
