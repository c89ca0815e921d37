#include "contract/evaluate.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/text.h"

namespace sinew::contract {
namespace {

using ValueSets = std::map<std::string, ProfiledValueSet, std::less<>>;

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Verdict verdict_of(bool holds) { return holds ? Verdict::pass : Verdict::fail; }

template <class Value>
bool compares(std::string_view op, Value const& a, Value const& b) {
  if (op == "EQ") return a == b;
  if (op == "NE") return a != b;
  if (op == "GT") return a > b;
  if (op == "LT") return a < b;
  if (op == "GE") return a >= b;
  return op == "LE" && a <= b;
}

/// As numbers where both are.
bool compare_texts(std::string_view op, std::string const& a, std::string const& b) {
  auto const x = number_of(a), y = number_of(b);
  return x && y ? compares(op, *x, *y) : compares(op, a, b);
}

bool value_holds(Rule const& rule, std::string const& text, ValueSets const& sets) {
  auto const equals = [&](std::string_view other) {
    return rule.ignores_case ? equals_ignoring_case(text, other) : text == other;
  };
  switch (rule.operation) {
    case RuleOperation::plain_text:
      return equals(rule.text);
    case RuleOperation::format:
      return rule.pattern->is_whole(text);
    case RuleOperation::string_list:
      return std::ranges::any_of(rule.list, equals);
    case RuleOperation::number_list: {
      auto const number = number_of(text);
      return number && std::ranges::any_of(rule.list, [&](std::string const& each) {
               return number_of(each) == number;
             });
    }
    case RuleOperation::simple_value:
      return rule.is_number ? compare_texts(rule.op, text, rule.text)
                            : compares<std::string_view>(rule.op, text, rule.text);
    default: {
      auto const set = sets.find(rule.text);
      return set != sets.end() && set->second.values.contains(text);
    }
  }
}

Verdict evaluate_values(Rule const& rule, Place const& place, Places const& places,
                        ValueSets const& sets) {
  if (rule.operation == RuleOperation::value_set && !sets.contains(rule.text))
    return Verdict::inconclusive;
  auto const found = places.resolve(place, rule.path);
  if (found.empty()) {
    if (rule.when_absent == 'I') return Verdict::inconclusive;
    return verdict_of(rule.when_absent == 'P');
  }
  auto const holds = [&](Place const& each) { return value_holds(rule, places.text(each), sets); };
  return verdict_of(rule.at_least_once ? std::ranges::any_of(found, holds)
                                       : std::ranges::all_of(found, holds));
}

/// The value is the number of the context among its like.
Verdict evaluate_set_id(Rule const& rule, Place const& place, Places const& places) {
  auto const found = places.resolve(place, rule.path);
  if (found.size() != 1) return Verdict::inconclusive;
  return verdict_of(parse_integer<std::size_t>(places.text(found.front())) == place.instance);
}

Verdict evaluate_paths(Rule const& rule, Place const& place, Places const& places) {
  auto const first = places.resolve(place, rule.path), second = places.resolve(place, rule.path2);
  if (first.empty() && second.empty()) return Verdict::pass;
  if (first.empty() || second.empty()) return Verdict::fail;
  if (first.size() > 1 || second.size() > 1) return Verdict::inconclusive;
  return verdict_of(compare_texts(rule.op, places.text(first[0]), places.text(second[0])));
}

Verdict negate(Verdict verdict) {
  if (verdict == Verdict::inconclusive) return verdict;
  return verdict_of(verdict == Verdict::fail);
}

/// Three-valued: one that decides wins over those that are not known.
Verdict combine(std::vector<Verdict> const& parts, Verdict decides) {
  if (std::ranges::count(parts, decides) > 0) return decides;
  if (std::ranges::count(parts, Verdict::inconclusive) > 0) return Verdict::inconclusive;
  return negate(decides);
}

}  // namespace

// The depth of expressions is bounded by the reader of their file.
Verdict evaluate(Rule const& rule, Place const& place, Places const& places,
                 ValueSets const& sets) {
  std::vector<Verdict> parts;
  parts.reserve(rule.parts.size());
  for (auto const& part : rule.parts) parts.push_back(evaluate(part, place, places, sets));
  switch (rule.operation) {
    case RuleOperation::presence:
      return verdict_of(!places.resolve(place, rule.path).empty());
    case RuleOperation::path_value:
      return evaluate_paths(rule, place, places);
    case RuleOperation::set_id:
      return evaluate_set_id(rule, place, places);
    case RuleOperation::negation:
      return negate(parts[0]);
    case RuleOperation::all:
      return combine(parts, Verdict::fail);
    case RuleOperation::any:
      return combine(parts, Verdict::pass);
    case RuleOperation::exclusive:
      if (std::ranges::count(parts, Verdict::inconclusive) > 0) return Verdict::inconclusive;
      return verdict_of(parts[0] != parts[1]);
    case RuleOperation::imply:
      return combine({negate(parts[0]), parts[1]}, Verdict::pass);
    case RuleOperation::unsupported:
      return Verdict::inconclusive;
    default:
      return evaluate_values(rule, place, places, sets);
  }
}

}  // namespace sinew::contract
