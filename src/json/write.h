#pragma once

#include <string>
#include <string_view>

#include "json/json.h"

namespace sinew::json {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Writes JSON text in order into a string that the caller owns; commas and quotes are its
/// business.
class Writer {
 public:
  enum class Style : bool { compact, pretty };
  explicit Writer(std::string& out, Style style = Style::compact) : out_(out), style_(style) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view text);
  void boolean(bool value);
  void null();
  void integer(std::int64_t value);
  /// Text that is JSON already (a number as written, a value of another document).
  void raw(std::string_view json);
  void value(Value value);

  void member(std::string_view name, std::string_view text) { key(name), string(text); }

 private:
  void before_value();
  void newline();
  void respace(std::string_view json);
  std::string& out_;
  Style style_;
  bool need_comma_ = false;
  bool after_key_ = false;
  std::size_t depth_ = 0;
};

/// The value, re-printed without white space or with two-space indentation.
[[nodiscard]] std::string print(Value value, Writer::Style style = Writer::Style::compact);

}  // namespace sinew::json
