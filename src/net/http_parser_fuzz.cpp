#include <cstdint>
#include <cstdlib>

#include "net/http_parser.h"

using namespace sinew::net;

namespace {

/// A digest of all requests of the stream, fed in pieces, and of how it ended.
std::string follow(std::string_view stream, std::size_t piece) {
  HttpParser parser({.header_bytes_max = 512, .body_bytes_max = 256, .header_fields_max = 16});
  std::string out;
  while (!stream.empty()) {
    auto part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    while (!part.empty()) {
      auto const event = parser.feed(part);
      if (event == HttpParser::Event::failed) return out + std::to_string(parser.status());
      if (event == HttpParser::Event::need_more) {
        if (!part.empty()) std::abort();
        continue;
      }
      auto const request = parser.take_request();
      if (request.body.size() > 256 || request.method.empty() || request.target.empty()) {
        std::abort();
      }
      out += request.method + ' ' + request.target + '\n';
      for (auto const& [name, value] : request.headers.fields()) {
        if (value.find_first_of("\r\n") != std::string::npos) std::abort();
        out += name + ':' + value + '\n';
      }
      out += request.body + '\n';
    }
  }
  return out;
}

}  // namespace

/// However a stream is cut into reads, the requests are the same: the ground of smuggling.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const stream(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const whole = follow(stream, stream.size() + 1);
  if (follow(stream, 1) != whole) std::abort();
  if (follow(stream, data[0] % 32 + 2U) != whole) std::abort();
  return 0;
}
