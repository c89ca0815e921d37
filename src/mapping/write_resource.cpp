#include <cstring>

#include "mapping/mapper_inline.h"

namespace sinew::mapping {
namespace {

/// How far back to look for a value that made a resource before. Beyond that it is made again, and
/// merged.
constexpr std::size_t kMadeSearchMax = 64;
constexpr int kPassesMax = 3;

/// True when every byte is ASCII. Eight at a time.
bool is_ascii(std::string_view bytes) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t seen = 0, word = 0;
  std::size_t at = 0;
  for (; at + sizeof(word) <= bytes.size(); at += sizeof(word)) {
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    seen |= word;
  }
  word = 0;
  std::memcpy(&word, bytes.data() + at, bytes.size() - at);
  return ((seen | word) & kHighBits) == 0;
}

/// True when every value of the message stands for itself.
bool is_plain(hl7v2::Message const& message) {
  constexpr char kCharsetSwitch = 0x1B;
  auto const bytes = message.bytes();
  if (!is_ascii(bytes) || bytes.find(kCharsetSwitch) != std::string_view::npos) return false;
  // The escape character stands once, in MSH-2, in a message that uses none.
  auto const escape = message.delimiters().escape;
  auto const first = bytes.find(escape);
  return first == std::string_view::npos || bytes.find(escape, first + 1) == std::string_view::npos;
}

}  // namespace

Mapper::Mapper(Program const& program, hl7v2::Message const& message,
               hl7v2::GroupTree const& groups, Feed const& feed, RunOptions const& options,
               Output& out, Workspace& work)
    : program_(program),
      message_(message),
      groups_(groups),
      feed_(feed),
      options_(options),
      out_(out),
      work_(work),
      charset_(hl7v2::Charset::of(message, feed.charset)),
      delimiters_(message.delimiters()),
      base_(message.bytes().data()) {
  work_.tracks.resize(kMakeDepthMax + 1);
  ++work_.epoch;
  if (work_.decided.size() != program.nodes.size()) work_.decided.assign(program.nodes.size(), 0);
  if (work_.parts.size() != program.nodes.size()) work_.parts.assign(program.nodes.size(), {});
  forget_patterns();
}

/// False when every group has a condition on the segment that does not hold.
bool Mapper::passes_guards(std::span<Index const> groups, Frame const& frame) {
  return std::ranges::any_of(groups, [&](Index g) {
    auto const& group = program_.groups[g];
    if (group.guard == kNone) return true;
    return each_contribution(frame, group.slot, [&](Context const& context) {
      return holds_unrecorded(group.guard, context);
    });
  });
}

/// The elements of a planned resource.
unsigned Mapper::write_possible(Shape const& shape, Frame const& frame, PresentSet& present) {
  auto const& possible = find_possible(shape, frame);
  unsigned content = kNothing;
  for (auto const& entry : possible.entries) {
    auto const& property = program_.properties[entry.property];
    if (present.has(property.order)) continue;
    top_groups_ = std::span(possible.groups).subspan(entry.first_group, entry.group_count);
    if (!passes_guards(top_groups_, frame)) continue;
    top_property_ = &property;
    top_element_ = property.element->name.view();
    top_required_ = property.is_required;
    auto const got = property.recall.is_possible ? recall_property(property, frame)
                                                 : write_property(property, frame);
    if (got == kNothing) continue;
    content |= got;
    present.add(property.order);
  }
  return content;
}

/// The elements of a resource in the track at hand; kNothing when it may not be.
unsigned Mapper::write_resource_body(Shape const& shape, Frame const& frame, UuidText const& id) {
  static auto const id_order = [] {
    auto const* const element = fhir::find_element(fhir::find_type("Patient"), "id");
    return static_cast<std::uint8_t>(element == nullptr ? 0 : element->order);
  }();
  auto& out = json();
  out += shape.head;
  out.append(id.data(), id.size());
  out += '"';
  PresentSet present;
  present.add(id_order);
  auto const& object = program_.objects[shape.object];
  auto const content =
      depth_ == 0 ? write_possible(shape, frame, present) : write_object(object, frame, present);
  if (depth_ == 0 && object.ignore_count != 0) run_ignores(object, frame);
  if ((content & kSource) == 0) return kNothing;
  if (!satisfy(shape.type, frame, present)) {
    for (auto const& entry : track_->log) {
      if (entry.source_begin == entry.source_end) continue;
      work_.refusals.push_back(
          {entry.source_begin, entry.source_end, entry.info, Refusal::incomplete});
    }
    return kNothing;
  }
  out += '}';
  return content;
}

void Mapper::finish_resource(Shape const& shape, Verb verb, UuidText const& id) {
  auto const begin = static_cast<std::uint32_t>(work_.json.size());
  auto const log_begin = static_cast<std::uint32_t>(work_.log.size());
  work_.json += track_->json;
  work_.log.insert(work_.log.end(), track_->log.begin(), track_->log.end());
  for (auto i = log_begin; i < work_.log.size(); ++i) {
    work_.log[i].out_begin += begin;
    work_.log[i].out_end += begin;
  }
  Written written{shape.type,
                  verb,
                  id,
                  begin,
                  static_cast<std::uint32_t>(work_.json.size()),
                  log_begin,
                  static_cast<std::uint32_t>(work_.log.size()),
                  {}};
  // The parts of a visit come in several messages and are joined, unless one of them is deleted.
  bool const is_joined = fhir::type(shape.type).name == std::string_view("Encounter");
  for (auto const name : track_->clear) {
    // What the message gives anew in another place is not cleared.
    std::string key = "\"";
    key.append(name).append("\":");
    if (is_joined || track_->json.find(key) == std::string::npos) written.clear.emplace_back(name);
  }
  work_.written.push_back(std::move(written));
}

