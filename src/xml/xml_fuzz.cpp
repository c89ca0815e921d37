#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "xml/write.h"
#include "xml/xml.h"

namespace {

using namespace sinew;

/// Everything of an element that a copy must keep, on one line each; the stack is ours.
std::string outline(xml::Node root) {
  std::string out;
  std::vector<xml::Node> open{root};
  while (!open.empty()) {
    auto const node = open.back();
    open.pop_back();
    SINEW_CHECK(!node.source().empty());
    if (node.is_text()) continue;
    out += '<' + std::string(node.name()) + ' ' + std::string(node.space());
    for (auto const attribute : node.attributes()) {
      auto const found = node.attribute(attribute.space, attribute.name);
      SINEW_CHECK(found && *found == attribute.value);
      xml::append_attribute(out, attribute.value);
    }
    for (auto const child : node.children()) open.push_back(child);
    out += '\n';
  }
  return out + root.text();
}

}  // namespace

/// Any bytes parse or fail; what parses, and the root's own bytes alone, parse to the same again.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto document = xml::Document::parse(std::string(reinterpret_cast<char const*>(data), size),
                                       {.depth_max = 32});
  if (!document) {
    SINEW_CHECK(document.error().where.starts_with('/'));
    return 0;
  }
  auto const again = xml::Document::parse(std::string(document->root().source()));
  SINEW_CHECK(bool(again));
  SINEW_CHECK(outline(again->root()) == outline(document->root()));

  std::string written = "<t a=\"";
  xml::append_attribute(written, document->root().text());
  written += "\">";
  xml::append_text(written, document->root().text());
  auto const copy = xml::Document::parse(written + "</t>");
  SINEW_CHECK(bool(copy));
  SINEW_CHECK(copy->root().text() == document->root().text());
  SINEW_CHECK(copy->root().attribute("a") == document->root().text());
  return 0;
}
