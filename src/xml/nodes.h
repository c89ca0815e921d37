#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xml/xml.h"

namespace sinew::xml {

/// A stretch of the text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class NodeKind : std::uint8_t { element, text, cdata };

/// Nodes stand in document order, an element before what is in it.
struct NodeRow {
  Span source;
  Span name;                     ///< local name of an element; the characters of a text
  std::uint32_t after = 0;       ///< index of the node after this one and all below it
  std::uint32_t parent = 0;      ///< of the root: itself
  std::uint32_t attributes = 0;  ///< index of the first
  std::uint32_t attributes_end = 0;
  std::uint32_t space = 0;  ///< index of the namespace
  NodeKind kind = NodeKind::element;
};

struct AttributeRow {
  Span name;  ///< local
  Span value;
  std::uint32_t space = 0;
};

struct Document::Nodes {
  std::string text;
  std::vector<NodeRow> nodes;
  std::vector<AttributeRow> attributes;
  std::vector<std::string> spaces{std::string()};  ///< URIs; the first is "no namespace"

  [[nodiscard]] std::string_view slice(Span span) const {
    return std::string_view(text).substr(span.begin, span.end - span.begin);
  }
};

}  // namespace sinew::xml
