#include "base/text.h"
#include "json/write.h"
#include "mapping/mapper_inline.h"
#include "mapping/names.h"

namespace sinew::mapping {
namespace {

constexpr std::string_view kAbsentReason =
    R"({"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"})";
constexpr std::string_view kOriginalText =
    R"({"url":"http://hl7.org/fhir/StructureDefinition/originalText","valueString":)";

/// The strings of members `name` in a piece of JSON that we wrote: enough to check a coding.
std::string_view member_text(std::string_view json, std::string_view key, std::size_t& at) {
  at = json.find(key, at);
  if (at == std::string_view::npos) return {};
  at += key.size();
  auto const end = json.find('"', at);
  return json.substr(at, end - at);
}

}  // namespace

Mapper::Checkpoint Mapper::checkpoint() const {
  return {track_->json.size(), track_->log.size(), work_.written.size(), work_.json.size(),
          work_.log.size()};
}

void Mapper::roll_back(Checkpoint const& to) {
  track_->json.resize(to.json);
  track_->log.resize(to.log);
  if (work_.written.size() == to.written) return;
  work_.written.erase(work_.written.begin() + static_cast<std::ptrdiff_t>(to.written),
                      work_.written.end());
  work_.json.resize(to.out_json);
  work_.log.resize(to.out_log);
}

/// Any context of a frame, for values that are not tied to one of its tables.
Context Mapper::any_context(Frame const& frame) const {
  if (frame.context != nullptr) return *frame.context;
  return context_of(frame.instance->segment);
}

/// Notes that a value stands in another source too, byte for byte.
void Mapper::note_same(Rule const& rule, std::string_view raw, Context const& context) {
  each_found(program_.sources[rule.argument], context, [&](Found const& other, Context const&) {
    if (other.raw != raw || other.raw.data() == raw.data()) return false;
    auto const begin = static_cast<std::uint32_t>(raw.data() - base_);
    work_.same.push_back({begin, begin + static_cast<std::uint32_t>(raw.size()),
                          static_cast<std::uint32_t>(other.raw.data() - base_)});
    return true;
  });
}

void Mapper::run_ignores(Object const& object, Frame const& frame) {
  for (Index r = object.first_ignore; r < object.first_ignore + object.ignore_count; ++r) {
    auto const& rule = program_.rules[r];
    each_contribution(frame, rule.slot, [&](Context const& context) {
      each_found(rule.source, context, [&](Found const& found, Context const& bound) {
        if (!holds_unrecorded(rule.condition, bound)) return false;
        if (rule.action == Action::same) return note_same(rule, found.raw, bound), false;
        auto const begin = static_cast<std::uint32_t>(found.raw.data() - base_);
        auto const end = begin + static_cast<std::uint32_t>(found.raw.size());
        work_.ignored.push_back({0, 0, begin, end, rule.info});
        return false;
      });
      return false;
    });
  }
}

/// False when nothing is there that a row of the group needs.
bool Mapper::can_be(Group const& group, Frame const& frame) const {
  if (group.need_count == 0) return true;
  for (Index n = group.first_need; n < group.first_need + group.need_count; ++n) {
    auto const& need = program_.needs[n];
    auto const present =
        frame.context != nullptr ? frame.context->present : slot_present_[need.slot];
    if ((need.mask & present) != 0) return true;
  }
  return false;
}

bool Mapper::can_be(Property const& property, Frame const& frame) const {
  for (Index g = property.first_group; g < property.first_group + property.group_count; ++g) {
    if (can_be(program_.groups[g], frame)) return true;
  }
  return false;
}

unsigned Mapper::write_object(Object const& object, Frame const& frame, PresentSet& present) {
  unsigned content = kNothing;
  for (Index p = object.first_property; p < object.first_property + object.property_count; ++p) {
    auto const& property = program_.properties[p];
    if (present.has(property.order)) continue;
    if (!can_be(property, frame)) continue;
    auto const got = write_property(property, frame);
    if (got == kNothing) continue;
    content |= got;
    present.add(property.order);
  }
  if (object.ignore_count != 0) run_ignores(object, frame);
  return content;
}

unsigned Mapper::write_property(Property const& property, Frame const& frame) {
  if (json().size() > kJsonBytesMax) {
    full_ = true;
    return kNothing;
  }
  Frame inner = frame;
  inner.constants_do = property.is_required;
  if (property.is_list) {
    return property.primitive == Primitive::none ? write_list(property, inner)
                                                 : write_primitive_list(property, inner);
  }
  auto const& group = program_.groups[property.first_group];
  if (property.primitive != Primitive::none) return write_primitive(property, group, inner);
  if (group.is_reference) return write_reference(property, program_.rules[group.first_rule], inner);
  auto const before = checkpoint();
  comma();
  json() += property.key;
  auto const content = write_braces(property, group, inner);
  if (content == kNothing) roll_back(before);
  return content;
}

/// `{"extension":[...]}` beside a primitive, with what was sent when FHIR could not hold all of it.
unsigned Mapper::write_element_braces(Group const& group, Frame const& frame,
                                      std::string_view original) {
  auto const before = checkpoint();
  json() += '{';
  PresentSet present;
  unsigned content = kNothing;
  if (group.object != kNone) content = write_object(program_.objects[group.object], frame, present);
  if (!original.empty() && content == kNothing) {
    json() += "\"extension\":[";
    json() += kOriginalText;
    auto const written = append_primitive(json(), Primitive::string, original, std::nullopt);
    json() += "}]";
    if (written == Converted::written) content = kSource;
  }
  if (content == kNothing) {
    roll_back(before);
    return kNothing;
  }
  json() += '}';
  return content;
}

unsigned Mapper::write_primitive(Property const& property, Group const& group, Frame const& frame) {
  auto before = checkpoint();
  comma();
  json() += property.key;
  lost_time_ = false;
  auto content = primitive_of_rules(group, property, frame);
  if (content == kNothing) roll_back(before);
  // A copy: writing the extensions may use the memory that the text stands in.
  std::string const original(content != kNothing && lost_time_ ? lost_original_ : "");
  if (group.object == kNone && original.empty()) return content;
  before = checkpoint();
  comma();
  json() += property.underscore_key;
  auto const more = write_element_braces(group, frame, original);
  if (more == kNothing) roll_back(before);
  return content | more;
}

/// One instance of a complex element, with its braces.
unsigned Mapper::write_braces(Property const& property, Group const& group, Frame const& frame) {
  auto const before = checkpoint();
  json() += '{';
  if (!group.url.empty()) {
    json() += "\"url\":";
    json::append_string(json(), group.url);
  }
  PresentSet present;
  auto content = apply_rules(group, frame, present);
  if (group.object != kNone)
    content |= write_object(program_.objects[group.object], frame, present);
  bool const exists = (content & (kSource | kReference)) != 0 ||
                      (content != kNothing && (group.is_constant || frame.constants_do));
  if (!exists) {
    roll_back(before);
    return kNothing;
  }
  if (!satisfy(property.element->type, frame, present) ||
      (property.binds && !binding_holds(property, before.json))) {
    for (auto i = before.log; i < track_->log.size(); ++i) {
      auto const& entry = track_->log[i];
      if (entry.source_begin == entry.source_end) continue;
      work_.refusals.push_back(
          {entry.source_begin, entry.source_end, entry.info, Refusal::incomplete});
    }
    roll_back(before);
    return kNothing;
  }
  json() += '}';
  return content;
}

unsigned Mapper::write_entry(Property const& property, Group const& group, Frame const& frame,
                             Context const& context) {
  Frame inner = frame;
  inner.context = &context;
  if (!can_be(group, inner)) return kNothing;
  auto const before = checkpoint();
  comma();
  auto const content = write_braces(property, group, inner);
  if (content == kNothing) roll_back(before);
  if (content != kNothing && property.is_coding) unite_codings(before);
  if (content != kNothing && property.is_concept) unite_concepts(before);
  return content;
}

/// The entries that one group gives to a list.
unsigned Mapper::write_entries(Property const& property, Group const& group, Frame const& frame) {
  unsigned content = kNothing;
  auto const* const rule = group.rule_count > 0 ? &program_.rules[group.first_rule] : nullptr;
  if (group.is_joint && frame.context == nullptr) {
    auto const before = checkpoint();
    comma();
    content = write_braces(property, group, frame);
    if (content == kNothing) roll_back(before);
    return content;
  }
  each_contribution(frame, group.slot, [&](Context const& context) {
    if (!holds_unrecorded(group.guard, context)) return false;
    if (rule != nullptr && rule->action == Action::refer_all) {
      if (holds_unrecorded(rule->condition, context)) content |= refer_all(*rule, context, frame);
    } else if (group.driver == kNone) {
      content |= write_entry(property, group, frame, context);
    } else {
      each_driver(program_.sources[group.driver], context, [&](Context const& bound) {
        content |= write_entry(property, group, frame, bound);
        return false;
      });
    }
    return false;
  });
  return content;
}

unsigned Mapper::write_list(Property const& property, Frame const& frame) {
  auto const before = checkpoint();
  comma();
  json() += property.key;
  json() += '[';
  unsigned content = kNothing;
  if (&property == top_property_) {
    for (auto const g : top_groups_) {
      auto const& group = program_.groups[g];
      content |= group.recall.is_possible ? recall_entries(property, group, frame)
                                          : write_entries(property, group, frame);
    }
  } else {
    for (Index g = property.first_group; g < property.first_group + property.group_count; ++g) {
      auto const& group = program_.groups[g];
      if (can_be(group, frame)) content |= write_entries(property, group, frame);
    }
  }
  if (content == kNothing) {
    roll_back(before);
    return kNothing;
  }
  json() += ']';
  return content;
}

/// One entry of a list of primitives, in the pass of the values or in that of the extensions.
void Mapper::write_primitive_entry(Property const& property, Group const& group, Frame const& frame,
                                   Context const& context, PrimitiveList& list) {
  Frame inner = frame;
  inner.context = &context;
  auto const start = checkpoint();
  comma();
  auto const value_begin = json().size();
  lost_time_ = false;
  auto const value = primitive_of_rules(group, property, inner);
  std::string const original(value != kNothing && lost_time_ ? lost_original_ : "");
  auto const after_value = checkpoint();
  bool const may_extend = group.object != kNone || !original.empty();
  auto const extension = may_extend ? write_element_braces(group, inner, original) : 0U;
  if ((value | extension) == kNothing) return roll_back(start);
  list.content |= value | extension;
  list.has_extensions = list.has_extensions || extension != kNothing;
  list.has_values = list.has_values || value != kNothing;
  if (!list.is_extensions) {
    roll_back(after_value);
    if (value == kNothing) json() += "null";
    return;
  }
  // The value was written again to see whether it is there: only the extension stays.
  auto const shift = static_cast<std::uint32_t>(after_value.json - value_begin);
  json().erase(value_begin, shift);
  if (extension == kNothing) json() += "null";
  auto& log = track_->log;
  log.erase(log.begin() + static_cast<std::ptrdiff_t>(start.log),
            log.begin() + static_cast<std::ptrdiff_t>(after_value.log));
  for (auto i = start.log; i < log.size(); ++i) {
    if (log[i].out_end == log[i].out_begin) continue;
    log[i].out_begin -= shift;
    log[i].out_end -= shift;
  }
}

/// A list of primitives: the values, and beside them their extensions in a list of equal length.
/// Source: FHIR R4 json.html#primitive (repeating elements, null-padded).
unsigned Mapper::write_primitive_list(Property const& property, Frame const& frame) {
  PrimitiveList list;
  // First the values, then (if there are any) the extensions: both passes see the same entries.
  for (bool const is_extensions : {false, true}) {
    if (is_extensions && !list.has_extensions) break;
    list.is_extensions = is_extensions;
    auto const before = checkpoint();
    comma();
    json() += is_extensions ? property.underscore_key : property.key;
    json() += '[';
    for (Index g = property.first_group; g < property.first_group + property.group_count; ++g) {
      auto const& group = program_.groups[g];
      auto const entry = [&](Context const& context) {
        write_primitive_entry(property, group, frame, context, list);
        return false;
      };
      each_contribution(frame, group.slot, [&](Context const& context) {
        if (!holds_unrecorded(group.guard, context)) return false;
        if (group.driver == kNone) return entry(context);
        return each_driver(program_.sources[group.driver], context, entry);
      });
    }
    json() += ']';
    // Nulls alone are no list: then there is only the one of extensions.
    if (list.content == kNothing || (!is_extensions && !list.has_values)) roll_back(before);
    if (list.content == kNothing) return kNothing;
  }
  return list.content;
}

/// Makes sure of what R4 requires. Returns false when the object cannot be.
bool Mapper::satisfy(fhir::TypeId type, Frame const& frame, PresentSet const& present) {
  for (auto const& requirement : program_.required[type]) {
    if (present.has(requirement.order)) continue;
    if (requirement.policy == Policy::drop || !satisfy(requirement, frame)) return false;
  }
  return true;
}

bool Mapper::satisfy(Requirement const& requirement, Frame const& frame) {
  auto const before = checkpoint();
  auto const& element = *requirement.element;
  auto& out = json();
  if (requirement.policy == Policy::absent) {
    comma();
    bool const is_primitive = requirement.primitive != Primitive::none;
    out += is_primitive ? requirement.underscore_key : requirement.key;
    out += element.is_list ? "[{\"extension\":[" : "{\"extension\":[";
    auto const begin = out.size();
    out += kAbsentReason;
    work_.reads.clear();
    log_reads(requirement.info, begin);
    out += element.is_list ? "]}]" : "]}";
    return true;
  }
  auto const texts = texts_used_;
  recording_ = true;
  work_.reads.clear();
  comma();
  out += requirement.key;
  Property property;
  property.element = &element;
  property.primitive = requirement.primitive;
  Rule rule;
  rule.info = requirement.info;
  rule.action = Action::expression;
  auto const text = evaluate(requirement.expression, any_context(frame));
  auto const content = append_value(rule, property, text);
  texts_used_ = texts;
  if (content == kNothing) roll_back(before);
  return content != kNothing;
}

/// A coded element with a required binding: some coding of it has to be in the value set.
bool Mapper::binding_holds(Property const& property, std::size_t begin) {
  auto const text = std::string_view(json()).substr(begin);
  std::size_t at = 0;
  while (true) {
    auto const code = member_text(text, "\"code\":\"", at);
    if (code.empty()) return false;
    auto const head = text.substr(0, at);
    auto const open = head.rfind('{');
    std::size_t system_at = open == std::string_view::npos ? 0 : open;
    auto const system = member_text(text.substr(0, text.find('}', at)), "\"system\":\"", system_at);
    if (fhir::is_coding_allowed(*property.element, system, code)) return true;
  }
}

}  // namespace sinew::mapping
