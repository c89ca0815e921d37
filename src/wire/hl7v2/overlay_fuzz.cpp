#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/hl7v2/overlay.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// The first line is a path, the second a value, the rest a message. No edit gives the same bytes;
/// an edit gives a message with as many segments, in which the place has the value.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::hl7v2;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const first = bytes.find('\n');
  if (first == std::string_view::npos) return 0;
  auto const second = bytes.find('\n', first + 1);
  if (second == std::string_view::npos) return 0;
  auto const path = parse_path(bytes.substr(0, first));
  auto const value = bytes.substr(first + 1, second - first - 1);
  auto const message = parse_message(bytes.substr(second + 1));
  if (!path || !message) return 0;
  Overlay overlay(*message);
  require(overlay.write() == message->bytes());
  auto const set = overlay.set_text(*path, value);
  if (!set && !overlay.is_edited()) require(overlay.write() == message->bytes());
  if (set && overlay.is_edited()) {
    auto const out = overlay.write();
    auto const again = parse_message(out);
    require(bool(again) && again->segment_count() == message->segment_count());
  }
  (void)overlay.remove(*path);
  (void)overlay.insert_segment(1, "ZZZ");
  (void)parse_message(overlay.write());
  return 0;
}
