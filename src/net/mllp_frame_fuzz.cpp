#include <cstdint>
#include <cstdlib>

#include "net/mllp_frame.h"

using namespace sinew::net;

namespace {

/// A digest of all frames and faults of the stream, fed in pieces.
std::string follow(std::string_view stream, std::size_t piece) {
  MllpFramer framer(64);
  std::string out;
  while (!stream.empty()) {
    auto part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    while (!part.empty()) {
      auto const event = framer.feed(part);
      if (event == MllpFramer::Event::frame) {
        auto const payload = framer.take_payload();
        if (payload.empty() || payload.size() > 64) std::abort();
        out += payload + '\n';
      }
      if (event == MllpFramer::Event::broken) {
        return out + "broken " + std::to_string(framer.faults().rejected());
      }
      if (event == MllpFramer::Event::need_more && !part.empty()) std::abort();
    }
  }
  framer.end();
  auto const& faults = framer.faults();
  return out + std::to_string(faults.rejected()) + ' ' + std::to_string(faults.empty) + ' ' +
         std::to_string(faults.end_without_return) + ' ' + std::to_string(faults.space_between);
}

}  // namespace

/// However a stream is cut into reads, the frames are the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const stream(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const whole = follow(stream, stream.size() + 1);
  if (follow(stream, 1) != whole) std::abort();
  if (follow(stream, data[0] % 16 + 2U) != whole) std::abort();
  return 0;
}
