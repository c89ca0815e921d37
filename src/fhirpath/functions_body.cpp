// Functions that evaluate their arguments themselves, once for each item or not at all.

#include <algorithm>
#include <numeric>

#include "fhirpath/functions.h"

namespace sinew::fhirpath::functions {
namespace {

/// Evaluates a criterion on one item.
bool criterion(Machine& m, Body const& body, std::uint32_t item, std::int64_t index, Truth& out) {
  auto const result = m.evaluate(body, {item, item + 1}, index);
  if (!result || !m.truth(*result, out)) return false;
  m.cut(result->begin);
  return true;
}

/// One pass of repeat: what the projection gives for `item`, without what is there already.
bool repeat_once(Machine& m, Call const& c, std::uint32_t item, std::uint32_t results,
                 bool unique) {
  auto const found = m.evaluate(c.bodies[0], {item, item + 1}, 0);
  if (!found) return false;
  auto kept = found->begin;
  for (auto i = found->begin; i < found->end; ++i) {
    if (unique && is_in(m, Item(m.at(i)), {results, kept})) continue;
    m.set(kept++, Item(m.at(i)));
  }
  m.cut(kept);
  return m.spend(1);
}

bool repeat_with(Machine& m, Call const& c, bool unique) {
  auto const results = m.size();
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    if (!repeat_once(m, c, i, results, unique)) return false;
  }
  for (auto next = results; next < m.size(); ++next) {
    if (!repeat_once(m, c, next, results, unique)) return false;
  }
  return true;
}

}  // namespace

bool exists_such(Machine& m, Call const& c) {
  if (c.count == 0) return m.push_boolean(!c.input.empty()), true;
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    Truth truth{};
    if (!criterion(m, c.bodies[0], i, i - c.input.begin, truth)) return false;
    if (truth == Truth::yes) return m.push_boolean(true), true;
  }
  return m.push_boolean(false), true;
}

bool all(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    Truth truth{};
    if (!criterion(m, c.bodies[0], i, i - c.input.begin, truth)) return false;
    if (truth != Truth::yes) return m.push_boolean(false), true;
  }
  return m.push_boolean(true), true;
}

bool where(Machine& m, Call const& c) {
  // Items kept gather at the front of the input; those still to come stand behind.
  auto kept = c.input.begin;
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    Truth truth{};
    if (!criterion(m, c.bodies[0], i, i - c.input.begin, truth)) return false;
    if (truth == Truth::yes) m.set(kept++, Item(m.at(i)));
  }
  m.push_range({c.input.begin, kept});
  return true;
}

bool select(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    if (!m.evaluate(c.bodies[0], {i, i + 1}, i - c.input.begin)) return false;
  }
  return true;
}

bool repeat(Machine& m, Call const& c) { return repeat_with(m, c, true); }
bool repeat_all(Machine& m, Call const& c) { return repeat_with(m, c, false); }

/// Source: FHIRPath N1 #aggregates
bool aggregate(Machine& m, Call const& c) {
  auto total = Range{m.size(), m.size()};
  if (c.count > 1) {
    auto const initial = m.evaluate(c.bodies[1], m.this_range());
    if (!initial) return false;
    total = *initial;
  }
  auto const begin = total.begin;
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const next = m.evaluate_with_total(c.bodies[0], {i, i + 1}, i - c.input.begin, total);
    if (!next) return false;
    m.move_down(next->begin, begin);
    total = {begin, m.size()};
  }
  return true;
}

bool iif(Machine& m, Call const& c) {
  if (c.input.size() > 1) return m.fail(ErrorCode::invalid, "iif() takes a single item");
  auto const test = m.evaluate(c.bodies[0], c.input);
  if (!test) return false;
  Item value;
  auto const got = m.single(*test, value);
  if (got == Got::failure) return false;
  if (got == Got::value && value.kind != ItemKind::boolean) {
    return m.fail(ErrorCode::invalid, "the criterion of iif() is no boolean");
  }
  m.cut(test->begin);
  bool const holds = got == Got::value && value.boolean;
  if (!holds && c.count < 3) return true;
  return m.evaluate(c.bodies[holds ? 1 : 2], c.input).has_value();
}

bool coalesce(Machine& m, Call const& c) {
  for (std::size_t i = 0; i < c.count; ++i) {
    auto const value = m.evaluate(c.bodies[i], m.this_range());
    if (!value) return false;
    if (!value->empty()) return true;
  }
  return true;
}

