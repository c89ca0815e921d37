#include <ranges>

#include "base/text.h"
#include "json/write.h"
#include "mapping/mapper_inline.h"
#include "mapping/merge.h"
#include "mapping/names.h"

// Rows that give an element as a whole: a data type, a coding, a reference.
namespace sinew::mapping {
namespace {

// Places of the elements of Coding that a code map fills, looked up once.
struct CodingOrders {
  std::uint8_t system, code, display;
};

std::uint8_t order_of(fhir::TypeId type, std::string_view name) {
  return static_cast<std::uint8_t>(fhir::find_element(type, name)->order);
}

CodingOrders const& coding_orders() {
  static CodingOrders const orders = [] {
    auto const type = fhir::find_type("Coding");
    return CodingOrders{order_of(type, "system"), order_of(type, "code"),
                        order_of(type, "display")};
  }();
  return orders;
}

std::uint8_t reference_order() {
  static std::uint8_t const order = order_of(fhir::find_type("Reference"), "reference");
  return order;
}

}  // namespace

/// Takes a part out of the JSON at hand. What gave it stays on record, without a place.
void Mapper::take_out(std::size_t from, std::size_t to) {
  auto const shift = static_cast<std::uint32_t>(to - from);
  for (auto& log : std::views::reverse(track_->log)) {
    if (log.out_end == 0) continue;
    if (log.out_end <= from) break;
    if (log.out_begin >= to) {
      log.out_begin -= shift;
      log.out_end -= shift;
    } else {
      log.out_begin = log.out_end = 0;
    }
  }
  json().erase(from, to - from);
}

/// A coding that says no more than the one before it is not written again, nor that one when the
/// new one completes it: a code that a map gives, and the same code as it was sent.
void Mapper::unite_codings(Checkpoint const& before) {
  auto const& out = json();
  auto const begin = before.json;
  if (out[begin] != ',' || begin == 0) return;  // the first of its list
  auto const earlier = out.rfind('{', begin);
  if (earlier == std::string::npos) return;
  auto const entry = std::string_view(out).substr(begin + 1);
  auto const last = std::string_view(out).substr(earlier, begin - earlier);
  auto const is_flat = [](std::string_view text) {
    return text.find_first_of("[]") == std::string_view::npos && text.find('{', 1) == text.npos;
  };
  if (!is_flat(entry) || !is_flat(last)) return;
  if (is_part_of(entry, last)) return take_out(begin, out.size());
  if (is_part_of(last, entry)) take_out(earlier, begin + 1);
}

/// A concept or identifier that is the one before it once more is not written again.
void Mapper::unite_concepts(Checkpoint const& before) {
  auto const& out = json();
  auto const begin = before.json;
  auto const bytes = out.size() - begin;  // with the comma before it
  if (out[begin] != ',' || begin < bytes) return;
  bool const is_same = out.compare(begin - bytes + 1, bytes - 1, out, begin + 1, bytes - 1) == 0;
  if (is_same && (out[begin - bytes] == ',' || out[begin - bytes] == '[')) {
    take_out(begin, out.size());
  }
}

void Mapper::append_reference(Rule const& rule, Shape const& shape, UuidText const& id) {
  comma();
  auto& out = json();
  out += "\"reference\":";
  auto const begin = out.size();
  out += '"';
  if (options_.urn_references) {
    out += "urn:uuid:";
  } else {
    out += fhir::type(shape.type).name.view();
    out += '/';
  }
  out.append(id.data(), id.size());
  out += '"';
  work_.reads.clear();
  log_reads(rule.info, begin);
}

/// A reference to a planned resource, if it is (or will be) written.
bool Mapper::may_refer(Instance& instance) {
  if (instance.skip || instance.absent || instance.verb == Verb::remove) return false;
  if (instance.written) return true;
  if (instance.processed || strict_) return false;
  // It comes later: if it turns out to be empty, the message is mapped again without it.
  instance.promised = true;
  return true;
}

unsigned Mapper::refer(Rule const& rule, Context const& context, PresentSet& present,
                       Frame const& frame) {
  auto* const instance = nearest_instance(rule.argument, context.segment, frame.instance);
  if (instance == nullptr || !may_refer(*instance)) return kNothing;
  identify(*instance);
  append_reference(rule, structure_->shapes[instance->shape], instance->id);
  present.add(reference_order());
  return kReference;
}

/// `"subject":{"reference":"Patient/…"}`.
unsigned Mapper::write_reference(Property const& property, Rule const& rule, Frame const& frame) {
  unsigned content = kNothing;
  each_context(frame, rule, [&](Context const& context) {
    if (!holds_unrecorded(rule.condition, context)) return false;
    auto const& source = rule.source;
    if (source.base != Source::Base::none && find(source, context).raw.empty()) return false;
    auto* const instance = nearest_instance(rule.argument, context.segment, frame.instance);
    if (instance == nullptr || !may_refer(*instance)) return false;
    identify(*instance);
    comma();
    json() += property.key;
    json() += '{';
    append_reference(rule, structure_->shapes[instance->shape], instance->id);
    json() += '}';
    content = kReference;
    return true;
  });
  return content;
}

unsigned Mapper::refer_all(Rule const& rule, Context const& context, Frame const& frame) {
  auto const [first, last] = instances_in_scope(rule.argument, context.segment);
  unsigned content = kNothing;
  for (auto i = first; i < last; ++i) {
    auto& instance = work_.instances[work_.by_name[i]];
    if (&instance == frame.instance || !may_refer(instance)) continue;
    if (json().size() > kJsonBytesMax) break;
    identify(instance);
    comma();
    json() += '{';
    append_reference(rule, structure_->shapes[instance.shape], instance.id);
    json() += '}';
    content = kReference;
  }
  return content;
}

unsigned Mapper::apply_object(Index index, Found const& found, Context const& context,
                              Frame const& frame, PresentSet& present) {
  auto const& object = program_.objects[index];
  std::string_view parts[kPartsMax];
  Context const inner = value_context(found, context, parts);
  Frame inner_frame = frame;
  inner_frame.context = &inner;
  return write_object(object, inner_frame, present);
}

unsigned Mapper::apply_coding(Rule const& rule, Found const& found, Context const& context,
                              Frame const& frame, PresentSet& present) {
  auto const texts = texts_used_;
  recording_ = true;
  work_.reads.clear();
  auto source = rule.source;
  source.reading = Reading::first;
  auto const code = text_of(source, found);
  auto const* const row =
      code.empty() ? nullptr : find_code(program_.code_maps[rule.argument], code);
  texts_used_ = texts;
  if (row == nullptr || row->to.empty()) {
    if (rule.expression != kNone)
      return apply_object(rule.expression, found, context, frame, present);
    if (!code.empty()) refuse(rule.info, Refusal::no_code);
    return kNothing;
  }
  auto const& orders = coding_orders();
  auto const member = [&](std::string_view key, std::string_view value, std::uint8_t order) {
    if (value.empty() || present.has(order)) return;
    comma();
    json() += key;
    auto const begin = json().size();
    json::append_string(json(), value);
    log_reads(row->info, begin);
    present.add(order);
  };
  member("\"system\":", row->system, orders.system);
  member("\"code\":", row->to, orders.code);
  member("\"display\":", row->display, orders.display);
  return kSource;
}

unsigned Mapper::apply_value(Rule const& rule, Found const& found, Context const& context,
                             Frame const& frame, PresentSet& present) {
  switch (rule.action) {
    case Action::object:
      return apply_object(rule.argument, found, context, frame, present);
    case Action::varies: {
      auto const type = type_of_value(found.segment);
      for (auto const name : {type, newer_type(type)}) {
        for (auto const& [v2_type, object] : program_.choices[rule.argument].objects) {
          if (name.empty() || v2_type != name) continue;
          return apply_object(object, found, context, frame, present);
        }
      }
      return kNothing;
    }
    case Action::coding:
      return apply_coding(rule, found, context, frame, present);
    case Action::make: {
      auto const id = make(rule.argument, found, context);
      if (!id) return kNothing;
      append_reference(rule, program_.makes[rule.argument], *id);
      present.add(reference_order());
      return kSource;
    }
    default:
      return kNothing;
  }
}

unsigned Mapper::apply_rule(Rule const& rule, Context const& context, Frame const& frame,
                            PresentSet& present) {
  if (rule.action == Action::refer) {
    if (!holds_unrecorded(rule.condition, context)) return kNothing;
    auto const& source = rule.source;
    if (source.base != Source::Base::none && find(source, context).raw.empty()) return kNothing;
    return refer(rule, context, present, frame);
  }
  auto const& source = rule.source;
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
    auto const before = checkpoint();
    auto const had = present;
    content = apply_value(rule, found, bound, frame, present);
    if ((content & (kSource | kReference)) != 0) {
      if (rule.consumes) consume(rule, bound);
      return true;
    }
    content = kNothing;
    roll_back(before);
    present = had;
    return false;
  });
  return content;
}

/// The whole-value rows of a group: the first that yields.
unsigned Mapper::apply_rules(Group const& group, Frame const& frame, PresentSet& present) {
  for (Index r = group.first_rule; r < group.first_rule + group.rule_count; ++r) {
    auto const& rule = program_.rules[r];
    unsigned content = kNothing;
    each_context(frame, rule, [&](Context const& context) {
      content = apply_rule(rule, context, frame, present);
      return content != kNothing;
    });
    if (content != kNothing) return content;
  }
  return kNothing;
}

}  // namespace sinew::mapping
