#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/hl7v2/acknowledge.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/path.h"
#include "wire/hl7v2/tree.h"
#include "wire/hl7v2/write.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// Whatever arrives is read without harm: every segment is grouped once, the normal form is stable,
/// the tree prints, and an answer can be read back.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::hl7v2;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const message = parse_message(bytes);
  if (!message) return 0;
  auto const tree = group_segments(*message);
  std::size_t placed = 0;
  for (auto const& node : tree.nodes) placed += node.segment != GroupTree::kNone;
  require(placed == message->segment_count());
  (void)print_tree(*message);
  (void)print_tree_json(*message);
  for (std::size_t i = 0; i < message->segment_count(); ++i) {
    for (std::size_t k = 0; k <= message->field_count(i) + 1; ++k) {
      auto const field = message->field(i, k);
      require(field.empty() ||
              (field.data() >= message->bytes().data() &&
               field.data() + field.size() <= message->bytes().data() + message->bytes().size()));
    }
  }
  auto const normal = normalized(*message);
  auto const again = parse_message(normal);
  require(bool(again) && again->segment_count() == message->segment_count());
  require(normalized(*again) == normal);
  auto const answer = write_acknowledgement(*message, {.control_id = "A"});
  if (!answer.code.empty()) require(bool(parse_message(answer.bytes)));
  return 0;
}
