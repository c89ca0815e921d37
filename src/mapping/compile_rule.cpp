#include <algorithm>

#include "base/text.h"
#include "mapping/compiler.h"
#include "mapping/names.h"

namespace sinew::mapping {
namespace {

constexpr int kSpreadDepthMax = 6;
/// The tag of the one instance of a list that all segment tables of a resource write together.
constexpr std::string_view kJoint = "*";

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

/// Cuts a target at its dots, but not inside brackets.
std::vector<std::string_view> split_target(std::string_view target) {
  std::vector<std::string_view> steps;
  std::size_t begin = 0;
  bool inside = false;
  for (std::size_t i = 0; i <= target.size(); ++i) {
    if (i < target.size() && target[i] == '[') inside = true;
    if (i < target.size() && target[i] == ']') inside = false;
    if (i < target.size() && (inside || target[i] != '.')) continue;
    steps.push_back(target.substr(begin, i - begin));
    begin = i + 1;
  }
  return steps;
}

}  // namespace

std::optional<std::vector<TargetStep>> Compiler::parse_target(fhir::TypeId root,
                                                              std::string_view target,
                                                              TableRow const& row) {
  static auto const element_type = fhir::find_type("Element");
  std::vector<TargetStep> steps;
  auto type = root;
  bool in_extension = fhir::type(root).name == std::string_view("Extension");
  for (auto const text : split_target(target)) {
    TargetStep step;
    auto name = text;
    if (auto const open = text.find('['); open != std::string_view::npos) {
      if (!text.ends_with(']') || open + 2 >= text.size()) {
        error(row, quoted(text) + " is no step of a target");
        return std::nullopt;
      }
      name = text.substr(0, open);
      step.tag = text.substr(open + 1, text.size() - open - 2);
    }
    auto const& owner = fhir::type(type);
    auto const is_primitive = owner.kind == fhir::TypeKind::primitive;
    step.element = fhir::find_element(is_primitive ? element_type : type, name);
    if (step.element == nullptr) {
      error(row, std::string(owner.name.view()) + " has no element " + quoted(name));
      return std::nullopt;
    }
    if (name == "extension" || name == "modifierExtension") {
      if (step.tag.empty()) {
        error(row, "an extension needs its name: extension[name]");
        return std::nullopt;
      }
      auto const known = extensions_.find(step.tag);
      if (known == extensions_.end() && !in_extension) {
        error(row, "extension.tsv has no " + quoted(step.tag));
        return std::nullopt;
      }
      step.url = known == extensions_.end() ? step.tag : known->second;
    } else if (!step.tag.empty() && !step.element->is_list) {
      error(row, quoted(name) + " holds one value and takes no tag");
      return std::nullopt;
    }
    in_extension = name == "extension" || name == "modifierExtension";
    if (in_extension && steps.size() + 1 == split_target(target).size()) {
      error(row, "an extension needs a value: extension[name].valueString");
      return std::nullopt;
    }
    steps.push_back(step);
    type = step.element->type;
  }
  return steps;
}

void Compiler::insert(Tree& tree, std::vector<TargetStep> const& steps, Rule const& rule,
                      TableRow const& row) {
  auto* properties = &tree.properties;
  bool const repeats = rule.source.repeats && (rule.source.base == Source::Base::own ||
                                               rule.source.base == Source::Base::other);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto const& step = steps[i];
    bool const is_last = i + 1 == steps.size();
    auto found = std::ranges::find(*properties, step.element, &TreeProperty::element);
    if (found == properties->end()) {
      properties->push_back({step.element, {}, tree.sequence++});
      found = properties->end() - 1;
    }
    auto& groups = found->groups;
    auto group = groups.end();
    bool const shared = !step.element->is_list || !is_last || !step.tag.empty();
    if (shared) {
      group = std::ranges::find_if(groups, [&](TreeGroup const& g) {
        return !step.element->is_list ||
               (g.is_shared && (g.slot == rule.slot || step.tag == kJoint) && g.tag == step.tag &&
                g.url == step.url);
      });
    }
    if (group == groups.end()) {
      groups.emplace_back();
      group = groups.end() - 1;
      group->slot = rule.slot;
      group->is_shared = shared;
      group->tag = step.tag;
      group->url = step.url;
      group->row = &row;
    }
    // A repetition drives the innermost list that can hold it.
    bool const absorbed =
        std::any_of(steps.begin() + static_cast<std::ptrdiff_t>(i) + 1, steps.end(),
                    [](TargetStep const& s) { return s.element->is_list; });
    bool const may_drive = repeats && !absorbed && !group->is_driven && step.tag != kJoint;
    if (step.element->is_list && may_drive) {
      group->is_driven = true;
      group->driver = rule.source;
      std::ranges::fill(group->driver.parts, std::uint16_t{0});
    }
    if (is_last) {
      auto const at = rule.event == kNone ? group->wholes.end()
                                          : std::ranges::find(group->wholes, kNone, &Rule::event);
      group->wholes.insert(at, rule);
    } else {
      properties = &group->children;
    }
  }
}

/// True when a condition can hold because a value is a certain one.
bool Compiler::compares_values(Index condition) const {
  if (condition == kNone) return false;
  auto const& node = program_.nodes[condition];
  if (node.op == Op::equal || node.op == Op::in || node.op == Op::matches) return true;
  if (node.op != Op::both && node.op != Op::either) return false;
  for (Index a = 0; a < node.argument_count; ++a) {
    if (compares_values(program_.arguments[node.first_argument + a])) return true;
  }
  return false;
}

