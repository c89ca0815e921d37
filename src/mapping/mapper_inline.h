#pragma once

#include <algorithm>

#include "mapping/mapper.h"

namespace sinew::mapping {

/// Calls `take` with each segment that gives rows of a slot to the instance, until it returns true.
template <class Take>
bool Mapper::each_contribution(Frame const& frame, std::uint8_t slot, Take&& take) {
  if (frame.context != nullptr) return take(*frame.context);
  auto const& instance = *frame.instance;
  for (std::uint32_t i = 0; i < instance.contribution_count; ++i) {
    auto const& contribution = work_.contributions[instance.contribution + i];
    if (contribution.slot != slot) continue;
    if (take(context_of(contribution.segment))) return true;
  }
  return false;
}

/// The same for a row: rows of an event hold once, and only for their event.
template <class Take>
bool Mapper::each_context(Frame const& frame, Rule const& rule, Take&& take) {
  if (rule.event != kNone) {
    if (frame.instance == nullptr || frame.instance->event != rule.event) return false;
    return take(any_context(frame));
  }
  return each_contribution(frame, rule.slot, take);
}

/// Calls `take(found, context)` for each value of a source, until it returns true.
template <class Take>
bool Mapper::each_found(Source const& source, Context const& context, Take&& take) {
  if (!source.repeats) {
    auto const found = find(source, context);
    return !found.raw.empty() && take(found, context);
  }
  std::uint32_t segment = 0;
  auto const field = whole_field(source, context, segment);
  if (field.empty()) return false;
  if (!repeats(segment, source.field)) {
    auto const found = find(source, context);
    return !found.raw.empty() && take(found, context);
  }
  for (auto const* b = context.binding; b != nullptr; b = b->outer) {
    if (b->segment != segment || b->field != source.field) continue;
    auto const found = find(source, context);
    return !found.raw.empty() && take(found, context);
  }
  Binding binding{context.binding, segment, source.field, {}};
  Context bound = context;
  bound.binding = &binding;
  return each_repetition(field, delimiters_.repetition, [&](std::string_view repetition) {
    binding.value = repetition;
    auto const found = find(source, bound);
    return !found.raw.empty() && take(found, bound);
  });
}

/// Calls `take(context)` for each repetition of the field that drives a list.
template <class Take>
bool Mapper::each_driver(Source const& driver, Context const& context, Take&& take) {
  return each_found(driver, context,
                    [&](Found const&, Context const& bound) { return take(bound); });
}

inline void Mapper::comma() {
  auto& out = json();
  if (out.back() != '{' && out.back() != '[') out += ',';
}

}  // namespace sinew::mapping
