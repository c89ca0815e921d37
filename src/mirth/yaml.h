#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sinew::mirth {

/// A text as YAML: plain where it can be, else between double quotes.
[[nodiscard]] std::string scalar(std::string_view text);
/// `[a, b]`.
[[nodiscard]] std::string flow(std::vector<std::string> const& texts);

/// Keys and values in order; a value is YAML already.
using Settings = std::vector<std::pair<std::string, std::string>>;
/// `{key: value, key: value}`.
[[nodiscard]] std::string flow(Settings const& settings);

/// YAML line by line.
class Yaml {
 public:
  void line(int depth, std::string_view text);
  void pair(int depth, std::string_view key, std::string_view value);
  /// Every line of the text as a comment.
  void comment(int depth, std::string_view text);
  /// Lines that are YAML already, moved to the depth.
  void block(int depth, std::string_view text);
  [[nodiscard]] std::string const& text() const { return text_; }

 private:
  std::string text_;
};

/// A name for files and channels: letters, digits, `-`, `_` and `.`; never empty.
[[nodiscard]] std::string file_name_of(std::string_view name);
/// A name for a variable of the environment.
[[nodiscard]] std::string variable_name_of(std::string_view name);

}  // namespace sinew::mirth
