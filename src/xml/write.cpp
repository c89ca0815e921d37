#include "xml/write.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "xml/decode.h"

namespace sinew::xml {
namespace {

struct Escape {
  char character;
  bool in_text;
  std::string_view written;
};

// clang-format off
constexpr Escape kEscapes[] = {
    // character  in text  written
    {'&',         true,    "&amp;"},
    {'<',         true,    "&lt;"},
    {'>',         true,    "&gt;"},
    {'\r',        true,    "&#13;"},
    {'"',         false,   "&quot;"},
    {'\t',        false,   "&#9;"},
    {'\n',        false,   "&#10;"},
};
// clang-format on

void append_character(std::string& out, char c, bool in_text) {
  for (auto const& row : kEscapes) {
    if (row.character == c && (row.in_text || !in_text)) {
      out += row.written;
      return;
    }
  }
  out += c;
}

/// Bytes of the UTF-8 character that begins `text` and that XML allows; 0 when none does.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    auto const character = text.substr(0, length);
    if (!is_utf8(character)) continue;
    return find_bad_character(character) == std::string_view::npos ? length : 0;
  }
  return 0;
}

void append_escaped(std::string& out, std::string_view text, bool in_text) {
  while (!text.empty()) {
    auto const length = character_length(text);
    if (length == 1) {
      append_character(out, text.front(), in_text);
    } else if (length > 1) {
      out.append(text.substr(0, length));
    } else {
      append_utf8(out, 0xFFFD);
    }
    // Bytes that are no character go one by one; of the characters that XML does not allow, those
    // beyond ASCII have three bytes.
    auto taken = std::max<std::size_t>(length, 1);
    bool const is_forbidden = length == 0 && static_cast<unsigned char>(text.front()) == 0xEF;
    if (is_forbidden && text.size() >= 3 && is_utf8(text.substr(0, 3))) taken = 3;
    text.remove_prefix(taken);
  }
}

}  // namespace

void append_text(std::string& out, std::string_view text) { append_escaped(out, text, true); }
void append_attribute(std::string& out, std::string_view text) { append_escaped(out, text, false); }

void Writer::declaration() {
  out_ += R"(<?xml version="1.0" encoding="UTF-8"?>)";
  newline();
}

void Writer::newline() {
  constexpr std::size_t kIndent = 2;
  if (style_ == Style::compact) return;
  out_ += '\n';
  out_.append(open_.size() * kIndent, ' ');
}

void Writer::close_tag() {
  if (tag_open_) out_ += '>';
  tag_open_ = false;
}

void Writer::begin(std::string_view name) {
  close_tag();
  if (!open_.empty()) {
    if (!open_.back().has_text) newline();
    open_.back().has_children = true;
  }
  out_ += '<';
  out_ += name;
  open_.push_back({std::string(name), false, false});
  tag_open_ = true;
}

void Writer::attribute(std::string_view name, std::string_view value) {
  SINEW_CHECK(tag_open_);
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_attribute(out_, value);
  out_ += '"';
}

void Writer::text(std::string_view text) {
  close_tag();
  if (!open_.empty()) open_.back().has_text = true;
  append_text(out_, text);
}

void Writer::raw(std::string_view xml) {
  close_tag();
  if (!open_.empty()) {
    if (!open_.back().has_text) newline();
    open_.back().has_children = true;
  }
  out_ += xml;
}

void Writer::end() {
  SINEW_CHECK(!open_.empty());
  auto const element = std::move(open_.back());
  open_.pop_back();
  if (tag_open_) {
    out_ += "/>";
    tag_open_ = false;
    return;
  }
  if (element.has_children && !element.has_text) newline();
  out_ += "</" + element.name + '>';
}

}  // namespace sinew::xml
