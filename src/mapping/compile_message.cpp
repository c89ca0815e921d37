#include <algorithm>

#include "base/text.h"
#include "mapping/compiler.h"
#include "mapping/names.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::mapping {
namespace {

constexpr std::string_view kEveryStructure = "message/_all";
constexpr std::string_view kChoice = "CHOICE";  ///< a group of alternatives; may be left out
constexpr std::size_t kSlotsMax = 64;

/// Adds the places below `node` to the trie. Groups of choices have no place of their own.
void add_places(Structure& structure, Index at, hl7v2::StructureNode const& node) {
  for (auto const& child : node.children) {
    if (child.is_group && child.is_choice) {
      add_places(structure, at, child);
      continue;
    }
    auto const& children = structure.places[at].children;
    auto const found = std::ranges::find_if(
        children, [&](Index c) { return structure.places[c].name == child.name; });
    Index place;
    if (found != children.end()) {
      place = *found;
    } else {
      place = static_cast<Index>(structure.places.size());
      structure.places.push_back({child.name, at, {}, {}});
      structure.places[at].children.push_back(place);
    }
    if (child.is_group) add_places(structure, place, child);
  }
}

/// The places of a structure in any version: what one version lacks, another may have.
bool add_places(Structure& structure, std::string_view name) {
  structure.places.push_back({name, 0, {}, {}});
  bool known = false;
  hl7v2::StructureNode const* before = nullptr;
  for (int v = static_cast<int>(hl7v2::Version::v2_9); v >= 0; --v) {
    auto const* const root = hl7v2::find_structure(static_cast<hl7v2::Version>(v), name);
    if (root == nullptr || root == before) continue;
    known = true;
    before = root;
    add_places(structure, 0, *root);
  }
  return known;
}

Index find_place(Structure const& structure, std::string_view path) {
  Index at = 0;
  for (auto const step : split(path, '.')) {
    auto const& children = structure.places[at].children;
    auto const found =
        std::ranges::find_if(children, [&](Index c) { return structure.places[c].name == step; });
    if (found != children.end()) {
      at = *found;
    } else if (step != kChoice) {
      return kNone;
    }
  }
  return at;
}

}  // namespace

/// What a resource of a structure is made of, while the message table is read.
struct Compiler::ShapeDraft {
  struct Slot {
    EffectiveTable const* table;
    EffectiveTable const* message_table;
    TableRow const* row;  ///< the message row with the links
    std::string_view links;
  };
  std::string_view name;
  TableRow const* row;
  std::vector<Slot> slots;
};

void Compiler::collect_names() {
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::message) continue;
    for (auto const& row : table.rows) {
      auto name = row.cells[2];
      if (name.starts_with('+')) name.remove_prefix(1);
      if (names_.try_emplace(name, static_cast<Index>(program_.names.size())).second) {
        program_.names.push_back(name);
      }
    }
  }
}

std::uint8_t Compiler::slot_of(ShapeDraft& draft, EffectiveTable const& table,
                               EffectiveTable const& message_table, TableRow const& row) {
  auto const links = row.cells[5];
  auto const found = std::ranges::find_if(draft.slots, [&](ShapeDraft::Slot const& slot) {
    return slot.table == &table && slot.links == links;
  });
  if (found != draft.slots.end()) return static_cast<std::uint8_t>(found - draft.slots.begin());
  if (draft.slots.size() >= kSlotsMax) {
    error(row, "too many tables make one resource");
    return 0;
  }
  draft.slots.push_back({&table, &message_table, &row, links});
  return static_cast<std::uint8_t>(draft.slots.size() - 1);
}

void Compiler::add_message_row(Structure& structure, std::vector<ShapeDraft>& drafts,
                               EffectiveTable const& table, TableRow const& row, bool may_miss) {
  auto const place = find_place(structure, row.cells[1]);
  auto name = row.cells[2];
  MessageRow made;
  made.adds = name.starts_with('+');
  if (made.adds) name.remove_prefix(1);
  auto const type = fhir::find_type(type_of_name(name));
  if (type == 0 || fhir::type(type).kind != fhir::TypeKind::resource ||
      fhir::type(type).is_abstract) {
    return error(row, "`" + std::string(name) + "` is no resource type");
  }
  auto const use = segments_.find(row.cells[3]);
  if (use == segments_.end()) {
    return error(row, "there is no table segment/" + std::string(row.cells[3]));
  }
  auto const parts = table_name(use->first);
  if (fhir::find_type(parts.type) != type) {
    return error(row, "`" + std::string(use->first) + "` does not make a " +
                          std::string(fhir::type(type).name.view()));
  }
  auto const path = row.cells[1];
  auto const segment = path.substr(path.rfind('.') + 1);
  if (parts.source != segment) {
    return error(row, "`" + std::string(use->first) + "` reads " + std::string(parts.source) +
                          ", the row names " + std::string(segment));
  }
  if (place == kNone) {
    if (may_miss) return;
    return error(row, std::string(structure.places[0].name) + " has no " + std::string(path));
  }
  auto draft = std::ranges::find(drafts, name, &ShapeDraft::name);
  if (draft == drafts.end()) {
    drafts.push_back({name, &row, {}});
    draft = drafts.end() - 1;
  }
  made.shape = static_cast<Index>(draft - drafts.begin());
  made.slot = slot_of(*draft, *use->second, table, row);
  made.condition = compile_condition(row.cells[4], {parts.source, {}, {}}, nullptr, row);
  made.info = add_info(table, row);
  auto const index = static_cast<Index>(structure.rows.size());
  structure.rows.push_back(made);
  structure.places[place].rows.push_back(index);
  auto const stray = std::pair(structure.places[place].name, place);
  if (std::ranges::find(structure.strays, stray) == structure.strays.end()) {
    structure.strays.push_back(stray);
  }
}

