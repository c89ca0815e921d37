#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/xml.h"

namespace sinew::patch {

using XmlId = std::uint32_t;
inline constexpr XmlId kNoXml = 0xFFFFFFFF;

struct XmlAttribute {
  std::string space;  ///< URI; empty for an attribute without prefix
  std::string name;
  std::string value;
};

/// An element, or a run of text when it has no name.
struct XmlNode {
  XmlId parent = kNoXml;
  std::string space, name;
  std::string text;
  std::vector<XmlAttribute> attributes;
  std::vector<XmlId> children;
};

/// XML that can be changed. Elements carry their namespace, not a prefix; `print` declares what is
/// needed. Node 0 is the document, whose one child is the root element.
class XmlTree {
 public:
  static constexpr std::size_t kNodesMax = 1'000'000;

  /// Fails as xml::Document, or `too_large`.
  [[nodiscard]] static Result<XmlTree> parse(std::string_view text);

  /// A copy that hangs nowhere yet. Fails `too_large`.
  [[nodiscard]] Result<XmlId> graft(xml::Node node);

  [[nodiscard]] XmlNode& at(XmlId id) { return nodes_[id]; }
  [[nodiscard]] XmlNode const& at(XmlId id) const { return nodes_[id]; }
  [[nodiscard]] bool is_element(XmlId id) const { return !nodes_[id].name.empty(); }
  [[nodiscard]] std::size_t index_of(XmlId child) const;
  /// All text below a node.
  [[nodiscard]] std::string text_of(XmlId id) const;

  void insert(XmlId parent, std::size_t index, XmlId child);
  void detach(XmlId child);

  [[nodiscard]] std::string print() const;

 private:
  XmlId add(xml::Node node);
  std::vector<XmlNode> nodes_;
};

}  // namespace sinew::patch
