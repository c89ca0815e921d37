#include "wire/hl7v2/group.h"

#include <algorithm>
#include <array>
#include <string>

#include "wire/hl7v2/dictionary_rows.h"
#include "wire/hl7v2/structure.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::uint32_t kNone = GroupTree::kNone;
/// Levels of groups that can be open at once; the compiler of structures cuts off deeper ones.
constexpr std::size_t kFramesMax = 40;
/// How many children of a group are looked at to learn whether a segment was there before.
constexpr int kLookBackMax = 64;
/// A message that follows no structure at all does not fill memory with complaints.
constexpr std::size_t kIssuesMax = 100;

/// These belong to the order that they follow, whatever else is out of order.
constexpr bool follows_its_order(std::uint32_t id) {
  return id == pack_id("OBX") || id == pack_id("NTE") || id == pack_id("SPM");
}

constexpr bool begins_order(std::uint32_t id) {
  return id == pack_id("ORC") || id == pack_id("OBR");
}

/// Walks the segments once, with a stack of open groups. Each segment goes, in this order:
///   forward    to the next place the structure has for it, innermost open group first;
///   back       to a place in an open group that the message has already passed;
///   lenient    into a group whose required first segment is missing;
///   unplaced   under the innermost open group.
class Grouper {
 public:
  Grouper(Message const& message, CompiledStructure const& structure, GroupTree& tree)
      : message_(message), structure_(structure), tree_(tree) {}

  /// Returns the id of the first segment without a place, or 0.
  std::uint32_t run();

 private:
  using Definition = CompiledStructure::Node;
  struct Frame {
    std::uint32_t definition;  ///< of the group, in the structure
    std::uint32_t node;        ///< of the group, in the tree
    std::uint32_t position;    ///< child of the definition reached so far
    bool occupied;             ///< that child has been placed
    bool headless;             ///< opened without its required first segment
  };
  struct Place {
    std::size_t frame = kFramesMax;
    std::uint32_t child = 0;
    explicit operator bool() const { return frame != kFramesMax; }
  };
  enum class Mode : std::uint8_t { strict, lenient };

  Definition const& definition_of(Frame const& frame) const {
    return structure_.nodes[frame.definition];
  }
  std::uint32_t append(std::string_view name, std::uint32_t segment, std::uint32_t parent,
                       bool repeats);
  bool may_enter(Definition const& parent, Definition const& group, std::uint32_t id, Mode mode);
  bool occurs(std::uint32_t id);
  std::uint32_t find_forward(Frame const& frame, std::uint32_t id, Mode mode);
  Place find_forward(std::uint32_t id, Mode mode);
  bool fill_head(std::uint32_t segment, std::uint32_t id);
  bool place_back(std::uint32_t segment, std::uint32_t id);
  bool is_late_head(std::uint32_t segment, std::uint32_t id) const;
  bool complete_order(std::uint32_t segment, std::uint32_t id);
  bool place_inside(std::uint32_t node, std::uint32_t definition, std::uint32_t segment,
                    std::uint32_t id);
  void place(Place place, std::uint32_t segment, std::uint32_t id, Mode mode);
  std::uint32_t instance_of(std::uint32_t node, std::string_view name) const;
  void report(Severity severity, std::uint32_t segment, std::string what);

  Message const& message_;
  CompiledStructure const& structure_;
  GroupTree& tree_;
  std::vector<std::uint32_t> last_child_;
  std::array<Frame, kFramesMax> frames_;
  std::size_t depth_ = 0;
  struct Asked {
    std::uint32_t id = 0;
    bool occurs = false;
  };
  std::array<Asked, 8> asked_;
};

std::uint32_t Grouper::append(std::string_view name, std::uint32_t segment, std::uint32_t parent,
                              bool repeats) {
  auto const node = static_cast<std::uint32_t>(tree_.nodes.size());
  tree_.nodes.push_back({name, segment, parent, kNone, kNone, repeats, false});
  last_child_.push_back(kNone);
  if (parent != kNone) {
    auto& last = last_child_[parent];
    (last == kNone ? tree_.nodes[parent].first_child : tree_.nodes[last].next_sibling) = node;
    last = node;
  }
  return node;
}