void Compiler::add_links(Tree& tree, EffectiveTable const& table, TableRow const& row,
                         std::uint8_t slot) {
  for (auto const link : split(row.cells[5], ';')) {
    auto const text = trim(link);
    if (text.empty()) continue;
    auto const equals = text.find('=');
    if (equals == std::string_view::npos) {
      error(row, "a link reads element=Name");
      continue;
    }
    auto target = trim(text.substr(equals + 1));
    bool const all = target.ends_with('*');
    if (all) target.remove_suffix(1);
    auto const as = keep((all ? "refs " : "ref ") + std::string(target));
    add_row(tree, {&table, &row, {}, slot}, {{}, trim(text.substr(0, equals)), as, {}});
  }
}

Index Compiler::object_of_shape(Shape const& shape, ShapeDraft const& draft) {
  auto key = std::string(draft.name);
  for (auto const& slot : draft.slots) {
    key.append("|").append(slot.table->name()).append("|").append(slot.links);
  }
  if (auto const found = shape_objects_.find(key); found != shape_objects_.end()) {
    return found->second;
  }
  Tree tree;
  tree.type = shape.type;
  tree.row = draft.row;
  add_event_sets(tree, shape);
  for (std::size_t i = 0; i < draft.slots.size(); ++i) {
    auto const& slot = draft.slots[i];
    add_table(tree, *slot.table, static_cast<std::uint8_t>(i));
    add_links(tree, *slot.message_table, *slot.row, static_cast<std::uint8_t>(i));
  }
  auto const index = build(tree);
  shape_objects_.emplace(std::move(key), index);
  return index;
}

void Compiler::finish_shapes(Structure& structure, std::vector<ShapeDraft>& drafts) {
  for (auto const& draft : drafts) {
    Shape shape;
    shape.name = names_.at(draft.name);
    shape.type = fhir::find_type(type_of_name(draft.name));
    shape.head = keep("{\"resourceType\":\"" + std::string(fhir::type(shape.type).name.view()) +
                      "\",\"id\":\"");
    shape.slot_count = static_cast<std::uint8_t>(draft.slots.size());
    attach_policies(shape, draft.name);
    shape.object = object_of_shape(shape, draft);
    structure.shapes.push_back(std::move(shape));
  }
  sort_shapes(structure);
}

void Compiler::collect_references(Index object, std::vector<bool>& seen,
                                  std::vector<Index>& names) const {
  std::vector<Index> todo{object};
  while (!todo.empty()) {
    auto const at = todo.back();
    todo.pop_back();
    if (at >= program_.objects.size() || seen[at]) continue;
    seen[at] = true;
    auto const& made = program_.objects[at];
    for (Index p = made.first_property; p < made.first_property + made.property_count; ++p) {
      auto const& property = program_.properties[p];
      for (Index g = property.first_group; g < property.first_group + property.group_count; ++g) {
        auto const& group = program_.groups[g];
        todo.push_back(group.object);
        for (Index r = group.first_rule; r < group.first_rule + group.rule_count; ++r) {
          auto const& rule = program_.rules[r];
          switch (rule.action) {
            case Action::refer:
            case Action::refer_all:
              names.push_back(rule.argument);
              break;
            case Action::object:
              todo.push_back(rule.argument);
              break;
            case Action::coding:
              todo.push_back(rule.expression);
              break;
            case Action::make:
              todo.push_back(program_.makes[rule.argument].object);
              break;
            case Action::varies:
              for (auto const& [type, choice] : program_.choices[rule.argument].objects) {
                todo.push_back(choice);
              }
              break;
            default:
              break;
          }
        }
      }
    }
  }
}

