#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// The character sets a message declares, in MSH-18 order, and how to leave them for UTF-8.
/// Source: HL7 v2.5.1 §2.15.9.18 (MSH-18), §2.15.9.20 (MSH-20), table 0211.
class Charset {
 public:
  Charset() = default;  ///< none declared: UTF-8 if the bytes are UTF-8, else ISO 8859-1 (flagged)
  /// `override_name` (a table 0211 name) wins over what the message says, when not empty.
  [[nodiscard]] static Charset of(Message const& message, std::string_view override_name = {});
  /// The table 0211 name in force; empty when nothing was declared.
  [[nodiscard]] std::string_view name() const;
  /// Appends the UTF-8 form of raw bytes. Returns false when some byte had no meaning in the
  /// character set (it became U+FFFD).
  bool append_utf8(std::string& out, std::string_view raw) const;
  /// The reverse: appends the form that UTF-8 text has in a message of this character set.
  /// `message` decides where none was declared. Returns false, and appends nothing, when some
  /// character has no place in the character set.
  bool append_raw(std::string& out, std::string_view utf8, std::string_view message) const;
  /// True when bytes of plain ASCII stand for themselves (all but UTF-16/32).
  [[nodiscard]] bool is_ascii_superset() const;
  /// True when the message declares one character set and its bytes are in another: it says
  /// ASCII or ISO 8859-x and is well-formed UTF-8, or says ASCII and has bytes above 127.
  [[nodiscard]] bool is_mislabelled() const { return mislabelled_; }

 private:
  int kind_ = 0;  ///< a row of the table of encodings
  bool mislabelled_ = false;
  std::string name_;
};

/// Decodes a subcomponent: escape sequences resolved with the message's own delimiters, the
/// character set left for UTF-8. Formatting commands (`\.br\`, `\.sp\`) become line feeds,
/// highlighting (`\H\ \N\`) disappears; an unknown or unclosed escape keeps its bytes.
/// Source: HL7 v2.5.1 §2.7.
void append_text(std::string& out, std::string_view raw, Delimiters const& delimiters,
                 Charset const& charset);

/// The same, without a copy when nothing needs decoding (the view is then `raw` itself).
[[nodiscard]] std::string_view text_of(std::string_view raw, Delimiters const& delimiters,
                                       Charset const& charset, std::string& scratch);

/// The reverse: `text` (UTF-8) with every delimiter escaped.
void append_escaped(std::string& out, std::string_view text, Delimiters const& delimiters);

/// The UTF-8 form of a message in UTF-16 or UTF-32 (known by byte order mark or by its zeros), or
/// nothing when the bytes are neither.
[[nodiscard]] std::optional<std::string> utf8_of_wide_message(std::string_view bytes);

/// The UTF-8 form of an indexed message whose character set (MSH-18, or `override_name`) can hide
/// delimiters inside characters, when its bytes hold such characters; else nothing.
/// Source: HL7 v2.5.1 §2.15.9.18, §2.7.2 (ISO 2022 escapes); ISO/IEC 2022.
[[nodiscard]] std::optional<std::string> utf8_of_unsafe_message(Message const& message,
                                                                std::string_view override_name);

/// HL7 null: two double quotes, "delete what you have". Source: HL7 v2.5.1 §2.5.3.
[[nodiscard]] constexpr bool is_null(std::string_view raw) { return raw == "\"\""; }

}  // namespace sinew::hl7v2
