#include <algorithm>

#include "mapping/compiler.h"

// Which fields of a message each element of a resource depends on, so that what they made once
// can be used again (recall.h).
namespace sinew::mapping {
namespace {

constexpr std::size_t kDependenciesMax = 24;
// Beyond so many fields the entries of a list come back more often each than together.
constexpr std::size_t kFewDependencies = 6;
constexpr std::uint16_t kValueTypeField = 2;  // OBX-2
constexpr std::string_view kObservationSegment = "OBX";

/// Walks everything that can run below one property or group.
class DependencyFinder {
 public:
  explicit DependencyFinder(Program const& program) : program_(program) {
    auto const found = program.segment_keys.find(kObservationSegment);
    if (found != program.segment_keys.end()) observation_key_ = found->second;
  }

  /// False when the property depends on more than fields.
  bool run(Property const& property) {
    start();
    walk(property, {});
    return is_pure_ && found_.size() <= kDependenciesMax;
  }

  /// The same of one kind of entry of a list.
  bool run(Property const& property, Group const& group) {
    start();
    walk(property, group, Slot(group.slot));
    return is_pure_ && found_.size() <= kDependenciesMax;
  }

  /// The same of a resource made of a value, identified by the first row of its identities.
  bool run(Index make) {
    start();
    follows_makes_ = true;
    walk_make(make);
    follows_makes_ = false;
    return is_pure_ && found_.size() <= kFewDependencies;
  }

  [[nodiscard]] std::uint64_t slots() const { return slots_; }
  [[nodiscard]] std::vector<Dependency> const& found() const { return found_; }

 private:
  // The slot that contexts come from; none: that of the rule at hand.
  using Slot = std::optional<std::uint8_t>;

  void start() {
    found_.clear();
    makes_.clear();
    slots_ = 0;
    is_pure_ = true;
  }

  void walk(Object const& object, Slot slot) {
    for (Index p = 0; p < object.property_count && is_pure_; ++p) {
      walk(program_.properties[object.first_property + p], slot);
    }
    for (Index r = 0; r < object.ignore_count && is_pure_; ++r) {
      auto const& rule = program_.rules[object.first_ignore + r];
      auto const from = slot.value_or(rule.slot);
      add(rule.source, from);
      if (rule.action == Action::same) add(program_.sources[rule.argument], from);
      walk_node(rule.condition, from);
    }
  }

  void walk(Property const& property, Slot slot) {
    for (Index g = 0; g < property.group_count && is_pure_; ++g) {
      auto const& group = program_.groups[property.first_group + g];
      walk(property, group, property.is_list ? Slot(slot.value_or(group.slot)) : slot);
    }
  }

  void walk(Property const& property, Group const& group, Slot slot) {
    slots_ |= std::uint64_t{1} << group.slot;
    if (group.driver != kNone) add(program_.sources[group.driver], slot.value_or(group.slot));
    for (Index r = 0; r < group.rule_count && is_pure_; ++r) {
      walk(program_.rules[group.first_rule + r], slot);
    }
    if (group.object != kNone) walk(program_.objects[group.object], slot);
    walk_required(property, slot);
  }

  /// What stands in for a required element that is missing may be computed.
  void walk_required(Property const& property, Slot slot) {
    if (property.element == nullptr || property.primitive != Primitive::none) return;
    for (auto const& requirement : program_.required[property.element->type]) {
      walk_node(requirement.expression, slot.value_or(Dependency::kOfInstance));
    }
  }

  void walk_make(Index make) {
    if (!follows_makes_) is_pure_ = false;
    if (!is_pure_ || std::ranges::find(makes_, make) != makes_.end()) return;
    makes_.push_back(make);
    auto const& shape = program_.makes[make];
    if (!shape.identities.empty()) {
      auto const& identity = shape.identities.front();
      walk_node(identity.condition, 0);
      for (auto const& part : identity.parts) {
        if (part.name != kNone) is_pure_ = false;
        walk_node(part.expression, 0);
      }
    }
    for (auto const& requirement : program_.required[shape.type]) {
      walk_node(requirement.expression, 0);
    }
    walk_object(shape.object, 0);
  }

