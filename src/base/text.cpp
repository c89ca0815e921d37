#include "base/text.h"

#include <algorithm>
#include <cstring>

namespace sinew {

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_ascii_lower, to_ascii_lower);
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), to_ascii_lower);
  return lower;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), to_ascii_upper);
  return upper;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto const at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_utf8(std::string_view bytes) {
  auto const* p = reinterpret_cast<unsigned char const*>(bytes.data());
  auto const* const end = p + bytes.size();
  auto const continuation = [&](int n) { return p + n < end && (p[n] & 0xC0) == 0x80; };
  while (p < end) {
    if (*p < 0x80) {
      // Most text is ASCII: eight bytes at a time.
      std::uint64_t word;
      for (; end - p >= 8; p += 8) {
        std::memcpy(&word, p, sizeof word);
        if (word & 0x8080808080808080) break;
      }
      while (p < end && *p < 0x80) ++p;
    } else if (*p >= 0xC2 && *p <= 0xDF) {
      if (!continuation(1)) return false;
      p += 2;
    } else if (*p >= 0xE0 && *p <= 0xEF) {
      if (!continuation(1) || !continuation(2)) return false;
      if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F)) return false;
      p += 3;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      if (!continuation(1) || !continuation(2) || !continuation(3)) return false;
      if ((*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F)) return false;
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

TextPosition position_of(std::string_view text, std::size_t offset) {
  auto const before = text.substr(0, offset);
  auto const line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  auto const lines = std::ranges::count(before, '\n');
  auto const starts_character = [](char c) { return (c & 0xC0) != 0x80; };
  auto const characters = std::ranges::count_if(before.substr(line_start), starts_character);
  return {static_cast<std::size_t>(lines) + 1, static_cast<std::size_t>(characters) + 1};
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace sinew
