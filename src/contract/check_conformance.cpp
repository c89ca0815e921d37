#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "contract/evaluate.h"

namespace sinew::contract {
namespace {

/// Characters of a value, not bytes.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string times(std::size_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

}  // namespace

class ConformanceCheck {
 public:
  ConformanceCheck(Conformance const& profile, ProfiledMessage const& wanted,
                   hl7v2::Message const& message)
      : profile_(profile), places_(message, wanted.root) {}

  std::vector<ConformanceFinding> run() {
    find_predicates();
    auto const& tree = places_.tree();
    // In the order of the message: a group before what is in it.
    for (std::uint32_t at = 0; at < tree.nodes.size(); ++at) {
      auto const* const profiled = places_.profiled(at);
      auto const place = places_.place_of(at);
      if (profiled == nullptr) {
        bool const is_segment = tree.nodes[at].segment != hl7v2::GroupTree::kNone;
        if (is_segment)
          add(Severity::error, "structure", place.path, "the profile has no place for it here");
      } else if (profiled->is_group) {
        check_children(*profiled, place);
        constraints(at == 0 ? "Message" : "Group", profiled->id, profiled->name, place);
      } else {
        check_segment(place, profiled->id);
      }
    }
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string category, std::string path, std::string text) {
    if (findings_.size() < Conformance::kFindingsMax)
      findings_.push_back({severity, std::move(category), std::move(path), std::move(text)});
  }

  template <class Each>
  void for_rules(std::string_view kind, std::string_view id, std::string_view name,
                 Each const& each) const {
    for (auto const& key :
         {std::string(kind) + ":" + std::string(id), std::string(kind) + "=" + std::string(name)}) {
      auto const found = profile_.rules_.contexts.find(key);
      if (found != profile_.rules_.contexts.end()) each(found->second);
    }
  }

  // ---------------------------------------------------------------- predicates

  /// What conditions make of the usage of elements, before anything is checked: a condition of a
  /// message may be about a component.
  void find_predicates() {
    for (std::uint32_t at = 0; at < places_.tree().nodes.size(); ++at) {
      auto const* const profiled = places_.profiled(at);
      if (profiled == nullptr) continue;
      auto const kind = at == 0 ? "Message" : profiled->is_group ? "Group" : "Segment";
      predicates(kind, profiled->id, profiled->name, places_.place_of(at));
    }
  }

  void predicates(std::string_view kind, std::string_view id, std::string_view name,
                  Place const& place) {
    for_rules(kind, id, name, [&](ContextRules const& rules) {
      for (auto const& predicate : rules.predicates) {
        auto const verdict = evaluate(predicate.condition, place, places_, profile_.value_sets_);
        if (verdict == Verdict::inconclusive) continue;
        auto const& usage = verdict == Verdict::pass ? predicate.true_usage : predicate.false_usage;
        for (auto const& parent : places_.resolve_parents(place, predicate.target))
          usages_[parent.path + "#" + std::to_string(predicate.target.steps.back().position)] =
              usage;
      }
    });
  }

  /// R, RE, O, X, ...: of a conditional one, what its condition says; O when nobody knows.
  std::string usage_of(Place const& parent, std::size_t position, std::string const& usage) const {
    if (!usage.starts_with('C')) return usage;
    auto const found = usages_.find(parent.path + "#" + std::to_string(position));
    return found == usages_.end() ? "O" : found->second;
  }

  void constraints(std::string_view kind, std::string_view id, std::string_view name,
                   Place const& place) {
    for_rules(kind, id, name, [&](ContextRules const& rules) {
      for (auto const& constraint : rules.constraints) {
        auto const verdict = evaluate(constraint.assertion, place, places_, profile_.value_sets_);
        if (verdict == Verdict::pass) continue;
        bool const failed = verdict == Verdict::fail;
        add(failed ? constraint.severity : Severity::information, "constraint", place.path,
            fmt::format("{}: {}{}", constraint.id, constraint.description,
                        failed ? "" : " (not checked)"));
      }
    });
  }

  // ---------------------------------------------------------------- structure

  void check_children(ProfiledNode const& group, Place const& place) {
    for (std::size_t i = 0; i < group.children.size(); ++i) {
      auto const& child = group.children[i];
      auto const there = places_.children(place, i + 1);
      auto const path = there.empty() ? (place.path.empty() ? "" : place.path + ".") + child.name
                                      : there.front().path;
      check_count(usage_of(place, i + 1, child.usage), child.min, child.max, there.size(), path,
                  child.is_group ? "group" : "segment");
    }
  }

  void check_count(std::string const& usage, std::size_t min, std::size_t max, std::size_t count,
                   std::string const& path, std::string_view what) {
    if (count == 0) {
      if (usage == "R")
        add(Severity::error, "usage", path, fmt::format("the {} is required", what));
      return;
    }
    if (usage == "X")
      return add(Severity::error, "usage", path, fmt::format("the {} is not supported", what));
    if (usage == "W")
      add(Severity::warning, "usage", path, fmt::format("the {} is withdrawn", what));
    if (count < min)
      add(Severity::error, "cardinality", path,
          fmt::format("has to be there {} at least", times(min)));
    if (max != 0 && count > max)
      add(Severity::error, "cardinality", path, fmt::format("may be there {} at most", times(max)));
  }

  // ---------------------------------------------------------------- values

