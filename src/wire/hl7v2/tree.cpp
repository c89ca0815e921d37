#include "wire/hl7v2/tree.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/text.h"
#include "wire/hl7v2/tree_sink.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::uint32_t kNone = GroupTree::kNone;

/// What the dictionary says of a field or of a part of one.
struct Meaning {
  std::string_view name;
  std::string_view type;
  std::uint16_t table = 0;
};

/// Goes through a message once and tells a sink what it meets.
class Walker {
 public:
  Walker(Message const& message, TreeOptions const& options, TreeSink& sink)
      : message_(message),
        groups_(group_segments(message)),
        charset_(Charset::of(message, options.charset_override)),
        version_(nearest_version(message.first("MSH", 12))),
        sink_(sink) {}

  void walk();

 private:
  void file_issues();
  void segment(std::uint32_t index, bool unplaced);
  void field(std::uint32_t segment, std::string const& path, std::size_t number);
  void repetition(std::string_view bytes, std::string const& path, Meaning const& meaning);
  void component(std::string_view bytes, std::string const& path, Meaning const& meaning);
  TreeItem item_of(std::string_view bytes, std::string path, Meaning const& meaning);
  void leaf(std::string_view bytes, std::string path, Meaning const& meaning);
  void missing_fields(std::uint32_t segment, std::string const& path);
  Meaning meaning_of(std::uint32_t segment, std::size_t number) const;
  Meaning component_meaning(std::string_view type, std::size_t number) const;
  std::string canonical_id(std::uint32_t segment) const {
    return to_upper(message_.segment_id(segment));
  }

  Message const& message_;
  GroupTree groups_;
  Charset charset_;
  Version version_;
  TreeSink& sink_;
  std::string scratch_;
  std::map<std::string, std::vector<Issue const*>, std::less<>> issues_;  ///< by segment path
  std::map<std::string, std::size_t, std::less<>> totals_, seen_;         ///< segments by id
};

/// Every issue goes to the segment that its place names; the others to the message.
void Walker::file_issues() {
  using Issues = std::vector<Issue>;
  for (auto const* list :
       std::initializer_list<Issues const*>{&message_.issues(), &groups_.issues}) {
    for (auto const& issue : *list) {
      auto const place = std::string_view(issue.where).substr(0, issue.where.find('-'));
      if (place.ends_with(']')) {
        issues_[std::string(place)].push_back(&issue);
      } else {
        sink_.issue(issue);
      }
    }
  }
}

void Walker::walk() {
  for (std::size_t i = 0; i < message_.segment_count(); ++i) {
    ++totals_[canonical_id(static_cast<std::uint32_t>(i))];
  }
  sink_.begin_message(groups_.structure, message_);
  file_issues();
  // Depth first along the links; the depth is that of the structure, not of the message.
  auto at = groups_.nodes.front().first_child;
  while (at != kNone) {
    auto const& node = groups_.nodes[at];
    if (node.segment != kNone) {
      segment(node.segment, node.unplaced);
    } else {
      sink_.begin_group(node.name);
      if (node.first_child != kNone) {
        at = node.first_child;
        continue;
      }
      sink_.end_group();
    }
    auto up = at;
    while (up != 0 && groups_.nodes[up].next_sibling == kNone) {
      up = groups_.nodes[up].parent;
      if (up != 0) sink_.end_group();
    }
    at = up == 0 ? kNone : groups_.nodes[up].next_sibling;
  }
  sink_.end_message();
}

Meaning Walker::meaning_of(std::uint32_t segment, std::size_t number) const {
  auto const id = canonical_id(segment);
  auto const* definition = find_field(version_, id, number);
  if (!definition) return {};
  Meaning meaning{definition->name, definition->type, definition->table};
  // "OBX-5 … has the data type that OBX-2 names". Source: HL7 v2.5.1 §7.4.2.5.
  if (meaning.type == "varies" && id == "OBX") meaning.type = trim(message_.field(segment, 2));
  return meaning;
}

Meaning Walker::component_meaning(std::string_view type, std::size_t number) const {
  auto const* components = find_type(version_, type);
  if (!components) return {};
  auto const found = std::ranges::find(*components, number, &ComponentDefinition::number);
  if (found == components->end()) return {};
  return {found->name, found->type, found->table};
}

TreeItem Walker::item_of(std::string_view bytes, std::string path, Meaning const& meaning) {
  TreeItem item;
  item.path = std::move(path);
  item.name = meaning.name;
  item.type = meaning.type;
  item.offset = static_cast<std::size_t>(bytes.data() - message_.bytes().data());
  item.length = bytes.size();
  return item;
}

void Walker::leaf(std::string_view bytes, std::string path, Meaning const& meaning) {
  auto item = item_of(bytes, std::move(path), meaning);
  item.value = text_of(bytes, message_.delimiters(), charset_, scratch_);
  item.is_leaf = true;
  if (is_null(bytes)) {
    item.display = "null: delete what you have";
  } else if (meaning.table != 0) {
    item.display = table_display(meaning.table, item.value).value_or(std::string_view{});
  }
  sink_.begin_item(item);
  if (auto const fault = value_fault(meaning.type, item.value); !fault.empty()) {
    sink_.issue({Severity::warning, ErrorCode::invalid, std::string(fault), item.path});
  }
  sink_.end_item();
}

