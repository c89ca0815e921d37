#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "wire/hl7v2/text.h"

namespace sinew::simulate {

/// Text as a component: delimiters escaped.
inline std::string escaped(std::string_view text) {
  std::string out;
  hl7v2::append_escaped(out, text, {});
  return out;
}

/// `YYYYMMDDhhmmss+0000` cut to `digits` digits; the zone only with a full time.
inline std::string time_stamp(Instant instant, std::size_t digits = 14) {
  auto const iso = to_string(instant);
  std::string out;
  for (auto const c : std::string_view(iso).substr(0, 19)) {
    if (c >= '0' && c <= '9') out += c;
  }
  out.resize(digits);
  if (digits == 14) out += "+0000";
  return out;
}

/// One segment, written field by field in ascending order.
class Line {
 public:
  Line(std::string& out, std::string_view id) : out_(out) { out_ += id; }
  Line(Line const&) = delete;
  Line& operator=(Line const&) = delete;
  ~Line() { out_ += '\r'; }

  /// Field `number` (1-based) as given, already encoded. For MSH, MSH-1 and MSH-2 are written by
  /// the caller.
  Line& field(std::size_t number, std::string_view encoded) {
    if (encoded.empty()) return *this;
    out_.append(number - at_, '|');
    at_ = number;
    out_ += encoded;
    return *this;
  }

 private:
  std::string& out_;
  std::size_t at_ = 0;
};

}  // namespace sinew::simulate