/// Whether the message has such a segment at all. A few answers are kept.
bool Grouper::occurs(std::uint32_t id) {
  auto& asked = asked_[(id ^ id >> 8 ^ id >> 16) % asked_.size()];
  if (asked.id != id) {
    asked.id = id;
    asked.occurs = false;
    for (std::size_t i = 0; i < message_.segment_count() && !asked.occurs; ++i) {
      asked.occurs = pack_id(message_.segment_id(i)) == id;
    }
  }
  return asked.occurs;
}

bool Grouper::may_enter(Definition const& parent, Definition const& group, std::uint32_t id,
                        Mode mode) {
  if (mode == Mode::lenient ? !structure_.holds(group, id) : !structure_.opens(group, id)) {
    return false;
  }
  // Inside an order a further group begins with its own first segment only: the PRIOR_RESULT of
  // OML_O21 could otherwise swallow the next order, because all that precedes its OBR is optional.
  if (parent.is_order && !structure_.leads(group, id)) return false;
  // A group that cannot be complete gives way: ORDER_DOCUMENT (OBX TXA) where there is no TXA.
  return mode == Mode::lenient || group.needs == 0 || group.needs == id || occurs(group.needs);
}

std::uint32_t Grouper::find_forward(Frame const& frame, std::uint32_t id, Mode mode) {
  auto const& definition = definition_of(frame);
  if (definition.is_choice && frame.occupied) return kNone;
  for (auto at = frame.position; at < definition.child_count; ++at) {
    auto const& child = structure_.nodes[definition.first_child + at];
    if (at == frame.position && frame.occupied && !child.repeats) continue;
    if (child.id == id) return at;
    if (child.id == 0 && may_enter(definition, child, id, mode)) return at;
  }
  return kNone;
}

Grouper::Place Grouper::find_forward(std::uint32_t id, Mode mode) {
  for (auto frame = depth_; frame-- > 0;) {
    auto const child = find_forward(frames_[frame], id, mode);
    if (child != kNone) return {frame, child};
    if (mode == Mode::lenient && follows_its_order(id) && definition_of(frames_[frame]).is_order) {
      break;  // never under another order than the one it follows
    }
  }
  return {};
}

void Grouper::place(Place at, std::uint32_t segment, std::uint32_t id, Mode mode) {
  depth_ = at.frame + 1;
  auto child = at.child;
  for (;;) {
    auto& frame = frames_[depth_ - 1];
    frame.position = child;
    frame.occupied = true;
    auto const index = definition_of(frame).first_child + child;
    auto const& placed = structure_.nodes[index];
    if (placed.id != 0) {
      append(placed.name, segment, frame.node, placed.repeats);
      return;
    }
    auto const node = append(placed.name, kNone, frame.node, placed.repeats);
    bool const headless = mode == Mode::lenient && !structure_.opens(placed, id);
    if (headless) {
      report(Severity::warning, segment,
             std::string(placed.name) + " begins without its first segment");
    }
    frames_[depth_++] = {index, node, 0, false, headless};
    child = find_forward(frames_[depth_ - 1], id, Mode::strict);
    if (child == kNone) child = find_forward(frames_[depth_ - 1], id, Mode::lenient);
    if (child == kNone) {
      // Only a choice of groups inside an order comes here: keep the segment in what was opened.
      append(message_.segment_id(segment), segment, node, false);
      return;
    }
  }
}

/// ORC before OBR where the structure has it after (OUL_R22): the OBR completes the same order.
bool Grouper::fill_head(std::uint32_t segment, std::uint32_t id) {
  auto& frame = frames_[depth_ - 1];
  if (!frame.headless) return false;
  auto const& definition = definition_of(frame);
  auto const first = tree_.nodes[frame.node].first_child;
  bool const one_child = first != kNone && tree_.nodes[first].next_sibling == kNone;
  auto const& head = structure_.nodes[definition.first_child];
  if (!one_child || head.id != id) return false;
  append(head.name, segment, frame.node, head.repeats);
  frame.headless = false;
  return true;
}

/// The last child of that name, or kNone. Looks at a bounded number of children.
std::uint32_t Grouper::instance_of(std::uint32_t node, std::string_view name) const {
  auto found = kNone;
  auto child = tree_.nodes[node].first_child;
  for (int i = 0; i < kLookBackMax && child != kNone; ++i) {
    if (tree_.nodes[child].name == name) found = child;
    child = tree_.nodes[child].next_sibling;
  }
  return found;
}

