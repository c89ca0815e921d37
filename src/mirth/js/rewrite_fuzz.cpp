#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mirth/js/rewrite.h"
#include "mirth/js/token.h"

/// The tokens of any bytes are those bytes, and a script that is rewritten has as many lines.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::mirth::js;
  std::string_view const script(reinterpret_cast<char const*>(data), size);
  auto const tokens = tokenize(script);
  if (!tokens) return 0;
  std::size_t at = 0;
  for (auto const& token : *tokens) {
    SINEW_CHECK(!token.text.empty());
    SINEW_CHECK(token.text.data() == script.data() + at);
    at += token.text.size();
  }
  SINEW_CHECK(at == script.size());
  auto const rewritten = rewrite(script);
  SINEW_CHECK(bool(rewritten));
  SINEW_CHECK(std::ranges::count(rewritten->text, '\n') == std::ranges::count(script, '\n'));
  return 0;
}
