#include <algorithm>

#include "base/text.h"
#include "engine/delivery/format.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

using hl7v2::GroupTree;
using hl7v2::Message;

/// Text that XML may hold: markup escaped, control characters left out.
/// Source: XML 1.0 §2.2, §2.4.
void append_xml_text(std::string& out, std::string_view text) {
  for (char const c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
}

bool is_name(std::string_view text) {
  return !text.empty() && is_ascii_alpha(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_';
  });
}

/// Writes one message as XML.
class XmlFormat {
 public:
  explicit XmlFormat(Message const& message)
      : message_(message),
        charset_(hl7v2::Charset::of(message)),
        version_(hl7v2::nearest_version(message.first("MSH", 12))),
        tree_(hl7v2::group_segments(message)) {}

  std::string write() {
    root_ = tree_.structure.empty() ? root_of_event() : std::string(tree_.structure);
    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + root_ + " xmlns=\"urn:hl7-org:v2xml\">";
    append_groups();
    return std::move(out_) + "</" + root_ + ">\n";
  }

 private:
  /// Of an event without a structure: MSH-9, as far as it is a name.
  [[nodiscard]] std::string root_of_event() const {
    std::string name(message_.first("MSH", 9));
    std::ranges::replace(name, message_.delimiters().component, '_');
    return is_name(name) ? name : "MESSAGE";
  }

  /// The nodes in the order of the tree, without recursion: a group ends where its parent goes on.
  void append_groups() {
    std::vector<std::uint32_t> open;
    auto at = tree_.nodes.empty() ? GroupTree::kNone : tree_.nodes.front().first_child;
    while (at != GroupTree::kNone || !open.empty()) {
      if (at == GroupTree::kNone) {
        auto const group = open.back();
        open.pop_back();
        end_group(group);
        at = tree_.nodes[group].next_sibling;
        continue;
      }
      auto const& node = tree_.nodes[at];
      if (node.segment != GroupTree::kNone) {
        append_segment(node.segment);
        at = node.next_sibling;
      } else {
        ((((out_ += '<') += root_) += '.') += node.name) += '>';
        open.push_back(at);
        at = node.first_child;
      }
    }
  }
  void end_group(std::uint32_t group) {
    ((((out_ += "</") += root_) += '.') += tree_.nodes[group].name) += '>';
  }

  void append_segment(std::size_t segment) {
    auto const id = to_upper(message_.segment_id(segment));
    begin(id);
    for (std::size_t number = 1; number <= message_.field_count(segment); ++number) {
      auto const field = message_.field(segment, number);
      if (field.empty()) continue;
      auto const name = id + '.' + std::to_string(number);
      if (number <= 2 && id == "MSH") {
        begin(name);
        append_xml_text(out_, field);
        end(name);
        continue;
      }
      auto const type = type_of(segment, id, number);
      for (auto const repetition : split(field, message_.delimiters().repetition)) {
        begin(name);
        append_parts(repetition, type, name, message_.delimiters().component, true);
        end(name);
      }
    }
    end(id);
  }

  /// The data type of a field; OBX-2 says that of OBX-5.
  [[nodiscard]] std::string_view type_of(std::size_t segment, std::string_view id,
                                         std::size_t number) const {
    constexpr std::size_t kObservationValue = 5;
    if (id == "OBX" && number == kObservationValue) return message_.field(segment, 2);
    auto const* const definition = hl7v2::find_field(version_, id, number);
    return definition == nullptr ? std::string_view() : definition->type;
  }

  /// A value: plain text of a primitive type, else its parts named by the type (`CX.1`).
  void append_parts(std::string_view raw, std::string_view type, std::string const& name,
                    char separator, bool are_components) {
    auto const* const components = hl7v2::find_type(version_, type);
    bool const is_known = components != nullptr && !components->empty();
    bool const is_divided = raw.find(separator) != std::string_view::npos;
    if (!is_known && !is_divided) {
      append_value(raw);
      return;
    }
    std::size_t number = 0;
    for (auto const part : split(raw, separator)) {
      ++number;
      if (part.empty()) continue;
      auto const inner = (is_known ? std::string(type) : name) + '.' + std::to_string(number);
      begin(inner);
      auto const inner_type = is_known && number <= components->size()
                                  ? (*components)[number - 1].type
                                  : std::string_view();
      if (are_components) {
        append_parts(part, inner_type, inner, message_.delimiters().subcomponent, false);
      } else {
        append_value(part);
      }
      end(inner);
    }
  }

  void append_value(std::string_view raw) {
    append_xml_text(out_, hl7v2::text_of(raw, message_.delimiters(), charset_, scratch_));
  }
  void begin(std::string_view name) { ((out_ += '<') += name) += '>'; }
  void end(std::string_view name) { ((out_ += "</") += name) += '>'; }

  Message const& message_;
  hl7v2::Charset charset_;
  hl7v2::Version version_;
  GroupTree tree_;
  std::string root_, out_, scratch_;
};

}  // namespace

std::string format_xml(Message const& message) { return XmlFormat(message).write(); }

}  // namespace sinew::engine