Index Compiler::both(Index a, Index b) {
  if (a == kNone || b == kNone) return a == kNone ? b : a;
  Node node;
  node.op = Op::both;
  return intern(node, {a, b});
}

void Compiler::add_ignore(Tree& tree, RowPlace const& place, Cells const& cells,
                          TypedSource const* source) {
  auto const& row = *place.row;
  if (source == nullptr) return error(row, "`-` needs a source");
  Rule rule;
  rule.info = add_info(*place.table, row);
  if (program_.notes[rule.info].empty()) {
    error(row, "the reason is missing in `note`: it is what the ledger shows");
  }
  rule.action = Action::ignore;
  rule.slot = place.slot;
  rule.source = source->source;
  rule.condition = both(place.condition, compile_condition(cells.when, place.context, source, row));
  take(tree, {PreparedRow::Kind::ignore, rule, {}, &row});
}

/// `OBR-16  =  ORC-12`: where the bytes are equal, the values have the fate of those in ORC-12.
void Compiler::add_same(Tree& tree, RowPlace const& place, Cells const& cells,
                        TypedSource const* source) {
  auto const& row = *place.row;
  if (source == nullptr || cells.as.empty()) {
    return error(row, "`=` needs a source, and in `as` the source that says the same");
  }
  auto const other = resolve_text(cells.as, place.context, row);
  if (!other) return;
  Rule rule;
  rule.info = add_info(*place.table, row);
  rule.action = Action::same;
  rule.slot = place.slot;
  rule.source = source->source;
  rule.argument = static_cast<Index>(program_.sources.size());
  program_.sources.push_back(other->source);
  rule.condition = both(place.condition, compile_condition(cells.when, place.context, source, row));
  take(tree, {PreparedRow::Kind::ignore, rule, {}, &row});
}

/// Puts a row in its place, or aside for every use of its table.
void Compiler::take(Tree& tree, PreparedRow row) {
  if (tree.prepared != nullptr) return tree.prepared->push_back(std::move(row));
  switch (row.kind) {
    case PreparedRow::Kind::element:
      return insert(tree, row.steps, row.rule, *row.row);
    case PreparedRow::Kind::whole:
      return tree.wholes.push_back(row.rule);
    case PreparedRow::Kind::ignore:
      return tree.ignores.push_back(row.rule);
  }
}

void Compiler::add_row(Tree& tree, RowPlace const& place, Cells const& cells) {
  auto const& row = *place.row;
  if (tree.row == nullptr) tree.row = &row;
  std::optional<TypedSource> source;
  if (!cells.source.empty()) {
    source = resolve_text(cells.source, place.context, row);
    if (!source) return;
  }
  auto const* const it = source ? &*source : nullptr;
  if (cells.target == "-") return add_ignore(tree, place, cells, it);
  if (cells.target == "=") return add_same(tree, place, cells, it);
  bool const is_primitive = fhir::type(tree.type).kind == fhir::TypeKind::primitive;
  if (cells.target == "$this" && !is_primitive) return spread(tree, place, cells);
  Rule rule;
  rule.info = add_info(*place.table, row);
  rule.slot = place.slot;
  rule.event = place.event;
  if (it != nullptr) rule.source = it->source;
  rule.condition = both(place.condition, compile_condition(cells.when, place.context, it, row));
  rule.consumes = compares_values(rule.condition);
  if (is_primitive) {
    if (cells.target != "$this") {
      return error(row, "the table gives one value: its target is $this");
    }
    if (!make_rule(rule, tree.type, cells.as, it, place.context, row)) return;
    return take(tree, {PreparedRow::Kind::whole, rule, {}, &row});
  }
  if (cells.target.empty()) return error(row, "the row has no target");
  auto steps = parse_target(tree.type, cells.target, row);
  if (!steps) return;
  rule.element = steps->back().element;
  if (!make_rule(rule, rule.element->type, cells.as, it, place.context, row)) return;
  take(tree, {PreparedRow::Kind::element, rule, std::move(*steps), &row});
}

void Compiler::spread(Tree& tree, RowPlace const& place, Cells const& cells) {
  auto const& row = *place.row;
  if (place.context.v2_type.empty() || cells.source.empty()) {
    return error(row, "`$this` stands in type tables, with a source");
  }
  auto const source = resolve_text(cells.source, place.context, row);
  if (!source) return;
  if (source->source.base != Source::Base::value) {
    return error(row, "`$this` takes a part of the value at hand");
  }
  auto name = std::string(cells.as);
  if (name.empty()) {
    name = std::string(source->v2_type) + "." + std::string(fhir::type(tree.type).name.view());
  }
  auto const found = types_.find(name);
  if (found == types_.end()) return error(row, "there is no table type/" + name);
  auto const parts = table_name(found->second->name());
  if (fhir::find_type(parts.type) != tree.type) {
    return error(row, quoted(name) + " does not make this type");
  }
  if (place.depth >= kSpreadDepthMax) return error(row, "the table spreads itself");
  auto const condition =
      both(place.condition, compile_condition(cells.when, place.context, &*source, row));
  for (auto const& inner : found->second->rows) {
    RowPlace next{found->second,  &inner, {{}, parts.source, source->source},
                  place.slot,     kNone,  condition,
                  place.depth + 1};
    add_row(tree, next, {inner.cells[1], inner.cells[2], inner.cells[3], inner.cells[4]});
  }
}

}  // namespace sinew::mapping