bool Mapper::write_instance_resource(Instance& instance) {
  instance.processed = true;
  if (instance.skip) return false;
  slot_present_.fill(0);
  for (std::uint32_t i = 0; i < instance.contribution_count; ++i) {
    auto const& contribution = work_.contributions[instance.contribution + i];
    slot_present_[contribution.slot] |= context_of(contribution.segment).present;
  }
  Frame frame;
  frame.instance = &instance;
  auto const& shape = structure_->shapes[instance.shape];
  if (!find_possible(shape, frame).more_than_constant) return false;
  identify(instance);
  track_ = &work_.tracks[0];
  depth_ = 0;
  track_->json.clear();
  track_->log.clear();
  track_->clear.clear();
  auto const before = checkpoint();
  if (write_resource_body(shape, frame, instance.id) == kNothing) {
    roll_back(before);
    return false;
  }
  finish_resource(shape, instance.verb, instance.id);
  if (instance.event != kNone) {
    auto& clear = work_.written.back().clear;
    for (auto const name : program_.events[instance.event].clear) clear.emplace_back(name);
  }
  instance.written = true;
  return true;
}

/// Marks what an equal value before gave, as given by this one too.
bool Mapper::repeat_made(Made const& made, std::string_view raw) {
  if (made.written >= work_.written.size()) return false;
  auto const& written = work_.written[made.written];
  if (written.id != made.id) return false;
  auto const old_begin = static_cast<std::uint32_t>(made.raw.data() - base_);
  auto const old_end = old_begin + static_cast<std::uint32_t>(made.raw.size());
  auto const new_begin = static_cast<std::uint32_t>(raw.data() - base_);
  if (old_begin == new_begin) return true;
  for (auto i = written.log_begin; i < written.log_end; ++i) {
    auto const entry = work_.log[i];
    if (entry.source_begin < old_begin || entry.source_end > old_end) continue;
    track_->log.push_back({0, 0, entry.source_begin - old_begin + new_begin,
                           entry.source_end - old_begin + new_begin, entry.info});
  }
  return true;
}

/// Writes a resource made of a value, beside the one that is being written.
std::optional<UuidText> Mapper::make(Index index, Found const& found, Context const& context) {
  auto const& shape = program_.makes[index];
  if (depth_ + 1 > kMakeDepthMax || shape.object == kNone) return std::nullopt;
  if (work_.written.size() >= kResourcesMax) {
    full_ = true;
    return std::nullopt;
  }
  bool const may_repeat = !program_.objects[shape.object].uses_segment;
  if (may_repeat) {
    auto const count = work_.made.size();
    for (auto i = count; i > 0 && i + kMadeSearchMax > count; --i) {
      auto const& made = work_.made[i - 1];
      if (made.make != index || made.raw != found.raw) continue;
      if (!repeat_made(made, found.raw)) continue;
      ++repeats_made_;
      return made.id;
    }
  }
  if (shape.recall.is_possible) {
    if (auto const id = recall_made(index, found, context)) return id;
  }
  auto const start = begin_making();
  std::string_view parts[kPartsMax];
  Context const inner = value_context(found, context, parts);
  auto const event = find_event(shape, inner);
  if (event != kNone && program_.events[event].skip) return std::nullopt;
  auto const verb = event == kNone ? Verb::merge : program_.events[event].verb;
  if (verb == Verb::remove) return std::nullopt;
  auto const id = identity_of(shape, inner, shape.name);

  auto const before = checkpoint();
  auto* const outer = track_;
  auto const lost_time = lost_time_;
  ++depth_;
  track_ = &work_.tracks[depth_];
  track_->json.clear();
  track_->log.clear();
  track_->clear.clear();
  Frame frame;
  frame.context = &inner;
  bool const exists = write_resource_body(shape, frame, id) != kNothing;
  if (exists) finish_resource(shape, verb, id);
  track_ = outer;
  --depth_;
  lost_time_ = lost_time;
  if (!exists) {
    roll_back(before);
    return std::nullopt;
  }
  if (may_repeat) {
    work_.made.push_back(
        {index, found.raw, static_cast<std::uint32_t>(work_.written.size() - 1), id});
  }
  if (shape.recall.is_possible) learn_made(index, found, context, start);
  return id;
}

void Mapper::write_resources() {
  work_.json.clear();
  work_.log.clear();
  work_.refusals.clear();
  work_.ignored.clear();
  work_.same.clear();
  work_.written.clear();
  work_.made.clear();
  for (auto& instance : work_.instances) {
    instance.processed = instance.written = instance.promised = false;
  }
  for (auto const index : work_.order) write_instance_resource(work_.instances[index]);
}

Result<> Mapper::run() {
  structure_ = find_structure();
  if (structure_ == nullptr) {
    return fail(ErrorCode::not_supported, "no mapping table covers this message type", "MSH-9");
  }
  texts_used_ = 0;
  is_plain_ = is_plain(message_);
  identify_sender();
  describe_context();
  plan(*structure_);
  for (int pass = 1;; ++pass) {
    strict_ = pass == kPassesMax;
    write_resources();
    bool broken = false;
    for (auto& instance : work_.instances) {
      if (!instance.promised || instance.written) continue;
      instance.absent = true;
      broken = true;
    }
    if (!broken || strict_) break;
  }
  if (full_) {
    out_.issues.push_back({Severity::error, ErrorCode::too_large,
                           "the message makes more than fits; the rest is not mapped", "MSH"});
  }
  merge_equal();
  export_leaves();
  count_atoms();
  return {};
}

}  // namespace sinew::mapping
