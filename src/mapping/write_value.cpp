#include "base/text.h"
#include "mapping/mapper_inline.h"

namespace sinew::mapping {

void Mapper::log_reads(Index info, std::size_t begin) {
  auto const out_begin = static_cast<std::uint32_t>(begin);
  auto const out_end = static_cast<std::uint32_t>(json().size());
  if (work_.reads.empty()) {
    track_->log.push_back({out_begin, out_end, 0, 0, info});
    return;
  }
  for (auto const& [from, to] : work_.reads) {
    track_->log.push_back({out_begin, out_end, from, to, info});
  }
}

void Mapper::refuse(Index info, Refusal why) {
  for (auto const& [from, to] : work_.reads) work_.refusals.push_back({from, to, info, why});
}

/// Converts and appends one text. `json()` is as before when the result is kNothing.
unsigned Mapper::append_value(Rule const& rule, Property const& property, std::string_view text) {
  if (text.empty()) return kNothing;
  auto const begin = json().size();
  auto const primitive = property.primitive;
  auto const* const element = property.element;
  bool const is_bound = primitive == Primitive::code && element != nullptr &&
                        element->strength == fhir::Strength::required;
  if (is_bound && rule.action != Action::code && !rule.is_constant &&
      !fhir::is_code_allowed(*element, trim(text))) {
    refuse(rule.info, Refusal::no_code);
    return kNothing;
  }
  switch (append_primitive(json(), primitive, text, feed_.zone_offset_minutes)) {
    case Converted::nothing:
      return kNothing;
    case Converted::refused:
      json().resize(begin);
      refuse(rule.info, Refusal::not_legal);
      return kNothing;
    case Converted::without_time:
      lost_time_ = true;
      lost_original_ = text;
      break;
    case Converted::written:
      break;
  }
  log_reads(rule.info, begin);
  return rule.is_constant ? kConstant : kSource;
}

/// One value of a row whose target is a primitive.
unsigned Mapper::primitive_value(Rule const& rule, Property const& property, Found const& found,
                                 Context const& context, Frame const& frame) {
  work_.reads.clear();
  switch (rule.action) {
    case Action::text:
      return append_value(rule, property, text_of(rule.source, found));
    case Action::expression: {
      // What decides that a literal stands there is the code of the value, not its other parts.
      bool const has_source = rule.source.base != Source::Base::none;
      if (!rule.json.empty()) {
        if (has_source) read(first_atom(found.raw, found.level));
        auto const begin = json().size();
        json() += rule.json;
        log_reads(rule.info, begin);
        return rule.is_constant || work_.reads.empty() ? kConstant : kSource;
      }
      auto const text = evaluate(rule.expression, context);
      if (has_source && work_.reads.empty()) read(first_atom(found.raw, found.level));
      auto const content = append_value(rule, property, text);
      // A computed value with nothing behind it is no reason for an object to be.
      if (content == kSource && work_.reads.empty()) return kConstant;
      return content;
    }
    case Action::code: {
      auto const text = text_of(rule.source, found);
      if (text.empty()) return kNothing;
      auto const* const row = find_code(program_.code_maps[rule.argument], text);
      if (row == nullptr) {
        refuse(rule.info, Refusal::no_code);
        return kNothing;
      }
      if (row->to.empty()) {
        for (auto const& [from, to] : work_.reads) {
          work_.ignored.push_back({0, 0, from, to, row->info});
        }
        return kNothing;
      }
      return append_value(rule, property, row->to);
    }
    case Action::object: {
      auto const& object = program_.objects[rule.argument];
      auto const& group = program_.groups[program_.properties[object.first_property].first_group];
      std::string_view parts[kPartsMax];
      Context const inner = value_context(found, context, parts);
      Frame inner_frame = frame;
      inner_frame.context = &inner;
      return primitive_of_rules(group, property, inner_frame);
    }
    default:
      return kNothing;
  }
}

/// A context whose value at hand is `found`, cut into `parts` once.
Context Mapper::value_context(Found const& found, Context const& outer,
                              std::string_view (&parts)[kPartsMax]) const {
  Context inner;
  inner.segment = outer.segment;
  inner.binding = outer.binding;
  inner.has_value = true;
  inner.value = found.raw;
  inner.level = found.level;
  inner.present = 1;
  inner.parts = parts;
  if (found.level >= 2) {
    parts[0] = found.raw;
    inner.part_count = 1;
    inner.present |= 2;
    return inner;
  }
  auto const separator = separator_of(delimiters_, found.level);
  auto rest = found.raw;
  while (inner.part_count < kPartsMax) {
    auto const end = rest.find(separator);
    auto const part = rest.substr(0, end);
    parts[inner.part_count++] = part;
    if (!part.empty()) inner.present |= std::uint64_t{1} << inner.part_count;
    if (end == std::string_view::npos) return inner;
    rest.remove_prefix(end + 1);
  }
  // More components than any type has: whether later ones are there is not known beforehand.
  inner.present |= ~std::uint64_t{0} << kPartsMax;
  return inner;
}

void Mapper::note_null(Rule const& rule, std::string_view raw) {
  if (depth_ != 0 || rule.source.parts[0] != 0 || top_required_) return;
  ++nulls_noted_;
  auto& clear = track_->clear;
  if (std::ranges::find(clear, top_element_) == clear.end()) clear.push_back(top_element_);
  auto const begin = static_cast<std::uint32_t>(raw.data() - base_);
  work_.ignored.push_back({0, 0, begin, begin + static_cast<std::uint32_t>(raw.size()), rule.info});
}

/// The first value that a row yields in a context.
unsigned Mapper::primitive_of_rule(Rule const& rule, Property const& property,
                                   Context const& context, Frame const& frame) {
  auto const texts = texts_used_;
  recording_ = true;
  auto const done = [&](unsigned content) {
    texts_used_ = texts;
    return content;
  };
  auto const& source = rule.source;
  if (source.base == Source::Base::none) {
    if (!holds_unrecorded(rule.condition, context)) return kNothing;
    auto const content = primitive_value(rule, property, {}, context, frame);
    bool const proves = content == kConstant && is_evidence(rule.condition, context);
    if (rule.consumes && content != kNothing) consume(rule, context);
    return done(proves ? unsigned{kSource} : content);
  }
  if (source.base == Source::Base::own) {
    auto const bit = std::min<std::uint16_t>(source.field, 63);
    if ((context.present >> bit & 1) == 0) return kNothing;
  }
  unsigned content = kNothing;
  each_found(source, context, [&](Found const& found, Context const& bound) {
    if (hl7v2::is_null(found.raw)) {
      note_null(rule, found.raw);
      return false;
    }
    if (!holds_unrecorded(rule.condition, bound)) return false;
    content = primitive_value(rule, property, found, bound, frame);
    if (rule.consumes && content != kNothing) consume(rule, bound);
    return content != kNothing;
  });
  return done(content);
}

/// The first value that any row of a group yields.
unsigned Mapper::primitive_of_rules(Group const& group, Property const& property,
                                    Frame const& frame) {
  for (Index r = group.first_rule; r < group.first_rule + group.rule_count; ++r) {
    auto const& rule = program_.rules[r];
    unsigned content = kNothing;
    each_context(frame, rule, [&](Context const& context) {
      content = primitive_of_rule(rule, property, context, frame);
      return content != kNothing;
    });
    if (content != kNothing) return content;
  }
  return kNothing;
}

/// Reads the values that a condition which holds was compared with.
void Mapper::read_compared(Index index, Context const& context) {
  auto const& node = program_.nodes[index];
  switch (node.op) {
    case Op::both:
    case Op::either:
      for (Index i = 0; i < node.argument_count; ++i) {
        read_compared(argument_index(node, i), context);
      }
      return;
    case Op::equal:
    case Op::in:
    case Op::matches:
      if (holds_unrecorded(index, context)) evaluate(argument_index(node, 0), context);
      return;
    default:
      return;
  }
}

/// What a row was chosen by has had its effect on the output: it counts as mapped.
void Mapper::consume(Rule const& rule, Context const& context) {
  auto const texts = texts_used_;
  recording_ = true;
  work_.reads.clear();
  read_compared(rule.condition, context);
  texts_used_ = texts;
  for (auto const& [from, to] : work_.reads) track_->log.push_back({0, 0, from, to, rule.info});
}

bool Mapper::holds_unrecorded(Index condition, Context const& context) {
  if (condition == kNone) return true;
  auto const recording = std::exchange(recording_, false);
  bool const result = holds(condition, context);
  recording_ = recording;
  return result;
}

}  // namespace sinew::mapping
