#include "validate/value_set.h"

#include <algorithm>

#include "base/text.h"
#include "validate/concepts.h"

namespace sinew::validate {
namespace {

bool is_complete(json::Value code_system) {
  return code_system && code_system["content"].text() == "complete" &&
         !code_system["supplements"].exists() && !code_system["compositional"].boolean();
}

Include read_include(json::Value value, FindCodeSystem const& find) {
  Include out;
  out.system = value["system"].text();
  for (auto const other : value["valueSet"].elements()) out.value_sets.push_back(other.text());
  if (out.system.empty()) return out;
  auto const version = value["version"].text();
  auto const code_system = find(version.empty() ? out.system : out.system + "|" + version);
  auto const sensitive = code_system["caseSensitive"];
  out.is_case_sensitive = !sensitive || sensitive.boolean();
  if (auto const listed = value["concept"]) {
    for (auto const item : listed.elements()) {
      auto const code = item["code"].text();
      out.codes.insert(out.is_case_sensitive ? code : to_lower(code));
    }
    return out;
  }
  out.is_open = !is_complete(code_system);
  if (out.is_open) return out;
  Concepts const concepts(code_system);
  auto const filters = value["filter"];
  for (auto const filter : filters.elements()) out.is_open = out.is_open || !concepts.knows(filter);
  if (out.is_open) return out;
  for (auto const& code : concepts.select(filters)) {
    out.codes.insert(out.is_case_sensitive ? code : to_lower(code));
  }
  return out;
}

/// Whether an expansion says that it leaves codes out.
/// Source: FHIR R4 ValueSet.expansion.total; extension valueset-unclosed.
bool is_in_part(json::Value expansion, std::size_t count) {
  for (auto const extension : expansion["extension"].elements()) {
    bool const is_it = extension["url"].text().ends_with("/valueset-unclosed");
    if (is_it && extension["valueBoolean"].boolean()) return true;
  }
  auto const total = parse_integer<std::uint64_t>(expansion["total"].raw());
  return total && *total > count;
}

ValueSet read_expansion(json::Value expansion) {
  ValueSet set;
  std::vector<json::Value> stack{expansion["contains"]};
  std::size_t count = 0;
  while (!stack.empty()) {
    auto const list = stack.back();
    stack.pop_back();
    for (auto const item : list.elements()) {
      if (++count > kConceptsMax) {
        set.is_open = true;
        return set;
      }
      auto const system = item["system"].text();
      auto found = std::ranges::find(set.includes, system, &Include::system);
      if (found == set.includes.end()) {
        set.includes.push_back({system, {}, false, true, {}});
        found = set.includes.end() - 1;
      }
      found->codes.insert(item["code"].text());
      if (item["contains"]) stack.push_back(item["contains"]);
    }
  }
  set.is_open = is_in_part(expansion, count);
  return set;
}

}  // namespace

CodeList read_code_system(json::Value definition) {
  CodeList list;
  auto const sensitive = definition["caseSensitive"];
  list.is_case_sensitive = !sensitive || sensitive.boolean();
  list.is_supplement =
      definition["content"].text() == "supplement" || definition["supplements"].exists();
  // A grammar makes codes that are not listed.
  list.is_complete = is_complete(definition) && !definition["compositional"].boolean();
  Concepts const concepts(definition);
  for (std::size_t i = 0; i < concepts.size(); ++i) {
    auto const item = concepts.at(i);
    auto code = item["code"].text();
    if (!list.is_case_sensitive) code = to_lower(code);
    auto& displays = list.concepts[code];
    if (auto const display = item["display"]) displays.push_back(display.text());
    for (auto const other : item["designation"].elements()) {
      displays.push_back(other["value"].text());
    }
  }
  return list;
}

bool CodeList::has(std::string_view code) const {
  return concepts.contains(is_case_sensitive ? std::string(code) : to_lower(code));
}

namespace {

/// Without case, and every run of blanks as one.
std::string spoken(std::string_view display) {
  std::string out;
  for (char const c : trim(display)) {
    if (!is_ascii_space(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return to_lower(out);
}

}  // namespace

std::string const* CodeList::better_display(std::string_view code, std::string_view display) const {
  auto const found = concepts.find(is_case_sensitive ? std::string(code) : to_lower(code));
  if (found == concepts.end() || found->second.empty()) return nullptr;
  auto const said = spoken(display);
  auto const is_same = [&](std::string const& known) { return spoken(known) == said; };
  return std::ranges::any_of(found->second, is_same) ? nullptr : &found->second.front();
}

ValueSet read_value_set(json::Value definition, FindCodeSystem const& find) {
  auto const compose = definition["compose"];
  if (!compose["include"]) return read_expansion(definition["expansion"]);
  ValueSet set;
  bool is_open = false;
  for (auto const item : compose["include"].elements()) {
    set.includes.push_back(read_include(item, find));
    is_open = is_open || set.includes.back().is_open;
  }
  for (auto const item : compose["exclude"].elements()) {
    set.excludes.push_back(read_include(item, find));
  }
  // Whoever published the expansion had the code systems that are missing here.
  auto const expansion = definition["expansion"];
  if (is_open && expansion["contains"].size() != 0) return read_expansion(expansion);
  return set;
}

}  // namespace sinew::validate
