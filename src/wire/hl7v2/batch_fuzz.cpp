#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/hl7v2/batch.h"
#include "wire/hl7v2/continuation.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// The messages of a batch lie in it one after another, and fragments join without harm.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::hl7v2;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const batch = split_batch(bytes, {.messages_max = 1000});
  if (!batch) return 0;
  Continuations joiner({.messages_max = 4, .message_bytes_max = 4096});
  std::size_t end = 0;
  for (auto const& message : batch->messages) {
    require(message.offset >= end && message.offset + message.bytes.size() <= bytes.size());
    end = message.offset + message.bytes.size();
    auto const parsed = parse_message(message.bytes);
    if (!parsed) {  // a header that breaks off is a message to refuse, not one to lose
      require(parsed.error().code == sinew::ErrorCode::malformed);
      continue;
    }
    (void)joiner.add(*parsed);
    require(joiner.unfinished() <= 4);
  }
  return 0;
}
