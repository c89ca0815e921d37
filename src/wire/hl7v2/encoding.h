#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sinew::hl7v2 {

/// The encodings that the character sets of table 0211 come down to.
enum class Encoding : std::uint8_t {
  undeclared,  ///< UTF-8 when the bytes are UTF-8, else Windows-1252
  ascii,
  utf8,
  latin1,  ///< read as Windows-1252, as every sender of "8859/1" means it
  latin2,
  latin3,
  latin4,
  cyrillic,
  arabic,
  greek,
  hebrew,
  latin5,
  latin9,
  jis_x_0201,  ///< half-width katakana and Roman, single bytes
  euc_jp,      ///< JIS X 0208 and 0212
  gb18030,
  euc_kr,  ///< KS X 1001
  euc_tw,  ///< CNS 11643
  big5,
  shift_jis,
  iso2022,  ///< code switching by escape sequences from ASCII
  count
};

/// The encoding of a table 0211 name (or of the IANA name that senders write instead of it).
/// Source: HL7 v2.9 table 0211.
[[nodiscard]] std::optional<Encoding> find_encoding(std::string_view name);

/// True when bytes below 128 can be part of a longer character.
[[nodiscard]] bool hides_delimiters(Encoding encoding);

/// Appends the UTF-8 form of `raw`. False when some byte meant nothing and became U+FFFD.
/// Escape sequences of ISO 2022 are obeyed in every encoding but the UTF ones.
bool append_utf8(std::string& out, std::string_view raw, Encoding encoding);

/// The same without a look at escape sequences.
bool append_encoded(std::string& out, std::string_view raw, Encoding encoding);

/// The same for a text that certainly switches code by ISO 2022 escape sequences.
bool append_iso2022(std::string& out, std::string_view raw, Encoding base);

/// The reverse: appends the form of well-formed UTF-8 text in an encoding. Returns false, and
/// appends nothing, when some character has no place in it. Text of ISO 2022 is written as ASCII
/// alone: a message that switches codes is edited in its UTF-8 form.
bool append_from_utf8(std::string& out, std::string_view utf8, Encoding encoding);

[[nodiscard]] bool is_ascii(std::string_view bytes);

}  // namespace sinew::hl7v2
