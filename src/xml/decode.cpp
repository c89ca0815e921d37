#include "xml/decode.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace sinew::xml {
namespace {

struct Entity {
  std::string_view name;
  char32_t meaning;
};

constexpr Entity kEntities[] = {
    {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
};

bool is_character(std::uint32_t c) {
  if (c < ' ') return c == '\t' || c == '\n' || c == '\r';
  return c < 0xD800 || (c > 0xDFFF && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

std::optional<char32_t> numeric_reference(std::string_view digits) {
  int base = 10;
  if (digits.starts_with('x')) {
    base = 16;
    digits.remove_prefix(1);
  }
  std::uint32_t value = 0;
  auto const* const end = digits.data() + digits.size();
  auto const [at, error] = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || error != std::errc{} || at != end || !is_character(value)) return {};
  return value;
}

struct Reference {
  char32_t meaning;
  std::size_t length;
};

/// The reference that begins at an ampersand.
std::optional<Reference> read_reference(std::string_view raw, std::size_t at) {
  constexpr std::size_t kLengthMax = 16;
  auto const rest = raw.substr(at + 1, kLengthMax);
  auto const end = rest.find(';');
  if (end == std::string_view::npos) return {};
  auto const name = rest.substr(0, end);
  auto const length = end + 2;
  if (name.starts_with('#')) {
    auto const meaning = numeric_reference(name.substr(1));
    if (!meaning) return {};
    return Reference{*meaning, length};
  }
  auto const* const entity = std::ranges::find(kEntities, name, &Entity::name);
  if (entity == std::end(kEntities)) return {};
  return Reference{entity->meaning, length};
}

}  // namespace

std::size_t find_bad_reference(std::string_view raw) {
  auto at = raw.find('&');
  while (at != std::string_view::npos) {
    auto const reference = read_reference(raw, at);
    if (!reference) return at;
    at = raw.find('&', at + reference->length);
  }
  return std::string_view::npos;
}

std::size_t find_bad_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const c = static_cast<unsigned char>(text[at]);
    if (c < ' ' && !is_character(c)) return at;
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    if (c == 0xEF && text.substr(at + 1, 1) == "\xBF" && at + 2 < text.size() &&
        static_cast<unsigned char>(text[at + 2]) >= 0xBE) {
      return at;
    }
  }
  return std::string_view::npos;
}

void append_decoded(std::string& out, std::string_view raw, Content content) {
  auto const special = content == Content::text ? std::string_view("&\r") : "&\r\n\t";
  std::size_t from = 0;
  for (;;) {
    auto const at = raw.find_first_of(special, from);
    out.append(raw.substr(from, at - from));
    if (at == std::string_view::npos) return;
    from = at + 1;
    if (raw[at] == '&') {
      auto const reference = read_reference(raw, at);
      if (!reference) return;
      append_utf8(out, reference->meaning);
      from = at + reference->length;
    } else {
      if (raw[at] == '\r' && from < raw.size() && raw[from] == '\n') ++from;
      out += content == Content::text ? '\n' : ' ';
    }
  }
}

void append_line_ends(std::string& out, std::string_view raw) {
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '\r') {
      out += raw[at];
    } else if (at + 1 == raw.size() || raw[at + 1] != '\n') {
      out += '\n';
    }
  }
}

}  // namespace sinew::xml
