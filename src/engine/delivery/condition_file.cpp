#include <array>

#include "engine/delivery/channel_read.h"

namespace sinew::engine {
namespace {

using Test = Condition::Test;

/// Conditions within conditions.
constexpr int kDepthMax = 8;

constexpr auto kGroups =
    std::to_array<NameRow<Test>>({{"all", Test::all}, {"any", Test::any}, {"not", Test::none}});
constexpr auto kTests = std::to_array<NameRow<Test>>({{"is", Test::is},
                                                      {"is-not", Test::is_not},
                                                      {"exists", Test::exists},
                                                      {"matches", Test::matches},
                                                      {"in", Test::in},
                                                      {"not-in", Test::not_in}});

Result<Condition> read_condition(Node const& node, ChannelFolder const& folder, int depth);

Result<std::vector<Condition>> read_list(Node const& node, ChannelFolder const& folder, int depth) {
  std::vector<Condition> all;
  if (!node.exists()) return all;
  if (depth > kDepthMax) return node.wrong("has too many conditions within conditions");
  if (!node.is_list()) return node.wrong("has to be a list of conditions");
  for (auto const& element : node.elements())
    all.push_back(TRY(read_condition(element, folder, depth)));
  return all;
}

/// `any: [..]`, `all: [..]`, `not: [..]`; the last may also be one condition.
Result<Condition> read_group(Node const& node, NameRow<Test> const& row,
                             ChannelFolder const& folder, int depth) {
  std::string const name(row.name);
  TRY(node.allow({name}));
  Condition condition;
  condition.test = row.value;
  auto const parts = node[name];
  if (parts.is_map()) {
    condition.parts.push_back(TRY(read_condition(parts, folder, depth + 1)));
  } else {
    condition.parts = TRY(read_list(parts, folder, depth + 1));
  }
  if (condition.parts.empty()) return parts.wrong("needs a condition");
  return condition;
}

Result<> read_test(Node const& value, ChannelFolder const& folder, Condition& condition) {
  switch (condition.test) {
    case Test::exists: {
      constexpr auto kTruths =
          std::to_array<NameRow<Test>>({{"true", Test::exists}, {"false", Test::absent}});
      condition.test = TRY(value.one_of(kTruths, Test::exists));
      return {};
    }
    case Test::matches: {
      auto pattern = fhirpath::Pattern::compile(TRY(value.text()));
      if (!pattern) return value.wrong("is no regular expression: " + pattern.error().what);
      condition.pattern = *std::move(pattern);
      return {};
    }
    case Test::in:
    case Test::not_in:
      condition.table = TRY(read_table_name(value, folder));
      return {};
    default:
      condition.values = TRY(value.texts());
      return {};
  }
}

Result<Condition> read_condition(Node const& node, ChannelFolder const& folder, int depth) {
  for (auto const& row : kGroups)
    if (node[std::string(row.name)].exists()) return read_group(node, row, folder, depth);
  TRY(node.allow({"field", "is", "is-not", "exists", "matches", "in", "not-in"}));
  Condition condition;
  auto const field = node["field"];
  if (!field.exists()) return node.wrong("needs a 'field', or 'any', 'all' or 'not'");
  auto path = hl7v2::parse_path(TRY(field.text()));
  if (!path) return field.wrong("is no path such as MSH-9.1 or PID-3[1].4.2");
  condition.path = *std::move(path);
  int given = 0;
  for (auto const& row : kTests) {
    auto const value = node[std::string(row.name)];
    if (!value.exists()) continue;
    ++given;
    condition.test = row.value;
    TRY(read_test(value, folder, condition));
  }
  if (given != 1)
    return node.wrong("needs one of 'is', 'is-not', 'exists', 'matches', 'in' and 'not-in'");
  return condition;
}

}  // namespace

Result<std::vector<Condition>> read_conditions(Node const& node, ChannelFolder const& folder) {
  return read_list(node, folder, 0);
}

}  // namespace sinew::engine
