#include "wire/hl7v2/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "wire/hl7v2/encoding.h"

namespace sinew::hl7v2 {
namespace {

/// Blanks or lines that one `\.sk<n>\` or `\.sp<n>\` may add.
constexpr int kSkipMax = 200;
constexpr char kTruncationDefault = '#';

std::optional<int> hex_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  auto const lower = to_ascii_lower(c);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

/// The bytes that hexadecimal digits stand for, or nothing when they are not all digits.
std::optional<std::string> hex_bytes(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::string bytes;
  // QUIRK(HL7-dotnetcore): `\X00D\`, an odd number of digits: the first byte has one.
  bool half = digits.size() % 2 == 1;
  int value = 0;
  for (char const c : digits) {
    auto const digit = hex_digit(c);
    if (!digit) return std::nullopt;
    value = half ? value * 16 + *digit : *digit;
    // QUIRK(HAPI): `\X000d\`, code units of 16 bits: a NUL byte is not text.
    if (half && value != 0) bytes += static_cast<char>(value);
    if (half) value = 0;
    half = !half;
  }
  return bytes;
}

/// The ISO 2022 sequence of `\Cxxyy\` (2 bytes) or `\Mxxyyzz\` (2 or 3), with its ESC.
std::optional<std::string> code_switch(std::string_view digits) {
  if (digits.size() != 4 && digits.size() != 6) return std::nullopt;
  auto bytes = hex_bytes(digits);
  if (!bytes) return std::nullopt;
  if (bytes->size() > 2 && bytes->back() == '\0') bytes->pop_back();
  return '\x1B' + *bytes;
}

std::optional<std::string> formatting(std::string_view command) {
  auto const name = command.substr(0, 3);
  auto const argument = command.substr(std::min<std::size_t>(3, command.size()));
  if (command == ".br" || command == ".ce") return "\n";
  if (command == ".fi" || command == ".nf") return "";
  auto digits = argument;
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  auto const count = digits.empty() ? std::optional(1) : parse_integer<int>(digits);
  if (!count || *count < 0) return std::nullopt;
  auto const times = static_cast<std::size_t>(std::min(*count, kSkipMax));
  if (name == ".sp") return std::string(times, '\n');
  if (name == ".sk") return std::string(times, ' ');
  if (name == ".in" || name == ".ti") return "";
  return std::nullopt;
}

/// One escape sequence without its escape characters. Source: HL7 v2.5.1 §2.7.1.
std::optional<std::string> resolve(std::string_view sequence, Delimiters const& delimiters,
                                   bool& switches) {
  if (sequence.empty()) return std::nullopt;
  auto const rest = sequence.substr(1);
  if (rest.empty()) {
    switch (sequence.front()) {
      case 'F':
        return std::string(1, delimiters.field);
      case 'S':
        return std::string(1, delimiters.component);
      case 'T':
        return std::string(1, delimiters.subcomponent);
      case 'R':
        return std::string(1, delimiters.repetition);
      case 'E':
        return std::string(1, delimiters.escape);
      case 'P':
        return std::string(1, delimiters.truncation ? delimiters.truncation : kTruncationDefault);
      case 'H':
      case 'N':
        return "";
      default:
        return std::nullopt;
    }
  }
  switch (sequence.front()) {
    case 'X':
      return hex_bytes(rest);
    case 'C':
    case 'M': {
      auto bytes = code_switch(rest);
      switches |= bytes.has_value();
      return bytes;
    }
    case '.':
      return formatting(sequence);
    default:
      return std::nullopt;
  }
}

}  // namespace

void append_text(std::string& out, std::string_view raw, Delimiters const& delimiters,
                 Charset const& charset) {
  auto escape = raw.find(delimiters.escape);
  if (escape == std::string_view::npos) {
    charset.append_utf8(out, raw);
    return;
  }
  // Bytes in the sender's character set: one character may be written as several `\X..\`.
  std::string bytes;
  bytes.reserve(raw.size());
  bool switches = false;
  std::size_t at = 0;
  while (escape != std::string_view::npos) {
    bytes += raw.substr(at, escape - at);
    auto const close = raw.find(delimiters.escape, escape + 1);
    if (close == std::string_view::npos) {
      at = escape;
      break;
    }
    auto const sequence = raw.substr(escape + 1, close - escape - 1);
    if (auto const meaning = resolve(sequence, delimiters, switches)) {
      bytes += *meaning;
      at = close + 1;
      escape = raw.find(delimiters.escape, at);
    } else {
      // What is not a sequence keeps its bytes, and its end may be the start of the next.
      at = escape;
      bytes += raw.substr(at, close - at);
      at = close;
      escape = close;
    }
  }
  bytes += raw.substr(at);
  if (switches) {
    append_iso2022(out, bytes, Encoding::undeclared);
  } else {
    charset.append_utf8(out, bytes);
  }
}

std::string_view text_of(std::string_view raw, Delimiters const& delimiters, Charset const& charset,
                         std::string& scratch) {
  if (raw.empty()) return raw;
  if (raw.find(delimiters.escape) == std::string_view::npos && is_ascii(raw) &&
      std::memchr(raw.data(), '\x1B', raw.size()) == nullptr) {
    return raw;
  }
  scratch.clear();
  append_text(scratch, raw, delimiters, charset);
  return scratch;
}

void append_escaped(std::string& out, std::string_view text, Delimiters const& delimiters) {
  auto letter_of = [&](char c) -> char {
    if (c == delimiters.escape) return 'E';
    if (c == delimiters.field) return 'F';
    if (c == delimiters.component) return 'S';
    if (c == delimiters.subcomponent) return 'T';
    if (c == delimiters.repetition) return 'R';
    if (c == delimiters.truncation && c != '\0') return 'P';
    return '\0';
  };
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (auto const letter = letter_of(c)) {
      out += {delimiters.escape, letter, delimiters.escape};
    } else if (byte < 0x20) {
      // A control character would end the segment or the MLLP block.
      out += {delimiters.escape, 'X', kHex[byte >> 4], kHex[byte & 15], delimiters.escape};
    } else {
      out += c;
    }
  }
}

}  // namespace sinew::hl7v2
