#include "validate/value_set.h"

#include <algorithm>

#include "base/text.h"

namespace sinew::validate {
namespace {

constexpr std::size_t kConceptsMax = 1'000'000;

/// A concept on the way down, and whether one above it was the wanted one.
struct Open {
  json::Value concept_value;
  bool is_below = false;
};

/// Codes of a CodeSystem; of what is below `root` only, when given. By a stack of our own.
void add_codes(json::Value code_system, std::string_view root, bool with_root,
               std::unordered_set<std::string>& out) {
  std::vector<Open> stack;
  for (auto const item : code_system["concept"].elements()) stack.push_back({item, root.empty()});
  while (!stack.empty() && out.size() < kConceptsMax) {
    auto const at = stack.back();
    stack.pop_back();
    auto const code = at.concept_value["code"].text();
    bool const is_root = !root.empty() && code == root;
    if (at.is_below || (is_root && with_root)) out.insert(code);
    for (auto const child : at.concept_value["concept"].elements()) {
      stack.push_back({child, at.is_below || is_root});
    }
  }
}

bool is_complete(json::Value code_system) {
  return code_system && code_system["content"].text() == "complete";
}

/// False when a filter is beyond what concepts tell.
bool apply_filter(json::Value filter, json::Value code_system, Include& out) {
  auto const property = filter["property"].text();
  auto const op = filter["op"].text();
  auto const value = filter["value"].text();
  bool const is_hierarchy = property == "concept" || property == "code";
  if (!is_hierarchy || !is_complete(code_system)) return false;
  if (op == "=") {
    out.codes.insert(value);
  } else if (op == "is-a" || op == "descendent-of") {
    add_codes(code_system, value, op == "is-a", out.codes);
  } else {
    return false;
  }
  return true;
}

Include read_include(json::Value value, FindCodeSystem const& find) {
  Include out;
  out.system = value["system"].text();
  for (auto const other : value["valueSet"].elements()) out.value_sets.push_back(other.text());
  if (out.system.empty()) return out;
  auto const version = value["version"].text();
  auto const code_system = find(version.empty() ? out.system : out.system + "|" + version);
  if (auto const concepts = value["concept"]) {
    for (auto const item : concepts.elements()) out.codes.insert(item["code"].text());
  } else if (auto const filters = value["filter"]) {
    // Several filters together: only one can be enumerated.
    out.is_open = filters.size() != 1 || !apply_filter(filters.at(0), code_system, out);
  } else if (is_complete(code_system)) {
    add_codes(code_system, {}, false, out.codes);
  } else {
    out.is_open = true;
  }
  return out;
}

ValueSet read_expansion(json::Value expansion) {
  ValueSet set;
  std::vector<json::Value> stack{expansion["contains"]};
  std::size_t count = 0;
  while (!stack.empty()) {
    auto const list = stack.back();
    stack.pop_back();
    for (auto const item : list.elements()) {
      if (++count > kConceptsMax) return set;
      auto const system = item["system"].text();
      auto found = std::ranges::find(set.includes, system, &Include::system);
      if (found == set.includes.end()) {
        set.includes.push_back({system, {}, false, {}});
        found = set.includes.end() - 1;
      }
      found->codes.insert(item["code"].text());
      if (item["contains"]) stack.push_back(item["contains"]);
    }
  }
  return set;
}

}  // namespace

CodeList read_code_system(json::Value definition) {
  CodeList list;
  auto const sensitive = definition["caseSensitive"];
  list.is_case_sensitive = !sensitive || sensitive.boolean();
  list.is_supplement = definition["content"].text() == "supplement";
  // A grammar makes codes that are not listed.
  list.is_complete = is_complete(definition) && !definition["compositional"].boolean();
  std::unordered_set<std::string> codes;
  if (list.is_complete) add_codes(definition, {}, false, codes);
  for (auto const& code : codes) {
    list.codes.insert(list.is_case_sensitive ? code : to_lower(code));
  }
  return list;
}

bool CodeList::has(std::string_view code) const {
  return codes.contains(is_case_sensitive ? std::string(code) : to_lower(code));
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
