#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/hl7v2/overlay.h"

namespace sinew::engine {

/// A text with places of the message in it: `{PID-3.1}-{PID-5.1}`. `{{` is a brace.
class Template {
 public:
  /// Fails `malformed`, saying what is no path.
  [[nodiscard]] static Result<Template> parse(std::string_view text);
  /// The first value of each place, decoded; nothing where there is none. A place of `segment` that
  /// does not say which one means the one of that occurrence (0: the first).
  [[nodiscard]] std::string fill(hl7v2::Overlay const& message, std::string_view segment = {},
                                 std::size_t occurrence = 0) const;

 private:
  std::vector<std::variant<std::string, hl7v2::Path>> parts_;
};

}  // namespace sinew::engine
