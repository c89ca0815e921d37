#include <algorithm>

#include "fhirpath/functions.h"

namespace sinew::fhirpath::functions {
namespace {

/// Looks for a boolean among the input; `found` when every item, or any, is as wanted.
bool test_all(Machine& m, Call const& c, bool wanted, bool every) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const item = m.plain(m.at(i));
    if (item.kind != ItemKind::boolean) {
      return m.fail(ErrorCode::invalid, "the function takes booleans");
    }
    if ((item.boolean == wanted) != every) return m.push_boolean(!every), true;
  }
  return m.push_boolean(every), true;
}

bool is_subset(Machine& m, Range a, Range b) {
  for (auto i = a.begin; i < a.end; ++i) {
    if (!is_in(m, Item(m.at(i)), b)) return false;
  }
  return true;
}

Range tail_of(Range range, std::int64_t skipped) {
  auto const count = std::min(std::max<std::int64_t>(skipped, 0), std::int64_t{range.size()});
  return {range.begin + static_cast<std::uint32_t>(count), range.end};
}

}  // namespace

bool empty(Machine& m, Call const& c) { return m.push_boolean(c.input.empty()), true; }

bool all_true(Machine& m, Call const& c) { return test_all(m, c, true, true); }
bool any_true(Machine& m, Call const& c) { return test_all(m, c, true, false); }
bool all_false(Machine& m, Call const& c) { return test_all(m, c, false, true); }
bool any_false(Machine& m, Call const& c) { return test_all(m, c, false, false); }

bool subset_of(Machine& m, Call const& c) {
  return m.push_boolean(is_subset(m, c.input, c.arguments[0])), m.spend(0);
}

bool superset_of(Machine& m, Call const& c) {
  return m.push_boolean(is_subset(m, c.arguments[0], c.input)), m.spend(0);
}

bool count(Machine& m, Call const& c) { return m.push(Item::of_integer(c.input.size())), true; }

bool distinct(Machine& m, Call const& c) { return push_distinct(m, c.input); }

bool is_distinct(Machine& m, Call const& c) {
  auto const begin = m.size();
  if (!push_distinct(m, c.input)) return false;
  bool const result = m.size() - begin == c.input.size();
  m.cut(begin);
  return m.push_boolean(result), true;
}

bool negation(Machine& m, Call const& c) {
  Truth truth{};
  if (!m.truth(c.input, truth)) return false;
  if (truth != Truth::unknown) m.push_boolean(truth == Truth::no);
  return true;
}

bool single(Machine& m, Call const& c) {
  if (c.input.size() > 1) return m.fail(ErrorCode::invalid, "single() found several items");
  return m.push_range(c.input), true;
}

bool first(Machine& m, Call const& c) {
  if (!c.input.empty()) m.push_range({c.input.begin, c.input.begin + 1});
  return true;
}

bool last(Machine& m, Call const& c) {
  if (!c.input.empty()) m.push_range({c.input.end - 1, c.input.end});
  return true;
}

bool tail(Machine& m, Call const& c) { return m.push_range(tail_of(c.input, 1)), true; }

bool skip(Machine& m, Call const& c) {
  std::int64_t number = 0;
  if (m.integer(c.arguments[0], number) == Got::failure) return false;
  return m.push_range(tail_of(c.input, number)), true;
}

bool take(Machine& m, Call const& c) {
  std::int64_t number = 0;
  if (m.integer(c.arguments[0], number) == Got::failure) return false;
  return m.push_range({c.input.begin, tail_of(c.input, number).begin}), true;
}

bool intersect(Machine& m, Call const& c) {
  auto const begin = m.size();
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    Item const item = m.at(i);
    bool const kept = is_in(m, item, c.arguments[0]) && !is_in(m, item, {begin, m.size()});
    if (kept) m.push(item);
  }
  return m.spend(0);
}

bool exclude(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    Item const item = m.at(i);
    if (!is_in(m, item, c.arguments[0])) m.push(item);
  }
  return m.spend(0);
}

bool union_of(Machine& m, Call const& c) { return push_union(m, c.input, c.arguments[0]); }

bool combine(Machine& m, Call const& c) {
  m.push_range(c.input);
  m.push_range(c.arguments[0]);
  return true;
}

bool children(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) m.push_all_children(Item(m.at(i)));
  return m.spend(c.input.size());
}

bool descendants(Machine& m, Call const& c) {
  auto next = m.size();
  if (!children(m, c)) return false;
  for (; next < m.size(); ++next) {
    if (!m.spend(1)) return false;
    m.push_all_children(Item(m.at(next)));
  }
  return true;
}

}  // namespace sinew::fhirpath::functions
