#include "xml/xml.h"

#include <algorithm>

#include "xml/decode.h"
#include "xml/nodes.h"

namespace sinew::xml {
namespace {

void append_characters(std::string& out, Document::Nodes const& nodes, NodeRow const& row) {
  auto const raw = nodes.slice(row.name);
  row.kind == NodeKind::cdata ? append_line_ends(out, raw)
                              : append_decoded(out, raw, Content::text);
}

}  // namespace

Document::Document(std::unique_ptr<Nodes> nodes) : nodes_(std::move(nodes)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Node Document::root() const { return {nodes_.get(), 0}; }
std::string_view Document::text() const { return nodes_->text; }

bool Node::is_element() const {
  return exists() && nodes_->nodes[index_].kind == NodeKind::element;
}

std::string_view Node::name() const {
  return is_element() ? nodes_->slice(nodes_->nodes[index_].name) : std::string_view{};
}

std::string_view Node::space() const {
  if (!is_element()) return {};
  return nodes_->spaces[nodes_->nodes[index_].space];
}

bool Node::is(std::string_view uri, std::string_view local_name) const {
  return is_element() && name() == local_name && space() == uri;
}

std::optional<std::string> Node::attribute(std::string_view name) const {
  return attribute({}, name);
}

std::optional<std::string> Node::attribute(std::string_view uri, std::string_view name) const {
  if (!is_element()) return {};
  auto const& row = nodes_->nodes[index_];
  for (auto i = row.attributes; i != row.attributes_end; ++i) {
    auto const& attribute = nodes_->attributes[i];
    if (nodes_->slice(attribute.name) != name || nodes_->spaces[attribute.space] != uri) continue;
    std::string value;
    append_decoded(value, nodes_->slice(attribute.value), Content::attribute);
    return value;
  }
  return {};
}

std::string Node::text() const {
  std::string out;
  if (!exists()) return out;
  auto const& row = nodes_->nodes[index_];
  for (auto i = index_; i != row.after; ++i) {
    auto const& below = nodes_->nodes[i];
    if (below.kind != NodeKind::element) append_characters(out, *nodes_, below);
  }
  return out;
}

std::string_view Node::source() const {
  return exists() ? nodes_->slice(nodes_->nodes[index_].source) : std::string_view{};
}

std::size_t Node::offset() const { return exists() ? nodes_->nodes[index_].source.begin : 0; }

Node Node::parent() const {
  if (!exists() || index_ == 0) return {};
  return {nodes_, nodes_->nodes[index_].parent};
}

Node Node::operator[](std::string_view wanted) const {
  for (auto const child : elements()) {
    if (child.name() == wanted && child.space() == space()) return child;
  }
  return {};
}

Node::Children Node::children() const {
  if (!is_element()) return {nodes_, 0, 0, true};
  return {nodes_, index_ + 1, nodes_->nodes[index_].after, true};
}

Node::Children Node::elements() const {
  if (!is_element()) return {nodes_, 0, 0, false};
  return {nodes_, index_ + 1, nodes_->nodes[index_].after, false};
}

Node::Attributes Node::attributes() const {
  if (!is_element()) return {nodes_, 0, 0};
  auto const& row = nodes_->nodes[index_];
  return {nodes_, row.attributes, row.attributes_end};
}

Node::Children::Iterator::Iterator(Document::Nodes const* nodes, std::uint32_t index,
                                   std::uint32_t end, bool all)
    : nodes_(nodes), index_(index), end_(end), all_(all) {
  skip_text();
}

void Node::Children::Iterator::skip_text() {
  while (!all_ && index_ != end_ && nodes_->nodes[index_].kind != NodeKind::element) {
    index_ = nodes_->nodes[index_].after;
  }
}

Node::Children::Iterator& Node::Children::Iterator::operator++() {
  index_ = nodes_->nodes[index_].after;
  skip_text();
  return *this;
}

Node::Children::Iterator Node::Children::Iterator::operator++(int) {
  auto const before = *this;
  ++*this;
  return before;
}

Attribute Node::Attributes::Iterator::operator*() const {
  auto const& row = nodes_->attributes[index_];
  Attribute attribute{
      nodes_->slice(row.name), nodes_->spaces[row.space], nodes_->slice(row.value), {}};
  append_decoded(attribute.value, attribute.raw, Content::attribute);
  return attribute;
}

std::string path_of(Node node) {
  std::string path;
  for (; node.exists(); node = node.parent()) {
    if (node.is_text()) continue;
    std::size_t place = 0;
    std::size_t twins = 0;
    for (auto const sibling : node.parent().elements()) {
      if (sibling.name() != node.name()) continue;
      ++twins;
      if (sibling.offset() <= node.offset()) ++place;
    }
    auto step = '/' + std::string(node.name());
    if (twins > 1) step += '[' + std::to_string(place) + ']';
    path.insert(0, step);
  }
  return path;
}

}  // namespace sinew::xml
