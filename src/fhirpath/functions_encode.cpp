// Source: FHIRPath STU #encodeformat--string--string, #escapetarget--string--string

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhirpath/functions.h"
#include "json/write.h"

namespace sinew::fhirpath::functions {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

std::string to_base64(std::string_view text, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t group = 0;
    auto const count = std::min<std::size_t>(3, text.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text, std::string_view alphabet) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (auto const c : text) {
    auto const value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::string to_hex(std::string_view text) {
  std::string out;
  for (auto const c : text) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto const high = kHex.find(to_ascii_lower(text[i]));
    auto const low = kHex.find(to_ascii_lower(text[i + 1]));
    if (high == kHex.npos || low == kHex.npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

struct Entity {
  char character;
  std::string_view text;
};
constexpr auto kEntities = std::to_array<Entity>(
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}});

std::string to_html(std::string_view text) {
  std::string out;
  for (auto const c : text) {
    auto const* row = kEntities.begin();
    while (row != kEntities.end() && row->character != c) ++row;
    if (row == kEntities.end()) {
      out += c;
    } else {
      out += row->text;
    }
  }
  return out;
}

std::string from_html(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto const* row = kEntities.begin();
    while (row != kEntities.end() && !text.starts_with(row->text)) ++row;
    bool const is_entity = row != kEntities.end();
    out += is_entity ? row->character : text[0];
    text.remove_prefix(is_entity ? row->text.size() : 1);
  }
  return out;
}

std::string to_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out.substr(1, out.size() - 2);
}

/// Lenient: an escape that JSON does not know stays as it is.
std::string from_json(std::string_view text) {
  struct Row {
    char letter, meaning;
  };
  constexpr auto kRows = std::to_array<Row>({{'"', '"'},
                                             {'\\', '\\'},
                                             {'/', '/'},
                                             {'b', '\b'},
                                             {'f', '\f'},
                                             {'n', '\n'},
                                             {'r', '\r'},
                                             {'t', '\t'}});
  std::string out;
  while (!text.empty()) {
    auto const letter = text.size() > 1 && text[0] == '\\' ? text[1] : '\0';
    auto const* const row = std::ranges::find(kRows, letter, &Row::letter);
    auto const code_unit = letter == 'u' ? from_hex(text.substr(2, 4)) : std::nullopt;
    if (code_unit && code_unit->size() == 2) {
      append_utf8(out, static_cast<char32_t>(static_cast<unsigned char>((*code_unit)[0]) << 8 |
                                             static_cast<unsigned char>((*code_unit)[1])));
      text.remove_prefix(6);
    } else if (letter != '\0' && row != kRows.end()) {
      out += row->meaning;
      text.remove_prefix(2);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

using Code = std::optional<std::string>(std::string_view text);
struct Format {
  std::string_view name;
  Code *encode, *decode;
};
constexpr auto kFormats = std::to_array<Format>({
    {"base64", [](auto t) { return std::optional(to_base64(t, kBase64)); },
     [](auto t) { return from_base64(t, kBase64); }},
    {"hex", [](auto t) { return std::optional(to_hex(t)); }, [](auto t) { return from_hex(t); }},
    {"urlbase64", [](auto t) { return std::optional(to_base64(t, kUrlBase64)); },
     [](auto t) { return from_base64(t, kUrlBase64); }},
});
constexpr auto kTargets = std::to_array<Format>({
    {"html", [](auto t) { return std::optional(to_html(t)); },
     [](auto t) { return std::optional(from_html(t)); }},
    {"json", [](auto t) { return std::optional(to_json(t)); },
     [](auto t) { return std::optional(from_json(t)); }},
});

/// Nothing for a format that is not known and for texts that are not in it.
template <class Formats>
bool recode(Machine& m, Call const& c, Formats const& formats, bool encodes) {
  std::string_view text, name;
  auto const got_text = m.text(c.input, text);
  auto const got_name = m.text(c.arguments[0], name);
  if (got_text == Got::failure || got_name == Got::failure) return false;
  if (got_text == Got::nothing || got_name == Got::nothing) return true;
  for (auto const& row : formats) {
    if (row.name != name) continue;
    auto const result = (encodes ? row.encode : row.decode)(text);
    if (result && is_utf8(*result)) m.push_text(*result);
  }
  return m.spend(text.size() / 64);
}

}  // namespace

bool encode(Machine& m, Call const& c) { return recode(m, c, kFormats, true); }
bool decode(Machine& m, Call const& c) { return recode(m, c, kFormats, false); }
bool escape(Machine& m, Call const& c) { return recode(m, c, kTargets, true); }
bool unescape(Machine& m, Call const& c) { return recode(m, c, kTargets, false); }

}  // namespace sinew::fhirpath::functions
