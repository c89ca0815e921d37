#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/filter.h"

// Any bytes are a filter or an error. What goes on at the other end of a reference is a filter,
// too.

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::store;
  auto const nodes = parse_filter({reinterpret_cast<char const*>(data), size});
  if (!nodes) return 0;
  if (nodes->empty() || nodes->size() > kFilterNodesMax) std::abort();
  for (std::size_t i = 0; i < nodes->size(); ++i) {
    auto const& node = (*nodes)[i];
    if (node.kind != FilterNode::Kind::test && node.left >= i) std::abort();
    if (node.kind != FilterNode::Kind::test && node.right >= i && node.right != 0) std::abort();
    bool const goes_on = node.kind == FilterNode::Kind::test && !node.test.rest.empty();
    if (goes_on && node.test.condition.empty() && !parse_filter(node.test.onward)) std::abort();
  }
  return 0;
}
