#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "wire/hl7v2/encoding.h"
#include "wire/hl7v2/path.h"
#include "wire/hl7v2/text.h"
#include "wire/hl7v2/tree.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// Whatever the character set: what comes out is UTF-8, and escaping text and reading it gives it.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::hl7v2;
  if (size == 0) return 0;
  auto const encoding = static_cast<Encoding>(data[0] % static_cast<int>(Encoding::count));
  std::string_view const bytes(reinterpret_cast<char const*>(data) + 1, size - 1);
  std::string text;
  append_utf8(text, bytes, encoding);
  require(sinew::is_utf8(text));
  std::string decoded;
  append_text(decoded, bytes, Delimiters{}, Charset{});
  require(sinew::is_utf8(decoded));

  std::string escaped;
  append_escaped(escaped, decoded, Delimiters{});
  require(escaped.find_first_of("|^&~\r\n") == std::string::npos);
  std::string back;
  append_text(back, escaped, Delimiters{}, Charset{});
  // NUL is not text and is dropped on the way.
  std::erase(decoded, '\0');
  require(back == decoded);

  for (auto const* type : {"DT", "DTM", "NM", "SI", "TM", "TS"}) (void)value_fault(type, bytes);
  if (auto const path = parse_path(bytes))
    require(parse_path(to_string(*path))->field == path->field);
  return 0;
}