/// Puts the shapes that others refer to first, so that a reference is written when it is known
/// whether its target is.
void Compiler::sort_shapes(Structure& structure) {
  auto const count = structure.shapes.size();
  std::vector<std::vector<Index>> needs(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto const object = structure.shapes[i].object;
    auto const [entry, fresh] = referred_.try_emplace(object);
    auto& names = entry->second;
    if (fresh) {
      std::vector<bool> seen(program_.objects.size());
      collect_references(object, seen, names);
    }
    for (std::size_t j = 0; j < count; ++j) {
      bool const named = std::ranges::find(names, structure.shapes[j].name) != names.end();
      if (named && i != j) needs[i].push_back(static_cast<Index>(j));
    }
  }
  std::vector<Index> order;
  std::vector<std::uint8_t> state(count);  // 0 new, 1 open, 2 done
  std::vector<std::pair<Index, std::size_t>> stack;
  for (Index start = 0; start < count; ++start) {
    if (state[start] != 0) continue;
    stack.assign(1, {start, 0});
    state[start] = 1;
    while (!stack.empty()) {
      auto& [at, next] = stack.back();
      if (next == needs[at].size()) {
        order.push_back(at);
        state[at] = 2;
        stack.pop_back();
        continue;
      }
      auto const target = needs[at][next++];
      if (state[target] != 0) continue;
      state[target] = 1;
      stack.emplace_back(target, 0);
    }
  }
  std::vector<Shape> sorted;
  std::vector<Index> place(count);
  for (auto const index : order) {
    place[index] = static_cast<Index>(sorted.size());
    sorted.push_back(std::move(structure.shapes[index]));
  }
  structure.shapes = std::move(sorted);
  for (auto& row : structure.rows) row.shape = place[row.shape];
}

void Compiler::compile_structure(std::string_view name, EffectiveTable const& table,
                                 bool is_alias) {
  Structure structure;
  if (!add_places(structure, name)) {
    if (!table.rows.empty()) {
      error(table.rows[0], "no version has a structure " + std::string(name));
    }
    return;
  }
  std::vector<ShapeDraft> drafts;
  if (auto const* const all = tables_.find(kEveryStructure)) {
    for (auto const& row : all->rows) add_message_row(structure, drafts, *all, row, true);
  }
  for (auto const& row : table.rows) add_message_row(structure, drafts, table, row, is_alias);
  finish_shapes(structure, drafts);
  program_.structures.insert_or_assign(name, std::move(structure));
}

void Compiler::compile_structures() {
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::message || table.stem == kEveryStructure) continue;
    compile_structure(table.name(), table, false);
  }
  auto const* const aliases = tables_.find("structure");
  if (aliases == nullptr) return;
  for (auto const& row : aliases->rows) {
    auto const* const table = tables_.find("message/" + std::string(row.cells[1]));
    if (table == nullptr) {
      error(row, "there is no table message/" + std::string(row.cells[1]));
    } else if (program_.structures.contains(row.key())) {
      error(row, std::string(row.key()) + " has a table of its own");
    } else {
      compile_structure(row.key(), *table, true);
      if (!program_.structures.contains(row.key())) {
        error(row, "no version has a structure " + std::string(row.key()));
      }
    }
  }
}

Index Compiler::make_of_table(EffectiveTable const& table) {
  auto const [entry, fresh] =
      makes_.try_emplace(table.name(), static_cast<Index>(program_.makes.size()));
  auto const index = entry->second;
  if (!fresh) return index;
  Shape shape;
  shape.name = static_cast<Index>(program_.names.size());
  program_.names.push_back(table.name());
  shape.type = fhir::find_type(table_name(table.name()).type);
  shape.head = keep("{\"resourceType\":\"" + std::string(fhir::type(shape.type).name.view()) +
                    "\",\"id\":\"");
  attach_policies(shape, table.name());
  program_.makes.push_back(std::move(shape));
  auto const object = object_of_table(table);
  program_.makes[index].object = object;
  return index;
}

/// Finds the objects whose value depends on more than the value at hand.
void Compiler::mark_segment_use() {
  auto const outside = [](Source const& source) {
    return source.base == Source::Base::own || source.base == Source::Base::other;
  };
  std::vector<bool> node_uses(program_.nodes.size());
  for (std::size_t n = 0; n < program_.nodes.size(); ++n) {
    auto const& node = program_.nodes[n];
    bool uses = node.op == Op::reference && outside(program_.sources[node.index]);
    for (Index a = 0; a < node.argument_count; ++a) {
      uses = uses || node_uses[program_.arguments[node.first_argument + a]];
    }
    node_uses[n] = uses;
  }
  auto const direct = [&](Object const& object) {
    for (Index p = 0; p < object.property_count; ++p) {
      auto const& property = program_.properties[object.first_property + p];
      for (Index g = 0; g < property.group_count; ++g) {
        auto const& group = program_.groups[property.first_group + g];
        for (Index r = 0; r < group.rule_count; ++r) {
          auto const& rule = program_.rules[group.first_rule + r];
          if (outside(rule.source) || rule.action == Action::refer ||
              rule.action == Action::refer_all || rule.action == Action::varies ||
              (rule.condition != kNone && node_uses[rule.condition]) ||
              (rule.action == Action::expression && node_uses[rule.expression])) {
            return true;
          }
        }
      }
    }
    return false;
  };
  std::vector<bool> base(program_.objects.size());
  for (std::size_t i = 0; i < base.size(); ++i) base[i] = direct(program_.objects[i]);
  for (auto& make : program_.makes) {
    if (make.object == kNone) continue;
    std::vector<bool> seen(program_.objects.size());
    std::vector<Index> names;
    collect_references(make.object, seen, names);
    bool uses = !names.empty();
    for (std::size_t i = 0; i < seen.size(); ++i) uses = uses || (seen[i] && base[i]);
    program_.objects[make.object].uses_segment = uses;
  }
}

}  // namespace sinew::mapping
