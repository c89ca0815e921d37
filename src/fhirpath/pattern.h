#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::fhirpath {

inline constexpr std::size_t kPatternBytesMax = 16 * 1024;

/// A regular expression that takes time linear in the text, whatever it is.
/// `.` also matches a line feed. Source: FHIRPath N1 #matches (PCRE, single line mode).
/// DEVIATION: no look-around and no back references.
class Pattern {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Pattern>> compile(std::string_view pattern);
  ~Pattern();

  [[nodiscard]] bool found_in(std::string_view text) const;
  [[nodiscard]] bool is_whole(std::string_view text) const;
  /// Every match replaced; `$1` and `${name}` in the substitution stand for groups.
  [[nodiscard]] std::string replace(std::string_view text, std::string_view substitution) const;
  [[nodiscard]] std::string const& text() const { return text_; }

 private:
  struct Compiled;
  Pattern(std::string text, std::unique_ptr<Compiled> compiled);
  std::string text_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace sinew::fhirpath
