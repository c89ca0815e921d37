#include "wire/hl7v2/convert_charset.h"

#include "wire/hl7v2/encoding.h"
#include "wire/hl7v2/overlay.h"

namespace sinew::hl7v2 {

Result<std::string> convert_charset(std::string_view message, std::string_view name) {
  auto const encoding = find_encoding(name);
  // UTF-16 and UTF-32 are read, and not written: their bytes look like delimiters.
  bool const is_wide = name.find("UTF-16") != name.npos || name.find("UTF-32") != name.npos;
  if (!encoding || is_wide)
    return fail(ErrorCode::invalid, "no character set that is written", std::string(name));
  auto const parsed = TRY(parse_message(message));
  std::string utf8;
  if (!Charset::of(parsed).append_utf8(utf8, parsed.bytes()))
    return fail(ErrorCode::invalid, "the message has bytes that its character set does not",
                "MSH-18");
  auto const again = TRY(parse_message(utf8, {.charset_override = "UNICODE UTF-8"}));
  Overlay overlay(again);
  Path declaration;
  declaration.segment = "MSH";
  declaration.field = 18;
  TRY(overlay.set_raw(declaration, name));
  std::string out;
  if (!append_from_utf8(out, overlay.write(), *encoding))
    return fail(ErrorCode::invalid,
                "a character of the message has no place in " + std::string(name), "MSH-18");
  return out;
}

}  // namespace sinew::hl7v2
