#include <cstdint>
#include <string>

#include "contract/conformance.h"

// A profile, a file of rules and a message, each ended by a zero byte.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  std::string const all(reinterpret_cast<char const*>(data), size);
  auto const first = all.find('\0');
  auto const second = first == all.npos ? all.npos : all.find('\0', first + 1);
  if (second == all.npos) return 0;
  auto const profile = contract::Conformance::read(all.substr(0, first),
                                                   all.substr(first + 1, second - first - 1), {});
  if (!profile) return 0;
  auto const text = all.substr(second + 1);
  auto const message = hl7v2::parse_message(text);
  if (!message) return 0;
  return profile->check(*message).size() > contract::Conformance::kFindingsMax ? 1 : 0;
}
