#include <algorithm>
#include <array>

#include "base/text.h"
#include "mapping/compiler.h"
#include "mapping/names.h"

namespace sinew::mapping {
namespace {

/// Cuts at `separator`, but not inside quotes or parentheses.
bool is_clear(std::string_view pair) {
  auto const equals = pair.find('=');
  return equals != std::string_view::npos && trim(pair.substr(equals + 1)) == "null";
}

std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    char const c = i < text.size() ? text[i] : separator;
    if (i < text.size()) {
      if (c == '\'') quoted = !quoted;
      if (!quoted && c == '(') ++depth;
      if (!quoted && c == ')') --depth;
      if (quoted || depth > 0 || c != separator) continue;
    }
    parts.push_back(trim(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

bool is_extension_url(fhir::TypeId type, fhir::Element const& element) {
  return fhir::type(type).name == std::string_view("Extension") &&
         element.name == std::string_view("url");
}

/// The element that a path of required/*.tsv names; `value[x]` names a choice.
fhir::Element const* find_required_element(fhir::TypeId type, std::string_view name) {
  if (auto const* const element = fhir::find_element(type, name)) return element;
  if (!name.ends_with("[x]")) return nullptr;
  name.remove_suffix(3);
  for (auto const& element : fhir::elements(type)) {
    if (element.choice != 0 && element.name.view().starts_with(name)) return &element;
  }
  return nullptr;
}

struct VerbRow {
  std::string_view name;
  Verb verb;
  bool skip;
};
constexpr auto kVerbs = std::to_array<VerbRow>({
    {"merge", Verb::merge, false},
    {"put", Verb::put, false},
    {"ensure", Verb::ensure, false},
    {"remove", Verb::remove, false},
    {"skip", Verb::merge, true},
});

}  // namespace

bool Compiler::is_resource_name(std::string_view name) const {
  if (names_.contains(name) || types_.contains(std::string(name))) return true;
  auto const type = fhir::find_type(name);
  return type != 0 && fhir::type(type).kind == fhir::TypeKind::resource;
}

bool Compiler::check_absent(fhir::Element const& element, TableRow const& row) {
  if (fhir::type(element.type).kind == fhir::TypeKind::primitive) return true;
  for (auto const& child : fhir::elements(element.type)) {
    if (child.min == 0) continue;
    error(row, "`absent` cannot stand here: " + std::string(fhir::type(element.type).name.view()) +
                   " itself needs `" + std::string(child.name.view()) + "`");
    return false;
  }
  return true;
}

void Compiler::compile_required() {
  auto const types = fhir::types();
  program_.required.resize(types.size());
  for (std::size_t t = 1; t < types.size(); ++t) {
    auto const type = static_cast<fhir::TypeId>(t);
    if (types[t].kind == fhir::TypeKind::primitive) continue;
    std::uint16_t choice = 0;
    for (auto const& element : fhir::elements(type)) {
      if (element.min == 0 || is_extension_url(type, element)) continue;
      if (element.choice != 0 && element.choice == choice) continue;
      choice = element.choice;
      Requirement requirement;
      requirement.element = &element;
      requirement.order = static_cast<std::uint8_t>(element.order);
      requirement.info = kNoRule;
      program_.required[type].push_back(requirement);
    }
  }
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::required) continue;
    for (auto const& row : table.rows) {
      auto const path = row.cells[1];
      auto const dot = path.rfind('.');
      auto const type =
          dot == std::string_view::npos ? fhir::TypeId{0} : fhir::find_type(path.substr(0, dot));
      auto const* const element =
          type == 0 ? nullptr : find_required_element(type, path.substr(dot + 1));
      if (element == nullptr || element->min == 0) {
        error(row, element == nullptr
                       ? "R4 defines no `" + std::string(path) +
                             "` (elements of a data type go by its name: Annotation.text)"
                       : "R4 does not require `" + std::string(path) + "`");
        continue;
      }
      auto const found = std::ranges::find(program_.required[type], element->order,
                                           [](Requirement const& r) { return r.element->order; });
      if (found == program_.required[type].end()) continue;
      auto& requirement = *found;
      requirement.element = element;
      requirement.primitive = primitive_of(element->type);
      requirement.info = add_info(table, row);
      requirement.key = key_of(*element, false);
      requirement.underscore_key = key_of(*element, true);
      policies_[{type, element->order}] = true;
      auto const policy = row.cells[2];
      if (policy == "drop") continue;
      if (policy == "absent") {
        if (check_absent(*element, row)) requirement.policy = Policy::absent;
        continue;
      }
      requirement.policy = Policy::expression;
      Rule rule;
      rule.element = element;
      rule.primitive = requirement.primitive;
      if (element->is_list) {
        error(row, "an expression gives one value, and the element is a list");
      } else if (make_expression_rule(rule, element->type, policy, nullptr, {}, row)) {
        requirement.expression = rule.expression;
      }
    }
  }
}

bool Compiler::compile_tuple(std::string_view tuple, TableContext const& context,
                             TableRow const& row, IdentityRow& identity) {
  if (tuple.empty()) {
    error(row, "the tuple is empty");
    return false;
  }
  for (auto const text : split_outside(tuple, ';')) {
    IdentityPart part;
    if (auto const found = names_.find(text); found != names_.end()) {
      part.name = found->second;
    } else {
      part.expression = compile_value(text, context, nullptr, row);
      if (part.expression == kNone) return false;
    }
    identity.parts.push_back(part);
  }
  return true;
}

void Compiler::compile_identities() {
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::identity) continue;
    for (auto const& row : table.rows) {
      auto const name = row.cells[1];
      if (!is_resource_name(name)) {
        error(row, "no table makes a resource `" + std::string(name) + "`");
        continue;
      }
      add_info(table, row);
      TableContext context;
      if (types_.contains(std::string(name))) context.v2_type = table_name(name).source;
      IdentityRow identity;
      identity.condition = compile_condition(row.cells[3], context, nullptr, row);
      if (compile_tuple(row.cells[2], context, row, identity)) {
        identities_[name].push_back(std::move(identity));
      }
    }
  }
}

