#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinew::xml {

/// Appends text with `&`, `<` and `>` escaped; a carriage return as a reference, for parsers turn a
/// bare one into a line feed. Bytes that are not UTF-8 and characters that XML does not allow
/// become U+FFFD.
void append_text(std::string& out, std::string_view text);

/// The same for what stands between double quotes; tabs and line ends as references.
void append_attribute(std::string& out, std::string_view text);

/// Writes XML text in order into a string that the caller owns. Names are trusted to be names.
class Writer {
 public:
  enum class Style : bool { compact, pretty };
  explicit Writer(std::string& out, Style style = Style::compact) : out_(out), style_(style) {}

  /// `<?xml version="1.0" encoding="UTF-8"?>`
  void declaration();
  void begin(std::string_view name);
  /// Only between `begin` and the first content.
  void attribute(std::string_view name, std::string_view value);
  void text(std::string_view text);
  /// Text that is XML already: an element of another document, kept as it is.
  void raw(std::string_view xml);
  void end();

 private:
  struct Open {
    std::string name;
    bool has_text = false;  ///< no white space may be added
    bool has_children = false;
  };
  void close_tag();
  void newline();
  std::string& out_;
  Style style_;
  std::vector<Open> open_;
  bool tag_open_ = false;
};

}  // namespace sinew::xml
