#include <algorithm>

#include "fhir/resource.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

/// What tells extensions apart where a profile does not say. Source: FHIR R4 profiling.html,
/// "extensions are always sliced by url".
Slicing const& by_url() {
  static Slicing const kSlicing{
      {{DiscriminatorKind::value, {{StepKind::child, "url"}}}}, SlicingRules::open, false};
  return kSlicing;
}

bool is_extension(Rule const& rule) {
  return rule.name == "extension" || rule.name == "modifierExtension";
}

/// Whether a rule says anything about the value, so that it can tell slices apart.
bool tells_apart(Rule const& rule) {
  if (rule.fixed || rule.pattern) return true;
  if (rule.binding && rule.binding->strength == fhir::Strength::required) return true;
  auto const any = [](std::list<Rule> const& rules) {
    return std::ranges::any_of(rules, [](Rule const& inner) { return tells_apart(inner); });
  };
  return any(rule.children) || any(rule.slices);
}

/// The slices for an extension, and the slices of slices. As deep as the definition's paths.
void add_extension_slices(Rule const& rule, std::string_view url, std::vector<Rule const*>& out) {
  for (auto const& slice : rule.slices) {
    if (extension_url(slice) == url) out.push_back(&slice);
    add_extension_slices(slice, url, out);
  }
}

/// What the slices that have to be there say of a child: `code.coding.code` where coding is sliced.
void add_from_slices(Rule const& rule, std::string_view name, std::vector<Rule const*>& out) {
  for (auto const& slice : rule.slices) {
    auto const* const child = find_child(slice, name);
    if (slice.min > 0 && child != nullptr) out.push_back(child);
  }
}

bool is_by_url(Slicing const& slicing) {
  return slicing.discriminators.size() == 1 &&
         slicing.discriminators[0].kind == DiscriminatorKind::value &&
         slicing.discriminators[0].steps.size() == 1 &&
         slicing.discriminators[0].steps[0].text == "url";
}

}  // namespace

void Walker::apply_slices(Rule const& rule, std::vector<Node> const& items, Node const& owner,
                          Scope const& scope, Profile const& profile) {
  auto const& slicing = rule.slicing ? *rule.slicing : by_url();
  if (!rule.slicing && !is_extension(rule)) return;
  std::vector<std::size_t> counts(rule.slices.size());
  bool was_unmatched = false;
  bool const outer_uncertain = was_uncertain_;
  was_uncertain_ = false;
  std::size_t last = 0;
  for (auto const& item : items) {
    std::size_t index = 0;
    auto slice = rule.slices.begin();
    while (slice != rule.slices.end() && !is_in_slice(*slice, slicing, item, scope, profile)) {
      ++slice, ++index;
    }
    if (slice == rule.slices.end()) {
      was_unmatched = true;
      if (slicing.rules == SlicingRules::closed && !was_uncertain_ && wants(Severity::error)) {
        report({Severity::error, FindingCode::structure, "is none of the slices allowed", &profile},
               item);
      }
      continue;
    }
    ++counts[index];
    bool const is_late = slicing.rules == SlicingRules::open_at_end && was_unmatched;
    bool const is_misplaced = slicing.is_ordered && index < last;
    if ((is_late || is_misplaced) && wants(Severity::error)) {
      report({Severity::error, FindingCode::structure,
              "slice " + slice->slice_name + " is out of order", &profile},
             item);
    }
    last = std::max(last, index);
    apply(*slice, item, scope, profile);
    if (!slice->slices.empty()) apply_slices(*slice, {item}, owner, scope, profile);
  }
  std::size_t index = 0;
  for (auto const& slice : rule.slices) {
    auto const count = counts[index++];
    if (count >= slice.min || !was_uncertain_) check_count(slice, count, owner, profile);
  }
  was_uncertain_ = was_uncertain_ || outer_uncertain;
}

bool Walker::is_in_slice(Rule const& slice, Slicing const& slicing, Node const& node,
                         Scope const& scope, Profile const& profile) {
  if (is_extension(slice) && is_by_url(slicing)) {
    auto const url = extension_url(slice);
    return !url.empty() && node.value["url"].text() == url;
  }
  bool is_decided = false;
  for (auto const& discriminator : slicing.discriminators) {
    auto const answer = decide(discriminator, slice, node, scope, profile);
    if (answer && !*answer) return false;
    is_decided = is_decided || answer.has_value();
  }
  return is_decided;
}

/// Nothing: the slice says nothing about what the discriminator looks at, or it cannot be known.
std::optional<bool> Walker::decide(Discriminator const& discriminator, Rule const& slice,
                                   Node const& node, Scope const& scope, Profile const& profile) {
  auto const rules = rules_at(slice, discriminator.steps);
  auto const nodes = nodes_at(node, discriminator.steps, scope);
  bool const is_resolved = std::ranges::any_of(
      discriminator.steps, [](PathStep const& step) { return step.kind == StepKind::resolve; });
  if (discriminator.kind == DiscriminatorKind::type) {
    return decide_type(rules, discriminator, nodes);
  }
  if (discriminator.kind == DiscriminatorKind::profile) {
    return decide_profile(rules, is_resolved, nodes, scope);
  }
  if (discriminator.kind == DiscriminatorKind::exists) {
    for (auto const* rule : rules) {
      if (rule->max == 0) return nodes.empty();
      if (rule->min > 0) return !nodes.empty();
    }
    return std::nullopt;
  }
  bool is_decided = false;
  for (auto const* rule : rules) {
    if (!tells_apart(*rule)) continue;
    is_decided = true;
    bool const fits = std::ranges::any_of(
        nodes, [&](Node const& one) { return fits_quietly(*rule, one, scope, profile); });
    if (!fits) return false;
  }
  return is_decided ? std::optional(true) : std::nullopt;
}

