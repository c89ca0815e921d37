#include "patch/xml_tree.h"

#include <algorithm>

#include "base/check.h"
#include "xml/write.h"

namespace sinew::patch {
namespace {

constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";

void append_tag(std::string& out, XmlNode const& node, std::string_view outer_space) {
  out.append("<").append(node.name);
  if (node.space != outer_space) {
    out += " xmlns=\"";
    xml::append_attribute(out, node.space);
    out += '"';
  }
  std::size_t declared = 0;
  for (auto const& attribute : node.attributes) {
    std::string prefix;
    if (attribute.space == kXmlSpace) {
      prefix = "xml:";
    } else if (!attribute.space.empty()) {
      prefix = "n" + std::to_string(++declared);
      out.append(" xmlns:").append(prefix).append("=\"");
      xml::append_attribute(out, attribute.space);
      out += '"';
      prefix += ':';
    }
    out.append(" ").append(prefix).append(attribute.name).append("=\"");
    xml::append_attribute(out, attribute.value);
    out += '"';
  }
  out += node.children.empty() ? "/>" : ">";
}

}  // namespace

XmlId XmlTree::add(xml::Node node) {
  XmlNode made;
  if (node.is_element()) {
    made.name = node.name();
    made.space = node.space();
    for (auto const attribute : node.attributes()) {
      made.attributes.push_back(
          {std::string(attribute.space), std::string(attribute.name), attribute.value});
    }
  } else {
    made.text = node.text();
  }
  nodes_.push_back(std::move(made));
  return static_cast<XmlId>(nodes_.size() - 1);
}

Result<XmlTree> XmlTree::parse(std::string_view text) {
  auto const document = TRY(xml::Document::parse(std::string(text)));
  XmlTree tree;
  tree.nodes_.emplace_back();
  auto const root = TRY(tree.graft(document.root()));
  tree.insert(0, 0, root);
  return tree;
}

Result<XmlId> XmlTree::graft(xml::Node node) {
  auto const top = add(node);
  std::vector<std::pair<xml::Node, XmlId>> open = {{node, top}};
  while (!open.empty()) {
    auto const [from, to] = open.back();
    open.pop_back();
    if (!from.is_element()) continue;
    for (auto const child : from.children()) {
      auto const made = add(child);
      nodes_[made].parent = to;
      nodes_[to].children.push_back(made);
      open.emplace_back(child, made);
    }
    if (nodes_.size() > kNodesMax) {
      return fail(ErrorCode::too_large, "the patch makes more than may be made of one resource");
    }
  }
  return top;
}

std::size_t XmlTree::index_of(XmlId child) const {
  auto const& siblings = nodes_[nodes_[child].parent].children;
  auto const found = std::ranges::find(siblings, child);
  SINEW_CHECK(found != siblings.end());
  return static_cast<std::size_t>(found - siblings.begin());
}

std::string XmlTree::text_of(XmlId id) const {
  std::string text;
  std::vector<XmlId> open = {id};
  while (!open.empty()) {
    auto const& node = nodes_[open.back()];
    open.pop_back();
    text += node.text;
    open.insert(open.end(), node.children.rbegin(), node.children.rend());
  }
  return text;
}

void XmlTree::insert(XmlId parent, std::size_t index, XmlId child) {
  auto& children = nodes_[parent].children;
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(index), child);
  nodes_[child].parent = parent;
}

void XmlTree::detach(XmlId child) {
  auto& siblings = nodes_[nodes_[child].parent].children;
  siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(index_of(child)));
  nodes_[child].parent = kNoXml;
}

std::string XmlTree::print() const {
  std::string out;
  struct Open {
    XmlId id;
    std::size_t next;
  };
  std::vector<Open> open = {{0, 0}};
  while (!open.empty()) {
    auto& [id, next] = open.back();
    auto const& node = nodes_[id];
    if (next == node.children.size()) {
      if (id != 0 && !node.children.empty()) out.append("</").append(node.name).append(">");
      open.pop_back();
      continue;
    }
    auto const child = node.children[next++];
    if (!is_element(child)) {
      xml::append_text(out, nodes_[child].text);
      continue;
    }
    append_tag(out, nodes_[child], node.space);
    open.push_back({child, 0});
  }
  return out;
}

}  // namespace sinew::patch