  void walk(Rule const& rule, Slot slot) {
    // Rows of an event hold by what the resource's event is.
    if (rule.event != kNone) is_pure_ = false;
    auto const from = slot.value_or(rule.slot);
    if (from < 64) slots_ |= std::uint64_t{1} << from;
    add(rule.source, from);
    walk_node(rule.condition, from);
    switch (rule.action) {
      case Action::text:
      case Action::code:
      case Action::ignore:
      case Action::same:
        return;
      case Action::expression:
        return walk_node(rule.expression, from);
      case Action::object:
        return walk_object(rule.argument, from);
      case Action::coding:
        return walk_object(rule.expression, from);
      case Action::varies:
        add_value_type(rule.source, from);
        for (auto const& [type, object] : program_.choices[rule.argument].objects) {
          walk_object(object, from);
        }
        return;
      case Action::make:
        return walk_make(rule.argument);
      case Action::refer:
      case Action::refer_all:
        is_pure_ = false;
        return;
    }
  }

  void walk_object(Index object, std::uint8_t slot) {
    if (object < program_.objects.size()) walk(program_.objects[object], slot);
  }

  void walk_node(Index index, std::uint8_t slot) {
    if (index == kNone || !is_pure_) return;
    auto const& node = program_.nodes[index];
    // Lines come from more segments than the nearest.
    if (node.op == Op::lines) is_pure_ = false;
    if (node.op == Op::reference) add(program_.sources[node.index], slot);
    for (Index a = 0; a < node.argument_count; ++a) {
      walk_node(program_.arguments[node.first_argument + a], slot);
    }
  }

  void add(Source const& source, std::uint8_t slot) {
    if (source.base == Source::Base::own) {
      add({slot, Dependency::kOwn, source.field});
    } else if (source.base == Source::Base::other) {
      add({slot, source.segment, source.field});
    }
    if (source.reading == Reading::varies) add_value_type(source, slot);
  }

  void add_value_type(Source const& source, std::uint8_t slot) {
    add({slot, Dependency::kOwn, kValueTypeField});
    if (source.base != Source::Base::other) return;
    if (source.segment == observation_key_) add({slot, observation_key_, kValueTypeField});
  }

  void add(Dependency const& dependency) {
    if (found_.size() > kDependenciesMax) is_pure_ = false;
    if (std::ranges::find(found_, dependency) == found_.end()) found_.push_back(dependency);
  }

  Program const& program_;
  std::uint8_t observation_key_ = Dependency::kOwn;
  std::vector<Dependency> found_;
  std::vector<Index> makes_;
  std::uint64_t slots_ = 0;
  bool is_pure_ = true;
  bool follows_makes_ = false;
};

}  // namespace

void Compiler::find_dependencies() {
  DependencyFinder finder(program_);
  auto const keep_plan = [&](RecallPlan& plan) {
    plan = {true, static_cast<std::uint16_t>(finder.found().size()),
            static_cast<Index>(program_.dependencies.size()), finder.slots()};
    program_.dependencies.insert(program_.dependencies.end(), finder.found().begin(),
                                 finder.found().end());
  };
  std::vector<bool> done(program_.objects.size());
  for (auto const& [name, structure] : program_.structures) {
    for (auto const& shape : structure.shapes) {
      if (shape.object == kNone || done[shape.object]) continue;
      done[shape.object] = true;
      auto const& object = program_.objects[shape.object];
      for (Index p = 0; p < object.property_count; ++p) {
        auto& property = program_.properties[object.first_property + p];
        bool const is_split =
            property.is_list && property.primitive == Primitive::none && property.group_count > 1;
        bool const is_whole = finder.run(property);
        if (is_whole && (!is_split || finder.found().size() <= kFewDependencies)) {
          keep_plan(property.recall);
        }
        if (!is_split || property.recall.is_possible) continue;
        for (Index g = 0; g < property.group_count; ++g) {
          auto& group = program_.groups[property.first_group + g];
          if (finder.run(property, group)) keep_plan(group.recall);
        }
      }
    }
  }
  for (Index m = 0; m < program_.makes.size(); ++m) {
    if (program_.makes[m].object != kNone && finder.run(m)) keep_plan(program_.makes[m].recall);
  }
}

}  // namespace sinew::mapping
