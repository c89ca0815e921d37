#include "wire/hl7v2/tree_sink.h"

#include <array>

#include "base/severity.h"
#include "base/text.h"

namespace sinew::hl7v2 {
namespace {

/// The last place at or before `limit` where a character begins.
std::size_t character_boundary(std::string_view text, std::size_t limit) {
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return limit;
}

/// MSH-9 or MSH-12 as sent, made fit for a terminal and for JSON whatever its bytes.
std::string header_text(Message const& message, std::size_t field) {
  auto const bytes = message.first("MSH", field);
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  for (char const c : bytes) {
    if (static_cast<unsigned char>(c) < 128) {
      text += c;
    } else {
      append_utf8(text, 0xFFFD);
    }
  }
  return text;
}

}  // namespace

void TextSink::begin_message(std::string_view structure, Message const& message) {
  out_ += structure.empty() ? "message of unknown structure" : structure;
  out_ += "  ";
  append_value(header_text(message, 9));
  auto const version = header_text(message, 12);
  if (!version.empty()) {
    out_ += ", version ";
    append_value(version);
  }
  out_ += '\n';
  ++depth_;
}

void TextSink::begin_group(std::string_view name) {
  indent();
  out_ += name;
  out_ += '\n';
  ++depth_;
}

void TextSink::begin_segment(TreeItem const& item) {
  indent();
  out_ += item.path;
  if (!item.name.empty()) {
    out_ += "  ";
    out_ += item.name;
  }
  if (item.unplaced) out_ += "  (no place in the structure)";
  out_ += '\n';
  ++depth_;
}

void TextSink::append_value(std::string_view value) {
  auto const cut = value_bytes_max_ != 0 && value.size() > value_bytes_max_;
  for (char const c :
       value.substr(0, cut ? character_boundary(value, value_bytes_max_) : value.size())) {
    auto const byte = static_cast<unsigned char>(c);
    // A terminal obeys control characters; a value must not.
    if (c == '\n') {
      out_ += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out_ += "\\x";
      out_ += "0123456789abcdef"[byte >> 4];
      out_ += "0123456789abcdef"[byte & 15];
    } else {
      out_ += c;
    }
  }
  if (cut) out_ += "… (" + std::to_string(value.size()) + " bytes)";
}

void TextSink::begin_item(TreeItem const& item) {
  indent();
  out_ += item.path;
  if (!item.name.empty()) {
    out_ += "  ";
    out_ += item.name;
  }
  if (item.is_leaf) {
    out_ += ": ";
    append_value(item.value);
    if (!item.display.empty()) {
      out_ += " (";
      out_ += item.display;
      out_ += ')';
    }
  }
  out_ += '\n';
  ++depth_;
}

void TextSink::issue(Issue const& issue) {
  indent();
  out_ += "! ";
  if (!issue.where.empty()) out_ += issue.where + ": ";
  if (issue.severity == Severity::error) out_ += "error: ";
  out_ += issue.what;
  out_ += '\n';
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  out += '"';
}

void JsonSink::open(std::string_view children) {
  if (!open_.empty()) {
    auto& parent = open_.back();
    if (parent.has_children) {
      out_ += ',';
    } else {
      out_ += ",\"";
      out_ += parent.children;
      out_ += "\":[";
      parent.has_children = true;
    }
  }
  out_ += '{';
  open_.push_back({children, false, {}});
}

void JsonSink::close() {
  auto const& done = open_.back();
  if (done.has_children) out_ += ']';
  if (!done.issues.empty()) out_ += ",\"issues\":[" + done.issues + "]";
  out_ += '}';
  open_.pop_back();
}

void JsonSink::member(std::string_view name, std::string_view value) {
  if (out_.back() != '{') out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
  append_json_string(out_, value);
}

void JsonSink::member(std::string_view name, std::size_t value) {
  out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
  out_ += std::to_string(value);
}

void JsonSink::begin_message(std::string_view structure, Message const& message) {
  open("children");
  member("type", header_text(message, 9));
  member("version", header_text(message, 12));
  if (!structure.empty()) member("structure", structure);
}

void JsonSink::begin_group(std::string_view name) {
  open("children");
  member("group", name);
}

void JsonSink::place(TreeItem const& item) {
  member("path", item.path);
  if (!item.name.empty()) member("name", item.name);
  if (!item.type.empty()) member("type", item.type);
  member("offset", item.offset);
  member("length", item.length);
}

void JsonSink::begin_segment(TreeItem const& item) {
  open("fields");
  member("segment", std::string_view(item.path).substr(0, 3));
  place(item);
  if (item.unplaced) out_ += ",\"unplaced\":true";
}

void JsonSink::begin_item(TreeItem const& item) {
  open("parts");
  place(item);
  if (item.is_leaf) member("value", item.value);
  if (!item.display.empty()) member("display", item.display);
}

void JsonSink::issue(Issue const& issue) {
  auto& issues = open_.back().issues;
  if (!issues.empty()) issues += ',';
  issues += "{\"severity\":";
  append_json_string(issues, name_of(issue.severity));
  issues += ",\"where\":";
  append_json_string(issues, issue.where);
  issues += ",\"what\":";
  append_json_string(issues, issue.what);
  issues += '}';
}

}  // namespace sinew::hl7v2