  void check_segment(Place const& place, std::string const& id) {
    auto const& segment = profile_.segments_.find(id)->second;
    for (std::size_t i = 0; i < segment.fields.size(); ++i) {
      auto const& field = segment.fields[i];
      auto const values = places_.children(place, i + 1);
      check_count(usage_of(place, i + 1, field.usage), field.min, field.max, values.size(),
                  place.path + "-" + std::to_string(i + 1), "field");
      for (auto const& value : values)
        check_value(value, field, type_of(segment, place, i + 1, field.datatype));
    }
    // A definition without fields leaves them open.
    auto const sent = segment.fields.empty()
                          ? 0
                          : places_.message().field_count(places_.tree().nodes[place.node].segment);
    for (auto number = segment.fields.size() + 1; number <= sent; ++number) {
      if (!places_.children(place, number).empty())
        add(Severity::warning, "structure", place.path + "-" + std::to_string(number),
            "the profile has no such field");
    }
    constraints("Segment", id, segment.name, place);
  }

  std::string type_of(ProfiledSegment const& segment, Place const& place, std::size_t position,
                      std::string const& otherwise) {
    for (auto const& dynamic : segment.dynamic) {
      if (dynamic.position != position) continue;
      auto const reference = places_.children(place, dynamic.reference);
      if (reference.empty()) return otherwise;
      auto const found = dynamic.datatypes.find(places_.text(reference.front()));
      if (found != dynamic.datatypes.end()) return found->second;
      add(Severity::error, "structure", reference.front().path,
          "the profile has no datatype for this value");
    }
    return otherwise;
  }

  /// A field, its components, their subcomponents: three levels and no more.
  void check_value(Place const& value, ProfiledElement const& element, std::string const& type_id) {
    if (hl7v2::is_null(value.raw)) return;
    auto const type = profile_.datatypes_.find(type_id);
    bool const is_composite = type != profile_.datatypes_.end() &&
                              !type->second.components.empty() &&
                              value.kind != Place::Kind::subcomponent;
    check_codes(value, element, is_composite);
    if (!is_composite) return check_leaf(value, element, type);
    auto const& datatype = type->second;
    predicates("Datatype", datatype.id, datatype.name, value);
    for (std::size_t i = 0; i < datatype.components.size(); ++i) {
      auto const& component = datatype.components[i];
      auto const parts = places_.children(value, i + 1);
      check_count(usage_of(value, i + 1, component.usage), 0, 0, parts.size(),
                  value.path + "." + std::to_string(i + 1), "component");
      for (auto const& part : parts) check_value(part, component, component.datatype);
    }
    constraints("Datatype", datatype.id, datatype.name, value);
  }

  template <class Type>
  void check_leaf(Place const& value, ProfiledElement const& element, Type const& type) {
    auto const text = places_.text(value);
    auto const length = characters_of(text);
    if (element.length_min != 0 && length < element.length_min)
      add(Severity::error, "length", value.path,
          fmt::format("has {} characters, at least {} are asked for", length, element.length_min));
    if (element.length_max != 0 && length > element.length_max)
      add(Severity::error, "length", value.path,
          fmt::format("has {} characters, at most {} are allowed", length, element.length_max));
    if (element.conformance_length != 0 && length > element.conformance_length)
      add(Severity::warning, "length", value.path,
          fmt::format("has {} characters; a receiver need keep no more than {}", length,
                      element.conformance_length));
    if (!element.constant.empty() && text != element.constant)
      add(Severity::error, "constant", value.path, "has to be '" + element.constant + "'");
    if (type != profile_.datatypes_.end())
      constraints("Datatype", type->second.id, type->second.name, value);
  }

  void check_codes(Place const& value, ProfiledElement const& element, bool is_composite) {
    if (element.value_sets.empty() || element.strength == 'U') return;
    std::vector<Place> codes;
    if (!is_composite) codes.push_back(value);
    for (auto const number : element.code_components) {
      if (!is_composite) break;
      for (auto& part : places_.children(value, number)) codes.push_back(std::move(part));
    }
    if (codes.empty()) return;
    bool is_open = false;
    for (auto const& id : element.value_sets) {
      auto const set = profile_.value_sets_.find(id);
      if (set == profile_.value_sets_.end() || profile_.not_validated_.contains(id)) return;
      is_open = is_open || set->second.is_open;
      for (auto const& code : codes) {
        auto const found = set->second.values.find(places_.text(code));
        if (found == set->second.values.end()) continue;
        if (found->second == 'E')
          add(Severity::error, "value-set", code.path, "is excluded from value set " + id);
        return;
      }
    }
    std::string ids;
    for (auto const& id : element.value_sets) ids += (ids.empty() ? "" : ", ") + id;
    bool const is_error = element.strength == 'R' && !is_open;
    add(is_error ? Severity::error : Severity::warning, "value-set", codes.front().path,
        "is not in value set " + ids);
  }

  Conformance const& profile_;
  Places const places_;
  std::map<std::string, std::string, std::less<>> usages_;
  std::vector<ConformanceFinding> findings_;
};

std::vector<ConformanceFinding> Conformance::check(hl7v2::Message const& message) const {
  auto const msh9 = message.first("MSH", 9);
  auto const separator = message.delimiters().component;
  auto const type = hl7v2::part(msh9, separator, 0), event = hl7v2::part(msh9, separator, 1);
  for (auto const& wanted : messages_) {
    bool const is_event = wanted.event.empty() || wanted.event == event;
    if (wanted.type == type && is_event) return ConformanceCheck(*this, wanted, message).run();
  }
  return {{Severity::error, "structure", "MSH[1]-9[1]",
           "the profile has no message of this type and event"}};
}

}  // namespace sinew::contract
