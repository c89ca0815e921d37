#include "json/escape.h"

#include <cstring>
#include <optional>

#include "base/text.h"

namespace sinew::json {
namespace {

struct SimpleEscape {
  char letter;
  char meaning;
};

/// Source: RFC 8259 §7.
constexpr SimpleEscape kSimpleEscapes[] = {
    {'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
    {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'},
};

std::optional<char> simple_escape(char letter) {
  for (auto const& row : kSimpleEscapes) {
    if (row.letter == letter) return row.meaning;
  }
  return {};
}

/// The four hexadecimal digits of a \u escape at its backslash, or nothing.
std::optional<char32_t> code_unit(std::string_view text, std::size_t at) {
  constexpr std::size_t kUnitLength = 6;
  if (at + kUnitLength > text.size() || text[at] != '\\' || text[at + 1] != 'u') return {};
  char32_t unit = 0;
  for (char const c : text.substr(at + 2, 4)) {
    char const lower = to_ascii_lower(c);
    if (is_ascii_digit(c)) {
      unit = unit * 16 + static_cast<char32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<char32_t>(lower - 'a' + 10);
    } else {
      return {};
    }
  }
  return unit;
}

struct Escape {
  char32_t code_point;
  std::size_t length;  ///< bytes of the escape, 12 for a surrogate pair
};

std::optional<Escape> read_escape(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size()) return {};
  if (text[at + 1] != 'u') {
    auto const meaning = simple_escape(text[at + 1]);
    if (!meaning) return {};
    return Escape{static_cast<unsigned char>(*meaning), 2};
  }
  auto const unit = code_unit(text, at);
  if (!unit) return {};
  if (*unit < 0xD800 || *unit > 0xDFFF) return Escape{*unit, 6};
  auto const low = code_unit(text, at + 6);
  if (*unit > 0xDBFF || !low || *low < 0xDC00 || *low > 0xDFFF) return {};
  return Escape{0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), 12};
}

}  // namespace

std::size_t find_bad_escape(std::string_view escaped) {
  auto at = escaped.find('\\');
  while (at != std::string_view::npos) {
    auto const escape = read_escape(escaped, at);
    if (!escape) return at;
    at = escaped.find('\\', at + escape->length);
  }
  return std::string_view::npos;
}

void unescape(std::string_view escaped, std::string& out) {
  std::size_t from = 0;
  for (;;) {
    auto const at = escaped.find('\\', from);
    out.append(escaped.substr(from, at - from));
    if (at == std::string_view::npos) return;
    auto const escape = read_escape(escaped, at);
    if (!escape) return;
    append_utf8(out, escape->code_point);
    from = at + escape->length;
  }
}

}  // namespace sinew::json