/// Puts a late segment into a group of the tree, or into the groups below it that occur once.
bool Grouper::place_inside(std::uint32_t node, std::uint32_t definition, std::uint32_t segment,
                           std::uint32_t id) {
  for (std::size_t level = 0; level < kFramesMax; ++level) {
    auto const& group = structure_.nodes[definition];
    auto next_node = kNone;
    auto next_definition = kNone;
    for (auto at = group.first_child; at < group.first_child + group.child_count; ++at) {
      auto const& child = structure_.nodes[at];
      if (child.id == id) {
        if (!child.repeats && instance_of(node, child.name) != kNone) continue;
        append(child.name, segment, node, child.repeats);
        return true;
      }
      if (child.id != 0 || child.repeats || next_definition != kNone) continue;
      auto const instance = instance_of(node, child.name);
      bool const fits =
          instance != kNone ? structure_.holds(child, id) : structure_.opens(child, id);
      if (!fits) continue;
      next_definition = at;
      next_node = instance;
    }
    if (next_definition == kNone) return false;
    auto const& next = structure_.nodes[next_definition];
    node = next_node != kNone ? next_node : append(next.name, kNone, node, next.repeats);
    definition = next_definition;
  }
  return false;
}

bool Grouper::place_back(std::uint32_t segment, std::uint32_t id) {
  if (begins_order(id)) return false;
  for (auto at = depth_; at-- > 0;) {
    auto const& frame = frames_[at];
    auto const& definition = definition_of(frame);
    if (!definition.is_choice && structure_.holds(definition, id)) {
      // A repeating group that was passed is opened again and becomes the open one.
      for (std::uint32_t child = 0; child <= frame.position && child < definition.child_count;
           ++child) {
        auto const& group = structure_.nodes[definition.first_child + child];
        if (group.id == 0 && group.repeats && structure_.leads(group, id)) {
          report(Severity::warning, segment, "out of order: placed in " + std::string(group.name));
          place({at, child}, segment, id, Mode::strict);
          return true;
        }
      }
      if (place_inside(frame.node, frame.definition, segment, id)) {
        auto const parent = tree_.nodes.back().parent;
        report(Severity::warning, segment,
               "out of order: placed in " + std::string(tree_.nodes[parent].name));
        return true;
      }
    }
    if (follows_its_order(id) && definition.is_order) return false;
  }
  return false;
}

/// ORC right after OBR, and results next: it is the one of that OBR. Before another OBR it begins
/// the next order.
bool Grouper::is_late_head(std::uint32_t segment, std::uint32_t id) const {
  if (id != pack_id("ORC") || segment == 0) return false;
  if (pack_id(message_.segment_id(segment - 1)) != pack_id("OBR")) return false;
  for (auto next = segment + 1; next < message_.segment_count(); ++next) {
    auto const next_id = pack_id(message_.segment_id(next));
    if (next_id == pack_id("OBR")) return false;
    if (next_id == pack_id("OBX") || next_id == pack_id("ORC")) return true;
  }
  return true;
}

bool Grouper::complete_order(std::uint32_t segment, std::uint32_t id) {
  if (!is_late_head(segment, id)) return false;
  for (auto at = depth_; at-- > 0;) {
    auto const& frame = frames_[at];
    if (!definition_of(frame).is_order) continue;
    if (!place_inside(frame.node, frame.definition, segment, id)) return false;
    auto const& group = tree_.nodes[tree_.nodes.back().parent];
    report(Severity::warning, segment, "out of order: placed in " + std::string(group.name));
    return true;
  }
  return false;
}

void Grouper::report(Severity severity, std::uint32_t segment, std::string what) {
  if (tree_.issues.size() >= kIssuesMax) return;
  auto const id = message_.segment_id(segment);
  std::size_t occurrence = 0;
  for (std::size_t i = 0; i <= segment; ++i) occurrence += message_.segment_id(i) == id;
  tree_.issues.push_back({severity, ErrorCode::invalid, std::move(what),
                          std::string(id) + "[" + std::to_string(occurrence) + "]"});
}

