#include <cstring>

#include "mapping/mapper_inline.h"

// Elements whose fields were seen before are written from memory. Nothing of the result may tell:
// JSON, places of leaves, refusals and the ledger are those that the rows would give.
namespace sinew::mapping {

/// Everything beside fields that the value of an element depends on.
void Mapper::describe_context() {
  auto& text = new_text();
  auto const add = [&](std::string_view part) { text.append(part).push_back('\0'); };
  add(program_.digest);
  add(sender_);
  add(feed_.zone_offset_minutes ? std::to_string(*feed_.zone_offset_minutes) : std::string("-"));
  add(charset_.name());
  text += {delimiters_.field,
           delimiters_.component,
           delimiters_.repetition,
           delimiters_.escape,
           delimiters_.subcomponent,
           delimiters_.truncation,
           options_.urn_references ? '1' : '0',
           charset_.is_mislabelled() ? '1' : '0',
           message_.is_transcoded() ? '1' : '0'};
  recall_context_ = work_.recall.context(text);
  // Whether a resource is made of a value, and what with, depends on the event too.
  add(message_type_);
  add(trigger_);
  make_context_ = work_.recall.context(text);
}

bool Mapper::append_piece(std::string_view text, RecallKey& key) const {
  auto const size = static_cast<std::uint32_t>(text.size());
  if (key.piece_count == RecallKey::kPiecesMax) return false;
  if (key.size + sizeof(size) + text.size() > key.bytes.size()) return false;
  std::memcpy(key.bytes.data() + key.size, &size, sizeof(size));
  key.size += sizeof(size);
  if (size > 0) std::memcpy(key.bytes.data() + key.size, text.data(), size);
  key.size += size;
  auto const begin = size == 0 ? 0U : static_cast<std::uint32_t>(text.data() - base_);
  key.pieces[key.piece_count++] = {begin, size};
  return true;
}

bool Mapper::append_dependency(Dependency const& dependency, std::uint32_t segment,
                               RecallKey& key) const {
  if (dependency.segment != Dependency::kOwn && work_.keys[segment] != dependency.segment) {
    segment = nearest_segment(dependency.segment, segment).value_or(kNone);
  }
  return append_piece(
      segment == kNone ? std::string_view{} : message_.field(segment, dependency.field), key);
}

/// False when the element depends on too much to be kept.
bool Mapper::gather_key(RecallPlan const& plan, std::uint32_t element, Instance const& instance,
                        RecallKey& key) const {
  std::memcpy(key.bytes.data(), &element, sizeof(element));
  std::memcpy(key.bytes.data() + sizeof(element), &recall_context_, sizeof(recall_context_));
  key.size = sizeof(element) + sizeof(recall_context_);
  key.piece_count = 0;
  // How many segments of which slot there are: pieces of one are not taken for those of another.
  for (std::uint32_t i = 0; i < instance.contribution_count; ++i) {
    auto const slot = work_.contributions[instance.contribution + i].slot;
    if ((plan.slots >> slot & 1) == 0) continue;
    if (key.size + 1 >= key.bytes.size()) return false;
    key.bytes[key.size++] = static_cast<char>(slot);
  }
  key.bytes[key.size++] = '\xFF';
  for (Index d = 0; d < plan.dependency_count; ++d) {
    auto const& dependency = program_.dependencies[plan.first_dependency + d];
    if (dependency.slot == Dependency::kOfInstance) {
      if (!append_dependency(dependency, instance.segment, key)) return false;
      continue;
    }
    for (std::uint32_t i = 0; i < instance.contribution_count; ++i) {
      auto const& contribution = work_.contributions[instance.contribution + i];
      if (contribution.slot != dependency.slot) continue;
      if (!append_dependency(dependency, contribution.segment, key)) return false;
    }
  }
  return true;
}

/// What a fragment says of values, as if its rows had run here, its JSON beginning at `json_begin`.
void Mapper::repeat_marks(Fragment const& fragment, RecallKey const& key, std::uint32_t json_begin,
                          std::vector<LogEntry>& log) {
  auto const source = [&](RecalledMark const& mark) {
    auto const base = mark.source_end == 0 ? 0U : key.pieces[mark.piece].begin;
    return std::pair(base + mark.source_begin, base + mark.source_end);
  };
  auto const first = log.size();
  log.resize(first + fragment.marks.log.size());
  auto* to = log.data() + first;
  for (auto const& mark : fragment.marks.log) {
    auto const [begin, end] = source(mark);
    auto const moved = mark.out_end == mark.out_begin ? 0U : json_begin;
    *to++ = {mark.out_begin + moved, mark.out_end + moved, begin, end, mark.info};
  }
  for (auto const& mark : fragment.marks.refusals) {
    auto const [begin, end] = source(mark);
    work_.refusals.push_back({begin, end, mark.info, static_cast<Refusal>(mark.out_begin)});
  }
  for (auto const& mark : fragment.marks.ignored) {
    auto const [begin, end] = source(mark);
    work_.ignored.push_back({0, 0, begin, end, mark.info});
  }
  for (auto const& mark : fragment.marks.same) {
    auto const [begin, end] = source(mark);
    work_.same.push_back({begin, end, key.pieces[mark.info].begin + mark.out_begin});
  }
}

/// Adds a mark whose source is told by its place in the key; false when it stands elsewhere.
bool Mapper::mark_relative(std::uint32_t begin, std::uint32_t end, Index info, RecallKey const& key,
                           std::vector<RecalledMark>& out) const {
  if (end == begin) {
    out.push_back({0, 0, 0, 0, 0, info});
    return true;
  }
  for (std::uint32_t p = 0; p < key.piece_count; ++p) {
    auto const& piece = key.pieces[p];
    if (begin < piece.begin || end > piece.begin + piece.size) continue;
    out.push_back({0, 0, begin - piece.begin, end - piece.begin, p, info});
    return true;
  }
  return false;
}

RecordMarks Mapper::record_marks() const {
  return {work_.refusals.size(), work_.ignored.size(), work_.same.size()};
}

/// Gathers what was said of values since `start`; false when some stand outside the key.
bool Mapper::gather_marks(RecallKey const& key, std::span<LogEntry const> entries,
                          std::uint32_t json_begin, RecordMarks const& start) {
  auto& [log, refusals, ignored, same] = work_.kept;
  for (auto* const marks : {&log, &refusals, &ignored, &same}) marks->clear();
  for (auto const& entry : entries) {
    if (!mark_relative(entry.source_begin, entry.source_end, entry.info, key, log)) return false;
    if (entry.out_end == entry.out_begin) continue;
    log.back().out_begin = entry.out_begin - json_begin;
    log.back().out_end = entry.out_end - json_begin;
  }
  for (auto const& entry : std::span(work_.refusals).subspan(start.refusals)) {
    if (!mark_relative(entry.source_begin, entry.source_end, entry.info, key, refusals)) {
      return false;
    }
    refusals.back().out_begin = static_cast<std::uint32_t>(entry.why);
  }
  for (auto const& entry : std::span(work_.ignored).subspan(start.ignored)) {
    if (!mark_relative(entry.source_begin, entry.source_end, entry.info, key, ignored)) {
      return false;
    }
  }
  std::vector<RecalledMark> other;
  for (auto const& entry : std::span(work_.same).subspan(start.same)) {
    auto const size = entry.end - entry.begin;
    other.clear();
    if (!mark_relative(entry.begin, entry.end, 0, key, same)) return false;
    if (!mark_relative(entry.other_begin, entry.other_begin + size, 0, key, other)) return false;
    same.back().out_begin = other.back().source_begin;
    same.back().info = other.back().piece;
  }
  return true;
}

/// What an element becomes: from memory if the same fields made it before, else from `write`.
template <class Write>
unsigned Mapper::recall(RecallPlan const& plan, std::uint32_t element, Instance const& instance,
                        Write&& write) {
  RecallKey key;
  if (!work_.recall.is_worth_it(element) || !gather_key(plan, element, instance, key)) {
    return write();
  }
  auto const fragment = work_.recall.find(key.text());
  work_.recall.count(element, fragment.has_value());
  if (fragment) {
    if (!fragment->json.empty()) comma();
    auto const json_begin = static_cast<std::uint32_t>(json().size());
    json() += fragment->json;
    repeat_marks(*fragment, key, json_begin, track_->log);
    return fragment->content;
  }
  auto json_begin = json().size();
  auto const log_begin = track_->log.size();
  auto const records = record_marks();
  auto const nulls = nulls_noted_;
  unsigned const content = write();
  // What the message clears is told to the resource as a whole, which a fragment cannot.
  if (nulls_noted_ != nulls || full_) return content;
  // The comma before it depends on where it stands.
  if (json().size() > json_begin && json()[json_begin] == ',') ++json_begin;
  if (gather_marks(key, std::span(track_->log).subspan(log_begin),
                   static_cast<std::uint32_t>(json_begin), records)) {
    work_.recall.learn(key.text(), content, std::string_view(json()).substr(json_begin),
                       work_.kept.view());
  }
  return content;
}

unsigned Mapper::recall_property(Property const& property, Frame const& frame) {
  auto const element = static_cast<std::uint32_t>(&property - program_.properties.data());
  return recall(property.recall, element, *frame.instance,
                [&] { return write_property(property, frame); });
}

unsigned Mapper::recall_entries(Property const& property, Group const& group, Frame const& frame) {
  auto const element = static_cast<std::uint32_t>(
      program_.properties.size() + static_cast<std::size_t>(&group - program_.groups.data()));
  return recall(group.recall, element, *frame.instance,
                [&] { return write_entries(property, group, frame); });
}

}  // namespace sinew::mapping