bool trace(Machine& m, Call const& c) {
  auto const name = m.evaluate(c.bodies[0], m.this_range());
  if (!name) return false;
  std::string_view label;
  if (m.text(*name, label) == Got::failure) return false;
  m.cut(name->begin);
  auto const begin = m.size();
  if (c.count < 2) {
    m.push_range(c.input);
  } else {
    for (auto i = c.input.begin; i < c.input.end; ++i) {
      if (!m.evaluate(c.bodies[1], {i, i + 1}, i - c.input.begin)) return false;
    }
  }
  if (m.size() > begin) m.services().trace(label, {&m.at(begin), m.size() - begin});
  m.cut(begin);
  return m.push_range(c.input), true;
}

/// Source: FHIRPath STU #definevariable
bool define_variable(Machine& m, Call const& c) {
  auto value = c.input;
  if (c.count > 1) {
    auto const result = m.evaluate(c.bodies[1], c.input);
    if (!result) return false;
    value = *result;
  }
  m.define(c.bodies[0].slot, value);
  auto const begin = m.size();
  m.push_range(c.input);
  m.move_down(begin, value.begin == c.input.begin ? begin : value.begin);
  return true;
}

namespace {

/// The order of two items by one key; empty keys come last.
bool key_order(Machine& m, Range a, Range b, bool is_descending, std::strong_ordering& order) {
  order = std::strong_ordering::equal;
  if (a.empty() || b.empty()) {
    order = b.size() <=> a.size();
  } else if (compare(m, Item(m.at(a.begin)), Item(m.at(b.begin)), order) == Got::failure) {
    return false;
  }
  if (is_descending) order = 0 <=> order;
  return true;
}

/// Merges runs of growing length. Unlike std::sort it is at ease with an order that is none, as
/// dates of unequal precision have: they count as equal to others that are not equal to each other.
template <class Precedes>
void merge_sort(std::vector<std::uint32_t>& order, Precedes precedes) {
  std::vector<std::uint32_t> merged(order.size());
  for (std::size_t run = 1; run < order.size(); run *= 2) {
    for (std::size_t begin = 0; begin < order.size(); begin += 2 * run) {
      auto left = begin;
      auto const middle = std::min(begin + run, order.size());
      auto right = middle;
      auto const end = std::min(begin + 2 * run, order.size());
      for (auto out = begin; out < end; ++out) {
        bool const takes_right =
            right < end && (left == middle || precedes(order[right], order[left]));
        merged[out] = takes_right ? order[right++] : order[left++];
      }
    }
    order.swap(merged);
  }
}

}  // namespace

/// Stable. Source: FHIRPath STU #sort
bool sort(Machine& m, Call const& c) {
  auto const keys = std::max<std::size_t>(c.count, 1);
  std::vector<Range> values;  // of item i, key k: values[i * keys + k]
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    if (c.count == 0) values.push_back({i, i + 1});
    for (std::size_t k = 0; k < c.count; ++k) {
      auto const value = m.evaluate(c.bodies[k], {i, i + 1}, i - c.input.begin);
      if (!value) return false;
      if (value->size() > 1) return m.fail(ErrorCode::invalid, "a sort key has several items");
      values.push_back(*value);
    }
  }
  std::vector<std::uint32_t> order(c.input.size());
  std::iota(order.begin(), order.end(), 0);
  bool is_good = true;
  merge_sort(order, [&](std::uint32_t a, std::uint32_t b) {
    for (std::size_t k = 0; k < keys && is_good; ++k) {
      auto result = std::strong_ordering::equal;
      is_good = key_order(m, values[a * keys + k], values[b * keys + k],
                          c.count > 0 && c.bodies[k].is_descending, result);
      if (result != 0) return result < 0;
    }
    return false;
  });
  if (!is_good) return false;
  auto const begin = m.size();
  for (auto const i : order) m.push(Item(m.at(c.input.begin + i)));
  // The keys stand between the input and the result.
  auto const keys_begin = c.count == 0 ? begin : begin - [&] {
    std::uint32_t sum = 0;
    for (auto const& value : values) sum += value.size();
    return sum;
  }();
  m.move_down(begin, keys_begin);
  return m.spend(c.input.size());
}

}  // namespace sinew::fhirpath::functions