void Walker::component(std::string_view bytes, std::string const& path, Meaning const& meaning) {
  auto const separator = message_.delimiters().subcomponent;
  auto const count = part_count(bytes, separator);
  if (count == 1) return leaf(bytes, path, meaning);
  sink_.begin_item(item_of(bytes, path, meaning));
  auto rest = bytes;
  for (std::size_t i = 1; i <= count; ++i) {
    auto const value = part(rest, separator, 0);
    if (!value.empty())
      leaf(value, path + "." + std::to_string(i), component_meaning(meaning.type, i));
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
  }
  sink_.end_item();
}

void Walker::repetition(std::string_view bytes, std::string const& path, Meaning const& meaning) {
  auto const separator = message_.delimiters().component;
  auto const count = part_count(bytes, separator);
  bool const divided = count > 1 || part_count(bytes, message_.delimiters().subcomponent) > 1;
  auto first = component_meaning(meaning.type, 1);
  if (!divided) {
    // One value stands for its first component: PID-7 is shown as a date, not as a TS with one.
    return leaf(bytes, path,
                {meaning.name, first.type.empty() ? meaning.type : first.type,
                 meaning.table != 0 ? meaning.table : first.table});
  }
  if (meaning.type == "FT" || meaning.type == "TX") return leaf(bytes, path, meaning);
  sink_.begin_item(item_of(bytes, path, meaning));
  auto rest = bytes;
  for (std::size_t i = 1; i <= count; ++i) {
    auto const value = part(rest, separator, 0);
    auto of_component = component_meaning(meaning.type, i);
    if (i == 1 && of_component.table == 0) of_component.table = meaning.table;
    if (!value.empty()) component(value, path + "." + std::to_string(i), of_component);
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
  }
  sink_.end_item();
}

void Walker::field(std::uint32_t segment, std::string const& path, std::size_t number) {
  auto const bytes = message_.field(segment, number);
  if (bytes.empty()) return;
  auto const meaning = meaning_of(segment, number);
  auto const field_path = path + "-" + std::to_string(number);
  bool const whole =
      number <= 2 && message_.field(segment, 1).size() == 1 &&
      message_.field(segment, 1).data() == message_.segment_bytes(segment).data() + 3;
  auto const separator = message_.delimiters().repetition;
  auto const count = whole ? 1 : part_count(bytes, separator);
  if (whole) {
    auto item = item_of(bytes, field_path, meaning);
    item.value = bytes;
    item.is_leaf = true;
    sink_.begin_item(item);
    sink_.end_item();
  } else if (count == 1) {
    repetition(bytes, field_path, meaning);
  } else {
    auto rest = bytes;
    for (std::size_t i = 1; i <= count; ++i) {
      auto const value = part(rest, separator, 0);
      if (!value.empty()) repetition(value, field_path + "[" + std::to_string(i) + "]", meaning);
      rest.remove_prefix(std::min(rest.size(), value.size() + 1));
    }
  }
  if (meaning.name.empty() && !path.starts_with('Z')) {
    sink_.issue(
        {Severity::warning, ErrorCode::invalid, "the standard has no such field", field_path});
  }
}

void Walker::missing_fields(std::uint32_t segment, std::string const& path) {
  auto const* definitions = find_segment(version_, canonical_id(segment));
  if (!definitions) return;
  for (auto const& definition : *definitions) {
    if (definition.usage != 'R' || !message_.field(segment, definition.number).empty()) continue;
    sink_.issue({Severity::warning, ErrorCode::invalid,
                 "required and missing: " + std::string(definition.name),
                 path + "-" + std::to_string(definition.number)});
  }
}

void Walker::segment(std::uint32_t index, bool unplaced) {
  auto const id = canonical_id(index);
  auto const occurrence = ++seen_[id];
  auto const numbered = id + "[" + std::to_string(occurrence) + "]";
  auto const path = totals_[id] > 1 ? numbered : id;
  auto item = item_of(message_.segment_bytes(index), path, {segment_name(version_, id), {}, 0});
  item.unplaced = unplaced;
  sink_.begin_segment(item);
  for (auto const& key : {numbered, std::string(message_.segment_id(index)) + numbered.substr(3)}) {
    auto const found = issues_.find(key);
    if (found == issues_.end()) continue;
    for (auto const* issue : found->second) sink_.issue(*issue);
    issues_.erase(found);
  }
  auto const count = message_.field_count(index);
  for (std::size_t number = 1; number <= count; ++number) field(index, path, number);
  missing_fields(index, path);
  sink_.end_segment();
}

}  // namespace

std::string print_tree(Message const& message, TreeOptions const& options) {
  TextSink sink(options.value_bytes_max);
  Walker(message, options, sink).walk();
  return std::move(sink).text();
}

std::string print_tree_json(Message const& message, TreeOptions const& options) {
  JsonSink sink;
  Walker(message, options, sink).walk();
  return std::move(sink).text();
}

}  // namespace sinew::hl7v2