/// Whether a node has the values a rule asks for, without a word about it. Where the rule only has
/// slices, being one of them is enough.
bool Walker::fits_quietly(Rule const& rule, Node const& node, Scope const& scope,
                          Profile const& profile) {
  bool const has_own = rule.fixed || rule.pattern || rule.binding || !rule.children.empty();
  if (!has_own && !rule.slices.empty()) {
    return std::ranges::any_of(
        rule.slices, [&](Rule const& slice) { return fits_quietly(slice, node, scope, profile); });
  }
  auto const before = quiet_errors_;
  bool const outer_uncertain = was_uncertain_;
  was_uncertain_ = false;
  ++quiet_;
  apply(rule, node, scope, profile);
  --quiet_;
  bool const is_good = quiet_errors_ == before && !was_uncertain_;
  was_uncertain_ = was_uncertain_ || outer_uncertain;
  quiet_errors_ = before;
  return is_good;
}

std::optional<bool> Walker::decide_type(std::vector<Rule const*> const& rules,
                                        Discriminator const& discriminator,
                                        std::vector<Node> const& nodes) {
  bool const is_resolved =
      !discriminator.steps.empty() && discriminator.steps.back().kind == StepKind::resolve;
  std::vector<fhir::TypeId> wanted;
  for (auto const* rule : rules) {
    for (auto const& type : rule->types) {
      if (!is_resolved || type.targets.empty()) wanted.push_back(type.type);
      if (!is_resolved) continue;
      for (auto const& target : type.targets) {
        auto const* const profile = library_.profile(target);
        if (profile != nullptr) wanted.push_back(profile->type);
      }
    }
    if (rule->types.empty()) {
      if (auto const type = fhir::find_type(rule->name)) wanted.push_back(type);
    }
  }
  if (wanted.empty()) return std::nullopt;
  return std::ranges::any_of(nodes, [&](Node const& node) {
    return std::ranges::any_of(
        wanted, [&](fhir::TypeId type) { return fhirpath::is_subtype(node.type, type); });
  });
}

bool Walker::decide_profile(std::vector<Rule const*> const& rules, bool is_resolved,
                            std::vector<Node> const& nodes, Scope const& scope) {
  for (auto const* rule : rules) {
    for (auto const& type : rule->types) {
      auto const& profiles = is_resolved && !type.targets.empty() ? type.targets : type.profiles;
      for (auto const& canonical : profiles) {
        for (auto const& node : nodes) {
          if (obeys(node, scope, canonical).value_or(false)) return true;
        }
      }
    }
  }
  return false;
}

std::vector<Node> Walker::nodes_at(Node const& node, std::vector<PathStep> const& steps,
                                   Scope const& scope) {
  std::vector<Node> nodes{node};
  for (auto const& step : steps) {
    std::vector<Node> next;
    for (auto const& at : nodes) {
      if (step.kind == StepKind::child) {
        for (auto const& child : children_of(at, step.text)) next.push_back(child);
      } else if (step.kind == StepKind::extension) {
        for (auto const& child : children_of(at, "extension")) {
          if (child.value["url"].text() == step.text) next.push_back(child);
        }
      } else if (step.kind == StepKind::of_type) {
        auto const type = fhir::find_type(step.text);
        if (type != 0 && fhirpath::is_subtype(at.type, type)) next.push_back(at);
      } else {
        auto const text = at.value.is_string() ? at.value.text() : at.value["reference"].text();
        auto const target = find_target(text, scope);
        // What is elsewhere is known by its type alone.
        auto const type = target ? fhir::resource_type(target) : fhir::parse_reference(text).type;
        if (type != 0) next.push_back({target, {}, type, nullptr, at.place});
      }
    }
    nodes = std::move(next);
  }
  return nodes;
}

/// The rules of a slice about what a discriminator looks at, in it and in the profiles of its type.
std::vector<Rule const*> Walker::rules_at(Rule const& rule,
                                          std::vector<PathStep> const& steps) const {
  std::vector<Rule const*> rules{&rule};
  for (auto const& step : steps) {
    std::vector<Rule const*> next;
    for (auto const* at : rules) {
      std::vector<Rule const*> around{at};
      bool const is_resolve = step.kind == StepKind::resolve;
      for (auto const& type : at->types) {
        for (auto const& canonical : is_resolve ? type.targets : type.profiles) {
          if (auto const* const profile = library_.profile(canonical)) {
            around.push_back(&profile->root);
          }
        }
      }
      if (is_resolve) {
        next.insert(next.end(), around.begin(), around.end());
        continue;
      }
      if (step.kind == StepKind::of_type) {
        next.push_back(at);
        auto const type = fhir::find_type(step.text);
        for (auto const& slice : at->slices) {
          bool const is_of_type = slice.types.size() == 1 && slice.types[0].type == type;
          if (is_of_type) next.push_back(&slice);
        }
        continue;
      }
      for (auto const* parent : around) {
        auto const name = step.kind == StepKind::extension ? "extension" : step.text.c_str();
        auto const* const child = find_child(*parent, name);
        if (step.kind == StepKind::child) add_from_slices(*parent, name, next);
        if (child == nullptr) continue;
        if (step.kind == StepKind::child) {
          next.push_back(child);
          continue;
        }
        add_extension_slices(*child, step.text, next);
      }
    }
    rules = std::move(next);
  }
  return rules;
}

}  // namespace sinew::validate