/// `element?` keeps what is stored, `element=null` has it replaced as a whole, or deleted.
void Compiler::read_clears(EventDraft& draft) {
  auto const type = fhir::find_type(type_of_name(draft.resource));
  for (auto const pair : split_outside(draft.set, ';')) {
    bool const keeps = pair.ends_with('?');
    auto const name = trim(pair.substr(0, keeps ? pair.size() - 1 : pair.find('=')));
    if (!keeps && !is_clear(pair)) continue;
    if (type == 0 || fhir::find_element(type, name) == nullptr) {
      error(*draft.source, "the resource has no element `" + std::string(name) + "`");
    }
    draft.row.clear.push_back(keeps ? this->keep("?" + std::string(name)) : name);
  }
}

void Compiler::compile_events() {
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::event) continue;
    for (auto const& row : table.rows) {
      EventDraft draft{{}, row.cells[2], row.cells[4], &table, &row};
      auto const event = row.cells[1];
      auto const caret = event.find('^');
      draft.row.message = event.substr(0, caret);
      draft.row.trigger = caret == std::string_view::npos ? "*" : event.substr(caret + 1);
      draft.row.info = add_info(table, row);
      draft.row.condition = compile_condition(row.cells[5], {}, nullptr, row);
      auto const* const verb = std::ranges::find(kVerbs, row.cells[3], &VerbRow::name);
      if (verb == kVerbs.end()) {
        error(row, "`" + std::string(row.cells[3]) + "` is no verb");
        continue;
      }
      draft.row.verb = verb->verb;
      draft.row.skip = verb->skip;
      if (draft.resource != "*" && !is_resource_name(draft.resource)) {
        error(row, "no table makes a resource `" + std::string(draft.resource) + "`");
        continue;
      }
      if (!draft.set.empty() && types_.contains(std::string(draft.resource))) {
        error(row, "`set` is for resources that message tables make");
      }
      read_clears(draft);
      events_.push_back(draft);
      program_.events.push_back(draft.row);
    }
  }
}

void Compiler::attach_policies(Shape& shape, std::string_view name) {
  bool const is_table = types_.contains(std::string(name));
  auto const parts = table_name(name);
  auto const plain =
      is_table ? name.substr(0, parts.source.size() + 1 + parts.type.size()) : type_of_name(name);
  for (auto const candidate : {name, plain}) {
    auto const found = identities_.find(candidate);
    if (found == identities_.end()) continue;
    shape.identities = found->second;
    break;
  }
  std::vector<std::pair<int, Index>> ranked;
  for (Index i = 0; i < events_.size(); ++i) {
    auto const& draft = events_[i];
    int rank = 0;
    if (draft.resource == name) {
      rank = 4;
    } else if (draft.resource == plain) {
      rank = 3;
    } else if (draft.resource == fhir::type(shape.type).name.view()) {
      rank = 2;
    } else if (draft.resource == "*") {
      rank = 1;
    } else {
      continue;
    }
    if (draft.row.message != "*") rank += 8;
    if (draft.row.trigger != "*") rank += 16;
    ranked.emplace_back(-rank, i);
  }
  std::ranges::sort(ranked);
  for (auto const& [rank, index] : ranked) shape.events.push_back(index);
}

void Compiler::add_event_sets(Tree& tree, Shape const& shape) {
  for (auto const index : shape.events) {
    auto const& draft = events_[index];
    if (draft.set.empty()) continue;
    for (auto const pair : split_outside(draft.set, ';')) {
      if (pair.empty() || pair.ends_with('?') || is_clear(pair)) continue;
      auto const equals = pair.find('=');
      if (equals == std::string_view::npos) {
        error(*draft.source, "`set` reads element=expression");
        continue;
      }
      auto const target = trim(pair.substr(0, equals));
      auto const first = target.substr(0, target.find_first_of(".["));
      // A row for every resource sets what those have that have it.
      if (draft.resource == "*" && fhir::find_element(tree.type, first) == nullptr) continue;
      RowPlace place{draft.table, draft.source, {}, 0};
      place.event = index;
      add_row(tree, place, {{}, target, trim(pair.substr(equals + 1)), {}});
    }
  }
}

}  // namespace sinew::mapping
