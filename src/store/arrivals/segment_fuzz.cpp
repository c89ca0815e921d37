#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/arrivals/segment.h"

namespace {

using namespace sinew;
using namespace sinew::store;

void require(bool condition) {
  if (!condition) std::abort();
}

Result<> read_all(std::string_view segment, std::size_t& count) {
  auto const content = arrivals::read_segment(segment, [&](arrivals::Arrival) -> Result<> {
    ++count;
    return {};
  });
  if (!content) return Failure{content.error()};
  return {};
}

}  // namespace

/// Any bytes are read without harm: as a segment, as a record, and laid over a good segment, of
/// which the groups before the first changed byte are read all the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  std::size_t count = 0;
  (void)read_all(bytes, count);
  if (auto const record = arrivals::read_record(bytes))
    require(record->entry.bytes.size() <= bytes.size());

  arrivals::SegmentName const name{7, 8};
  auto segment = arrivals::write_name(name);
  arrivals::GroupWriter writer;
  JournalEntry entry;
  entry.bytes = bytes;
  std::size_t const first = 1 + size % 3;
  for (std::size_t i = 0; i < first; ++i) writer.add(Instant{1}, 2, entry);
  segment += writer.seal(name, 0, 1);
  auto const end = segment.size();
  segment += std::string(arrivals::kBlockBytes, '\0');
  segment.replace(end, std::min(size, arrivals::kBlockBytes),
                  bytes.substr(0, arrivals::kBlockBytes));
  count = 0;
  require(static_cast<bool>(read_all(segment, count)));
  require(count == first);
  return 0;
}
