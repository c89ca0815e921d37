#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "json/json.h"
#include "json/write.h"

namespace {

using sinew::json::Document;
using sinew::json::Value;
using sinew::json::Writer;

/// Touches every value by every accessor; the stack is ours, for depth is the peer's.
void visit(Value root) {
  std::vector<Value> open{root};
  std::string scratch;
  while (!open.empty()) {
    auto const value = open.back();
    open.pop_back();
    SINEW_CHECK(!value.source().empty());
    (void)value.text(scratch);
    (void)value.boolean();
    std::size_t count = 0;
    for (auto const [name, member] : value.members()) {
      SINEW_CHECK(value[name].source().data() == member.source().data());
      open.push_back(member);
      ++count;
    }
    for (auto const element : value.elements()) {
      open.push_back(element);
      ++count;
    }
    SINEW_CHECK(count == value.size());
  }
}

}  // namespace

/// Any bytes parse or fail; what parses prints to a text that parses to the same text.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto document = Document::parse(std::string(reinterpret_cast<char const*>(data), size));
  if (!document) return 0;
  visit(document->root());
  auto const compact = print(document->root());
  auto const pretty = Document::parse(print(document->root(), Writer::Style::pretty));
  SINEW_CHECK(bool(pretty));
  SINEW_CHECK(print(pretty->root()) == compact);
  return 0;
}
