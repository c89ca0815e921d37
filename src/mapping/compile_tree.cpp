#include <algorithm>

#include "mapping/compiler.h"
#include "mapping/names.h"

namespace sinew::mapping {
namespace {

constexpr Index kBeingCompiled = kNone - 1;

bool is_type(fhir::TypeId type, std::string_view name) { return fhir::type(type).name == name; }

/// True when no row below the group takes anything from the message.
bool is_constant(TreeGroup const& group) {
  return std::ranges::all_of(group.wholes, &Rule::is_constant) &&
         std::ranges::all_of(group.children, [](TreeProperty const& property) {
           return std::ranges::all_of(property.groups, is_constant);
         });
}

/// True when no row below the group has a condition, which could name a value that is there.
bool is_bare(TreeGroup const& group) {
  return std::ranges::all_of(group.wholes, [](Rule const& r) { return r.condition == kNone; }) &&
         std::ranges::all_of(group.children, [](TreeProperty const& property) {
           return std::ranges::all_of(property.groups, is_bare);
         });
}

}  // namespace

/// Adds what a source needs; false when that is not known beforehand.
bool Compiler::add_need(Source const& source, std::uint8_t slot, std::vector<Need>& needs) const {
  bool const is_part = source.base == Source::Base::value && source.parts[0] > 0;
  if (!is_part && source.base != Source::Base::own) return false;
  auto const number = is_part ? source.parts[0] : source.field;
  auto const found = std::ranges::find(needs, slot, &Need::slot);
  auto& need = found != needs.end() ? *found : needs.emplace_back(Need{slot, 0});
  need.mask |= std::uint64_t{1} << std::min<std::uint16_t>(number, 63);
  return true;
}

bool Compiler::add_needs_of_node(Index index, std::uint8_t slot, std::vector<Need>& needs) const {
  if (index == kNone) return true;
  auto const& node = program_.nodes[index];
  if (node.op == Op::reference) return add_need(program_.sources[node.index], slot, needs);
  for (Index a = 0; a < node.argument_count; ++a) {
    auto const argument = program_.arguments[node.first_argument + a];
    if (!add_needs_of_node(argument, slot, needs)) return false;
  }
  return true;
}

/// True when a constant may stand in for a value that is not there: `'home'` when `empty .2`.
bool has_constant_alternative(TreeGroup const& group) {
  return std::ranges::any_of(group.wholes, [](Rule const& r) { return r.is_constant; });
}

/// The fields or components of which one has to be there for the group to give more than
/// constants; false when that is not known beforehand.
bool Compiler::collect_needs(TreeGroup const& group, std::vector<Need>& needs) const {
  for (auto const& rule : group.wholes) {
    bool known = true;
    if (rule.source.base != Source::Base::none) {
      known = add_need(rule.source, rule.slot, needs);
    } else if (rule.is_constant) {
      // It counts for more only when its condition names a value that is there.
      known = add_needs_of_node(rule.condition, rule.slot, needs);
    } else if (rule.action == Action::expression && rule.event == kNone) {
      known = add_needs_of_node(rule.expression, rule.slot, needs) &&
              add_needs_of_node(rule.condition, rule.slot, needs);
    } else {
      known = false;
    }
    if (!known) return false;
  }
  return std::ranges::all_of(group.children, [&](TreeProperty const& property) {
    return std::ranges::all_of(property.groups,
                               [&](TreeGroup const& inner) { return collect_needs(inner, needs); });
  });
}

/// The parts of a condition that all have to hold and depend on the segment alone.
std::vector<Index> Compiler::stable_conjuncts(Index condition) const {
  std::vector<Index> parts, open{condition};
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    if (at == kNone) continue;
    auto const& node = program_.nodes[at];
    if (node.op == Op::both) {
      for (Index a = 0; a < node.argument_count; ++a) {
        open.push_back(program_.arguments[node.first_argument + a]);
      }
    } else if (node.is_stable) {
      parts.push_back(at);
    }
  }
  return parts;
}

/// The conditions on the segment that hold wherever the group gives more than constants.
std::vector<Index> Compiler::collect_guards(TreeGroup const& group, bool constants_count) const {
  std::optional<std::vector<Index>> common;
  auto const meet = [&](std::vector<Index> const& conditions) {
    if (!common) {
      common = conditions;
    } else {
      std::erase_if(*common,
                    [&](Index c) { return std::ranges::find(conditions, c) == conditions.end(); });
    }
  };
  for (auto const& rule : group.wholes) {
    // A constant counts for more only when its condition names a value that is there.
    if (rule.is_constant && !constants_count && rule.condition == kNone) continue;
    meet(rule.event == kNone ? stable_conjuncts(rule.condition) : std::vector<Index>{});
  }
  for (auto const& property : group.children) {
    for (auto const& inner : property.groups) {
      if (is_constant(inner) && is_bare(inner) && !constants_count) continue;
      meet(collect_guards(inner, constants_count));
    }
  }
  return common.value_or(std::vector<Index>{});
}

