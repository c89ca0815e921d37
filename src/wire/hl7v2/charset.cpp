#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.h"
#include "wire/hl7v2/encoding.h"
#include "wire/hl7v2/text.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::size_t kCharacterSetField = 18;

/// What MSH-18 (or the override) comes down to.
struct Declared {
  std::string_view name;
  Encoding encoding = Encoding::undeclared;
  bool switches = false;  ///< further repetitions: reached by ISO 2022 escapes
};

Declared read_declaration(Message const& message, std::string_view override_name) {
  Declared declared;
  auto const field =
      override_name.empty() ? message.first("MSH", kCharacterSetField) : override_name;
  auto const repetition = message.delimiters().repetition;
  declared.switches = part_count(field, repetition) > 1;
  auto const first = trim(part(part(field, repetition, 0), message.delimiters().component, 0));
  if (first.empty()) {
    // "if the field is not valued, the default single-byte character set (ASCII) is assumed", and
    // then the repetitions that follow say what the escape sequences lead to.
    if (declared.switches) {
      declared.encoding = Encoding::ascii;
      declared.name = trim(part(field, repetition, 1));
    }
    return declared;
  }
  declared.name = first;
  declared.encoding = find_encoding(first).value_or(Encoding::undeclared);
  return declared;
}

bool is_single_byte(Encoding encoding) {
  return encoding >= Encoding::latin1 && encoding <= Encoding::latin9;
}

enum class Width : std::uint8_t { two = 2, four = 4 };

struct Wide {
  Width width;
  bool big_endian;
  std::size_t skip;  ///< bytes of the byte order mark
};

std::optional<Wide> sniff_wide(std::string_view bytes) {
  struct Row {
    std::string_view start;
    Wide wide;
  };
  // clang-format off
  static constexpr auto kStarts = std::to_array<Row>({
      {{"\xFF\xFE\0\0", 4}, {Width::four, false, 4}},
      {{"\0\0\xFE\xFF", 4}, {Width::four, true,  4}},
      {{"\xFF\xFE", 2},     {Width::two,  false, 2}},
      {{"\xFE\xFF", 2},     {Width::two,  true,  2}},
      {{"M\0\0\0S\0\0\0", 8}, {Width::four, false, 0}},
      {{"\0\0\0M\0\0\0S", 8}, {Width::four, true,  0}},
      {{"M\0S\0H\0", 6},    {Width::two,  false, 0}},
      {{"\0M\0S\0H", 6},    {Width::two,  true,  0}},
  });
  // clang-format on
  for (auto const& row : kStarts) {
    if (bytes.starts_with(row.start)) return row.wide;
  }
  return std::nullopt;
}

char32_t unit_at(std::string_view bytes, std::size_t at, Wide wide) {
  char32_t unit = 0;
  auto const width = static_cast<std::size_t>(wide.width);
  for (std::size_t i = 0; i < width; ++i) {
    auto const byte = static_cast<unsigned char>(bytes[at + (wide.big_endian ? i : width - 1 - i)]);
    unit = unit << 8 | byte;
  }
  return unit;
}

}  // namespace

Charset Charset::of(Message const& message, std::string_view override_name) {
  auto const declared = read_declaration(message, override_name);
  Charset charset;
  charset.name_ = std::string(declared.name);
  auto encoding = declared.encoding;
  if (message.is_transcoded()) {
    encoding = Encoding::utf8;
  } else if (encoding == Encoding::ascii || is_single_byte(encoding)) {
    // QUIRK(many feeds): labelled 8859/1 and sent as UTF-8. Text of 8859-x is practically never
    // well-formed UTF-8, so the bytes are believed and not the label, unless a person decided.
    bool const ascii_label = encoding == Encoding::ascii && !declared.switches;
    bool const plain = is_ascii(message.bytes());
    if (!plain && (ascii_label || (override_name.empty() && is_utf8(message.bytes())))) {
      charset.mislabelled_ = true;
      encoding = Encoding::undeclared;
    }
  }
  charset.kind_ = static_cast<int>(encoding);
  return charset;
}

std::string_view Charset::name() const { return name_; }

bool Charset::append_utf8(std::string& out, std::string_view raw) const {
  return hl7v2::append_utf8(out, raw, static_cast<Encoding>(kind_));
}

bool Charset::append_raw(std::string& out, std::string_view utf8, std::string_view message) const {
  auto encoding = static_cast<Encoding>(kind_);
  if (encoding == Encoding::undeclared)
    encoding = is_utf8(message) ? Encoding::utf8 : Encoding::latin1;
  return append_from_utf8(out, utf8, encoding);
}

bool Charset::is_ascii_superset() const {
  auto const encoding = static_cast<Encoding>(kind_);
  return encoding != Encoding::iso2022;
}

std::optional<std::string> utf8_of_wide_message(std::string_view bytes) {
  auto const wide = sniff_wide(bytes);
  if (!wide) return std::nullopt;
  auto const width = static_cast<std::size_t>(wide->width);
  std::string out;
  out.reserve(bytes.size());
  auto at = wide->skip;
  for (; at + width <= bytes.size(); at += width) {
    auto unit = unit_at(bytes, at, *wide);
    bool const leads = wide->width == Width::two && unit >= 0xD800 && unit < 0xDC00;
    if (leads && at + 2 * width <= bytes.size()) {
      auto const next = unit_at(bytes, at + width, *wide);
      if (next >= 0xDC00 && next < 0xE000) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
        at += width;
      }
    }
    sinew::append_utf8(out, unit);
  }
  if (at < bytes.size()) sinew::append_utf8(out, 0xFFFD);
  return out;
}

std::optional<std::string> utf8_of_unsafe_message(Message const& message,
                                                  std::string_view override_name) {
  auto const field =
      override_name.empty() ? message.first("MSH", kCharacterSetField) : override_name;
  if (field.empty()) return std::nullopt;
  auto const declared = read_declaration(message, override_name);
  bool const hides = hides_delimiters(declared.encoding);
  bool const switches = declared.switches || declared.encoding == Encoding::euc_kr ||
                        declared.encoding == Encoding::euc_tw;
  if (!hides && !switches) return std::nullopt;
  bool const escapes = message.bytes().find('\x1B') != std::string_view::npos;
  if (!escapes && !(hides && !is_ascii(message.bytes()))) return std::nullopt;
  std::string out;
  out.reserve(message.bytes().size() * 2);
  append_iso2022(out, message.bytes(), declared.encoding);
  return out;
}

}  // namespace sinew::hl7v2
