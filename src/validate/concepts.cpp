#include "validate/concepts.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhirpath/pattern.h"

namespace sinew::validate {
namespace {

/// Operators that need no more than the concepts. Source: FHIR R4 valueset-filter-operator.
constexpr auto kOperators = std::to_array<std::string_view>(
    {"=", "descendent-of", "exists", "generalizes", "in", "is-a", "is-not-a", "not-in", "regex"});
static_assert(std::ranges::is_sorted(kOperators));

/// What every concept has. Source: FHIR R4 codesystem.html#defined-props.
constexpr auto kOwn = std::to_array<std::string_view>({"code", "concept", "display"});

/// A property that names the concept above. v3 code systems call it subsumedBy.
constexpr auto kUp = std::to_array<std::string_view>({"parent", "subsumedBy"});
constexpr std::string_view kDown = "child";

bool is_one_of(auto const& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool is_hierarchy(std::string_view op) {
  return op == "is-a" || op == "is-not-a" || op == "descendent-of" || op == "generalizes";
}

json::Value value_of(json::Value property) {
  for (auto const [name, value] : property.members()) {
    if (name.starts_with("value")) return value;
  }
  return {};
}

/// A Coding counts by its code.
std::string text_of(json::Value value) {
  return value.is_object() ? value["code"].text() : value.text();
}

bool is_in_list(std::string_view text, std::string_view list) {
  return std::ranges::any_of(split(list, ','),
                             [&](std::string_view item) { return trim(item) == text; });
}

}  // namespace

Concepts::Concepts(json::Value code_system) : code_system_(code_system) {
  struct Open {
    json::Value value;
    Index nested_in;
  };
  std::vector<Open> stack;
  for (auto const item : code_system["concept"].elements()) stack.push_back({item, kNone});
  std::ranges::reverse(stack);
  while (!stack.empty() && values_.size() < kConceptsMax) {
    auto const open = stack.back();
    stack.pop_back();
    auto const index = static_cast<Index>(values_.size());
    values_.push_back(open.value);
    nested_in_.push_back(open.nested_in);
    by_code_.emplace(open.value["code"].text(), index);
    auto const first = stack.size();
    for (auto const item : open.value["concept"].elements()) stack.push_back({item, index});
    std::reverse(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end());
  }
  add_links();
}

void Concepts::add_links() {
  above_.resize(values_.size());
  below_.resize(values_.size());
  auto const link = [&](Index up, Index down) {
    if (up == kNone || down == kNone) return;
    above_[down].push_back(up);
    below_[up].push_back(down);
  };
  for (Index index = 0; index < values_.size(); ++index) {
    link(nested_in_[index], index);
    for (auto const property : values_[index]["property"].elements()) {
      auto const code = property["code"].text();
      if (is_one_of(kUp, code)) link(find(text_of(value_of(property))), index);
      if (code == kDown) link(index, find(text_of(value_of(property))));
    }
  }
}

Concepts::Index Concepts::find(std::string_view code) const {
  auto const found = by_code_.find(std::string(code));
  return found == by_code_.end() ? kNone : found->second;
}

json::Value Concepts::property(json::Value of, std::string_view code) {
  if (code == "concept") code = "code";
  if (is_one_of(kOwn, code)) return of[code];
  for (auto const property : of["property"].elements()) {
    if (property["code"].text() == code) return value_of(property);
  }
  return {};
}

bool Concepts::knows(json::Value filter) const {
  auto const code = filter["property"].text();
  auto const op = filter["op"].text();
  if (!is_one_of(kOperators, op)) return false;
  // From a concept that is not here nothing can be said: another version may have it.
  if (is_hierarchy(op)) {
    return (code == "concept" || code == "code") && has(filter["value"].text());
  }
  if (op == "regex" && !fhirpath::Pattern::compile(filter["value"].text())) return false;
  if (is_one_of(kOwn, code)) return true;
  auto const declared = code_system_["property"].elements();
  return std::any_of(declared.begin(), declared.end(),
                     [&](json::Value item) { return item["code"].text() == code; });
}

/// By a queue of our own; a circle in the definition ends where it began.
std::vector<bool> Concepts::reachable(std::string_view from, bool is_up) const {
  std::vector<bool> seen(values_.size());
  auto const first = find(from);
  if (first == kNone) return seen;
  std::vector<Index> open{first};
  seen[first] = true;
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    for (auto const next : is_up ? above_[at] : below_[at]) {
      if (seen[next]) continue;
      seen[next] = true;
      open.push_back(next);
    }
  }
  return seen;
}

std::vector<bool> Concepts::let_through(json::Value filter) const {
  auto const code = filter["property"].text();
  auto const op = filter["op"].text();
  auto const wanted = filter["value"].text();
  if (is_hierarchy(op)) {
    auto through = reachable(wanted, op == "generalizes");
    auto const root = find(wanted);
    if (op == "descendent-of" && root != kNone) through[root] = false;
    if (op == "is-not-a") through.flip();
    return through;
  }
  std::unique_ptr<fhirpath::Pattern> pattern;
  if (op == "regex") {
    if (auto compiled = fhirpath::Pattern::compile(wanted)) pattern = *std::move(compiled);
  }
  std::vector<bool> through(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    auto const value = property(values_[i], code);
    auto const text = text_of(value);
    through[i] = op == "exists"   ? value.exists() == (wanted == "true")
                 : op == "="      ? value.exists() && text == wanted
                 : op == "in"     ? value.exists() && is_in_list(text, wanted)
                 : op == "not-in" ? !is_in_list(text, wanted)
                                  : value.exists() && pattern && pattern->is_whole(text);
  }
  return through;
}

std::unordered_set<std::string> Concepts::select(json::Value filters) const {
  std::vector<bool> through(values_.size(), true);
  for (auto const filter : filters.elements()) {
    auto const one = let_through(filter);
    for (std::size_t i = 0; i < through.size(); ++i) through[i] = through[i] && one[i];
  }
  std::unordered_set<std::string> codes;
  for (std::size_t i = 0; i < through.size(); ++i) {
    if (through[i]) codes.insert(values_[i]["code"].text());
  }
  return codes;
}

}  // namespace sinew::validate