std::string_view Compiler::key_of(fhir::Element const& element, bool underscore) {
  auto key = std::string(underscore ? "\"_" : "\"") + std::string(element.name.view()) + "\":";
  auto const [entry, fresh] = keys_.try_emplace(key);
  if (fresh) entry->second = keep(key);
  return entry->second;
}

Group Compiler::flatten_group(TreeGroup& group, fhir::TypeId type) {
  static auto const element_type = fhir::find_type("Element");
  Group out;
  out.slot = group.slot;
  out.url = group.url;
  out.is_constant = is_constant(group);
  out.is_joint = group.tag == "*" && group.is_shared;
  out.is_bare = out.is_constant && is_bare(group);
  if (group.is_driven) {
    out.driver = static_cast<Index>(program_.sources.size());
    program_.sources.push_back(group.driver);
  }
  if (!group.children.empty()) {
    bool const is_primitive = fhir::type(type).kind == fhir::TypeKind::primitive;
    out.object = flatten(group.children, is_primitive ? element_type : type);
  }
  out.first_rule = static_cast<Index>(program_.rules.size());
  out.rule_count = static_cast<std::uint16_t>(group.wholes.size());
  program_.rules.insert(program_.rules.end(), group.wholes.begin(), group.wholes.end());
  return out;
}

Property Compiler::flatten_property(TreeProperty& property) {
  auto const& element = *property.element;
  Property out;
  out.element = &element;
  out.order = static_cast<std::uint8_t>(element.order);
  out.is_list = element.is_list;
  out.is_coding = is_type(element.type, "Coding");
  out.is_concept = is_type(element.type, "CodeableConcept") || is_type(element.type, "Identifier");
  out.primitive = primitive_of(element.type);
  out.is_required = element.min > 0;
  out.binds = out.primitive == Primitive::none && element.strength == fhir::Strength::required &&
              (is_type(element.type, "Coding") || is_type(element.type, "CodeableConcept"));
  out.key = key_of(element, false);
  out.underscore_key = key_of(element, true);
  std::vector<Group> groups;
  for (auto& group : property.groups) {
    std::vector<Need> needs;
    bool const are_known = !out.is_required && !is_constant(group) &&
                           !has_constant_alternative(group) && collect_needs(group, needs);
    auto made = flatten_group(group, element.type);
    made.is_reference = is_type(element.type, "Reference") && made.object == kNone &&
                        made.rule_count == 1 && group.wholes[0].action == Action::refer &&
                        program_.required[element.type].empty();
    made.first_need = static_cast<Index>(program_.needs.size());
    if (out.is_list && !out.is_required) {
      for (auto const guard : collect_guards(group, made.is_constant)) {
        made.guard = both(made.guard, guard);
      }
    }
    made.need_count = are_known ? static_cast<std::uint16_t>(needs.size()) : 0;
    if (are_known) program_.needs.insert(program_.needs.end(), needs.begin(), needs.end());
    groups.push_back(made);
  }
  out.first_group = static_cast<Index>(program_.groups.size());
  out.group_count = static_cast<std::uint16_t>(groups.size());
  program_.groups.insert(program_.groups.end(), groups.begin(), groups.end());
  return out;
}

Index Compiler::flatten(std::vector<TreeProperty>& properties, fhir::TypeId type) {
  std::ranges::sort(properties, [](TreeProperty const& a, TreeProperty const& b) {
    return std::pair(a.element->order, a.sequence) < std::pair(b.element->order, b.sequence);
  });
  std::vector<Property> made;
  made.reserve(properties.size());
  for (auto& property : properties) made.push_back(flatten_property(property));
  Object object;
  object.type = type;
  object.first_property = static_cast<Index>(program_.properties.size());
  object.property_count = static_cast<std::uint16_t>(made.size());
  program_.properties.insert(program_.properties.end(), made.begin(), made.end());
  program_.objects.push_back(object);
  return static_cast<Index>(program_.objects.size() - 1);
}

Index Compiler::build(Tree& tree) {
  Index index;
  if (fhir::type(tree.type).kind == fhir::TypeKind::primitive) {
    // A primitive has no elements: one nameless property holds its rules.
    TreeGroup group;
    group.wholes = tree.wholes;
    Property property;
    property.primitive = primitive_of(tree.type);
    auto const flat = flatten_group(group, tree.type);
    property.first_group = static_cast<Index>(program_.groups.size());
    property.group_count = 1;
    program_.groups.push_back(flat);
    Object object;
    object.type = tree.type;
    object.first_property = static_cast<Index>(program_.properties.size());
    object.property_count = 1;
    program_.properties.push_back(property);
    index = static_cast<Index>(program_.objects.size());
    program_.objects.push_back(object);
  } else {
    if (tree.row != nullptr && checks_required_) {
      check_required(tree.properties, tree.type, *tree.row, false);
    }
    index = flatten(tree.properties, tree.type);
  }
  auto& object = program_.objects[index];
  object.first_ignore = static_cast<Index>(program_.rules.size());
  object.ignore_count = static_cast<std::uint16_t>(tree.ignores.size());
  program_.rules.insert(program_.rules.end(), tree.ignores.begin(), tree.ignores.end());
  return index;
}

