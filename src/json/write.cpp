#include "json/write.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "json/nodes.h"
#include "json/stage1.h"

namespace sinew::json {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

/// High bits where a byte of the word is zero. Source: the classic test of "Hacker's Delight" 6-1;
/// false alarms beside a true one only cost the slow path.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kOnes) & ~word & kHighBits;
}

/// True when a string may hold these eight bytes as they are: ASCII, no control, quote, backslash.
bool is_plain(char const* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  auto const quotes = zero_bytes(word ^ (kOnes * '"'));
  auto const backslashes = zero_bytes(word ^ (kOnes * '\\'));
  auto const controls = (word - kOnes * ' ') & ~word & kHighBits;
  return ((word & kHighBits) | quotes | backslashes | controls) == 0;
}

std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && is_plain(text.data() + at)) at += 8;
  for (; at < text.size(); ++at) {
    auto const c = static_cast<unsigned char>(text[at]);
    if (c < ' ' || c == '"' || c == '\\' || c >= 0x80) break;
  }
  return at;
}

/// Bytes of the UTF-8 character that begins `text`; 0 when none does.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

void append_control(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[c >> 4];
  out += kDigits[c & 15];
}

/// The end of the string or other scalar that begins at `at`.
std::size_t token_end(std::string_view json, std::size_t at) {
  if (json[at] != '"') return std::min(json.find_first_of(",]} \t\r\n", at), json.size());
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    auto const plain = plain_length(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    char const c = text.front();
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      append_control(out, c);
    } else if (auto const length = character_length(text); length > 0) {
      out.append(text.substr(0, length));
      taken = length;
    } else {
      append_utf8(out, 0xFFFD);
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

void Writer::newline() {
  constexpr std::size_t kIndent = 2;
  if (style_ == Style::compact) return;
  out_ += '\n';
  out_.append(depth_ * kIndent, ' ');
}

void Writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (need_comma_) out_ += ',';
  if (depth_ > 0) newline();
}

void Writer::begin_object() {
  before_value();
  out_ += '{';
  ++depth_;
  need_comma_ = false;
}

void Writer::end_object() {
  --depth_;
  if (need_comma_) newline();
  out_ += '}';
  need_comma_ = true;
}

void Writer::begin_array() {
  before_value();
  out_ += '[';
  ++depth_;
  need_comma_ = false;
}

void Writer::end_array() {
  --depth_;
  if (need_comma_) newline();
  out_ += ']';
  need_comma_ = true;
}

void Writer::key(std::string_view name) {
  before_value();
  append_string(out_, name);
  out_ += style_ == Style::compact ? ":" : ": ";
  after_key_ = true;
}

void Writer::string(std::string_view text) {
  before_value();
  append_string(out_, text);
  need_comma_ = true;
}

void Writer::boolean(bool value) { raw(value ? "true" : "false"); }
void Writer::null() { raw("null"); }

void Writer::integer(std::int64_t value) {
  char digits[24];
  auto const [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  raw({digits, static_cast<std::size_t>(end - digits)});
}

void Writer::raw(std::string_view json) {
  before_value();
  out_ += json;
  need_comma_ = true;
}

/// Re-spaces JSON text that is valid: strings and numbers stay as their bytes are.
void Writer::respace(std::string_view json) {
  for (std::size_t at = 0; at < json.size();) {
    char const c = json[at];
    if (is_ascii_space(c)) {
      ++at;
    } else if (c == '{' || c == '[') {
      c == '{' ? begin_object() : begin_array();
      ++at;
    } else if (c == '}' || c == ']') {
      c == '}' ? end_object() : end_array();
      ++at;
    } else if (c == ',') {
      ++at;
    } else if (c == ':') {
      out_ += ": ";
      after_key_ = true;
      ++at;
    } else {
      auto const end = token_end(json, at);
      raw(json.substr(at, end - at));
      at = end;
    }
  }
}

void Writer::value(Value value) {
  if (!value.exists()) return null();
  if (style_ == Style::pretty && (value.is_object() || value.is_array()))
    return respace(value.source());
  before_value();
  if (value.is_object() || value.is_array()) {
    append_without_space(out_, value.source());
  } else {
    out_ += value.source();
  }
  need_comma_ = true;
}

std::string print(Value value, Writer::Style style) {
  std::string out;
  Writer(out, style).value(value);
  return out;
}

}  // namespace sinew::json