std::uint32_t Grouper::run() {
  auto const count = static_cast<std::uint32_t>(message_.segment_count());
  tree_.nodes.clear();
  tree_.nodes.reserve(count * 2 + 8);
  last_child_.reserve(count * 2 + 8);
  append(structure_.name, kNone, kNone, false);
  frames_[0] = {0, 0, 0, false, false};
  depth_ = 1;
  std::uint32_t without_place = 0;
  for (std::uint32_t segment = 0; segment < count; ++segment) {
    auto const name = message_.segment_id(segment);
    auto const id = pack_id(name);
    if (fill_head(segment, id) || complete_order(segment, id)) continue;
    if (auto const at = find_forward(id, Mode::strict)) {
      place(at, segment, id, Mode::strict);
      continue;
    }
    bool const own = id >> 16 == 'Z';
    if (!own && place_back(segment, id)) continue;
    if (auto const at = own ? Place{} : find_forward(id, Mode::lenient)) {
      place(at, segment, id, Mode::lenient);
      continue;
    }
    auto const node = append(name, segment, frames_[depth_ - 1].node, false);
    tree_.nodes[node].unplaced = true;
    if (!own && without_place == 0) without_place = id;
    report(own ? Severity::information : Severity::warning, segment,
           "no place in " + std::string(structure_.name));
  }
  return without_place;
}

/// Everything under the root, for a message of no known structure.
void list_segments(Message const& message, GroupTree& tree) {
  auto const count = static_cast<std::uint32_t>(message.segment_count());
  tree.nodes.reserve(count + 1);
  tree.nodes.push_back({{}, kNone, kNone, count ? 1 : kNone, kNone, false, false});
  for (std::uint32_t i = 0; i < count; ++i) {
    tree.nodes.push_back(
        {message.segment_id(i), i, 0, kNone, i + 1 < count ? i + 2 : kNone, false, false});
  }
}

/// MSH-9 and MSH-12 as the row of data/hl7v2/structures.tsv, or nullptr.
StructureRow* choose_structure(Message const& message, Version version, GroupTree& tree) {
  auto const separator = message.delimiters().component;
  auto const type_field = part(message.first("MSH", 9), message.delimiters().repetition, 0);
  auto const type = part(type_field, separator, 0);
  auto const event = part(type_field, separator, 1);
  auto const declared = part(type_field, separator, 2);
  auto const by_event = structure_of_event(version, type, event);
  // "The third component … is required … but many senders leave it out": the event decides, and a
  // structure that contradicts it is a slip (ADT^A40^ADT_A01), but for profiles of queries.
  auto const id = by_event.empty() ? declared : by_event;
  if (!declared.empty() && declared != id) {
    tree.issues.push_back({Severity::warning, ErrorCode::invalid,
                           "the structure of this event is " + std::string(id), "MSH-9.3"});
  }
  return id.empty() ? nullptr : find_structure_row(version, id);
}

}  // namespace

GroupTree group_segments(Message const& message) {
  GroupTree tree;
  auto version = nearest_version(message.first("MSH", 12));
  auto* row = choose_structure(message, version, tree);
  if (!row) {
    tree.issues.push_back({Severity::warning, ErrorCode::not_supported,
                           "no structure is known for this message type", "MSH-9"});
    list_segments(message, tree);
    return tree;
  }
  auto const before = tree.issues.size();
  tree.structure = row->compiled().name;
  auto const without_place = Grouper(message, row->compiled(), tree).run();
  if (without_place == 0) return tree;

  // QUIRK(laboratory feeds): MSH-12 says 2.3.1 and the message has the SPM of 2.5.1. A newer form
  // of the structure that has the segment is then the better map.
  auto* newest = find_structure_row(Version::v2_9, tree.structure);
  if (newest != row && newest->compiled().holds(newest->compiled().nodes[0], without_place)) {
    tree.issues.resize(before);
    Grouper(message, newest->compiled(), tree).run();
  }
  return tree;
}

GroupTree group_segments(Message const& message, StructureNode const& structure) {
  GroupTree tree;
  tree.structure = structure.name;
  auto const compiled = compile_structure(structure);
  Grouper(message, compiled, tree).run();
  return tree;
}

}  // namespace sinew::hl7v2