void Compiler::add_table(Tree& tree, EffectiveTable const& table, std::uint8_t slot) {
  auto const [entry, fresh] = prepared_.try_emplace(&table);
  if (fresh) {
    // Gathered apart: to make a row ready may need other tables, and they this map.
    std::vector<PreparedRow> rows;
    Tree aside;
    aside.type = tree.type;
    aside.prepared = &rows;
    auto const parts = table_name(table.name());
    TableContext context;
    (table.kind == TableKind::segment ? context.segment : context.v2_type) = parts.source;
    for (auto const& row : table.rows) {
      add_row(aside, {&table, &row, context, 0},
              {row.cells[1], row.cells[2], row.cells[3], row.cells[4]});
    }
    prepared_[&table] = std::move(rows);
  }
  for (auto row : prepared_[&table]) {
    if (tree.row == nullptr) tree.row = row.row;
    row.rule.slot = slot;
    take(tree, std::move(row));
  }
}

Index Compiler::object_of_table(EffectiveTable const& table) {
  auto const key = std::string(table.stem);
  auto const [entry, fresh] = objects_.try_emplace(key, kBeingCompiled);
  if (!fresh) {
    if (entry->second != kBeingCompiled) return entry->second;
    if (!table.rows.empty()) error(table.rows[0], "the table runs itself");
    return kNone;
  }
  Tree tree;
  tree.type = fhir::find_type(table_name(table.name()).type);
  Index index = kNone;
  if (tree.type != 0 && !fhir::type(tree.type).is_abstract) {
    add_table(tree, table, 0);
    index = build(tree);
  } else if (!table.rows.empty()) {
    error(table.rows[0], "the name of the table holds no FHIR type: <V2TYPE>.<Type>[.<variant>]");
  }
  objects_[key] = index;
  return index;
}

void Compiler::check_segment_table(EffectiveTable const& table) {
  if (objects_.contains(std::string(table.stem))) return;
  // It may add to a resource that another table makes: what R4 requires is checked where they meet.
  checks_required_ = false;
  object_of_table(table);
  checks_required_ = true;
}

Index Compiler::object_with_map(EffectiveTable const* table, Index map, fhir::TypeId target,
                                TableRow const& row) {
  auto key = (table == nullptr ? std::string("-") : std::string(table->stem)) + "+" +
             std::string(program_.code_maps[map].name);
  auto const [entry, fresh] = objects_.try_emplace(key, kBeingCompiled);
  if (!fresh) return entry->second == kBeingCompiled ? kNone : entry->second;
  Tree tree;
  tree.type = target;
  tree.row = &row;
  Rule rule;
  rule.action = Action::coding;
  rule.argument = map;
  rule.source.base = Source::Base::value;
  rule.element = fhir::find_element(target, "coding");
  insert(tree, {{rule.element, {}, {}}}, rule, row);
  if (table != nullptr) {
    add_table(tree, *table, 0);
  } else {
    // Nothing says how the type becomes a concept: what was sent is kept as its text.
    rule.action = Action::text;
    rule.primitive = Primitive::string;
    rule.element = fhir::find_element(target, "text");
    insert(tree, {{rule.element, {}, {}}}, rule, row);
  }
  auto const index = build(tree);
  objects_[key] = index;
  return index;
}

bool Compiler::gives_always(TreeGroup const& group, bool constants_do) const {
  bool const by_whole = std::ranges::any_of(group.wholes, [](Rule const& rule) {
    return rule.is_constant && rule.condition == kNone && rule.event == kNone;
  });
  if (by_whole) return true;
  if (!constants_do && !is_constant(group)) return false;
  return std::ranges::any_of(group.children, [&](TreeProperty const& property) {
    return std::ranges::any_of(
        property.groups, [&](TreeGroup const& inner) { return gives_always(inner, constants_do); });
  });
}

void Compiler::check_required(std::vector<TreeProperty> const& properties, fhir::TypeId type,
                              TableRow const& row, bool has_whole) {
  for (auto const& element : fhir::elements(type)) {
    if (element.min == 0 || has_whole) continue;
    if (is_type(type, "Extension") && element.name == std::string_view("url")) continue;
    if (policies_.contains({type, element.order})) continue;
    bool const given = std::ranges::any_of(properties, [&](TreeProperty const& property) {
      return property.element->order == element.order &&
             std::ranges::any_of(property.groups,
                                 [&](TreeGroup const& group) { return gives_always(group, true); });
    });
    if (given) continue;
    error(row, "a " + std::string(fhir::type(type).name.view()) + " needs `" +
                   std::string(element.name.view()) +
                   "`: no constant gives it always, and required/*.tsv has no policy for it");
  }
  for (auto const& property : properties) {
    for (auto const& group : property.groups) {
      if (group.children.empty()) continue;
      bool const is_primitive =
          fhir::type(property.element->type).kind == fhir::TypeKind::primitive;
      if (is_primitive) continue;
      check_required(group.children, property.element->type,
                     group.row == nullptr ? row : *group.row, !group.wholes.empty());
    }
  }
}

}  // namespace sinew::mapping
