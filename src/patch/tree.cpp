#include "patch/tree.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "json/write.h"

namespace sinew::patch {
namespace {

using json::Kind;

bool is_container(Kind kind) { return kind == Kind::object || kind == Kind::array; }

/// A number without the freedom of its notation: `-12.50e1` is {-, 125, 0}.
struct PlainNumber {
  bool is_negative = false;
  std::string digits;  ///< without zeroes at either end; empty: zero
  std::int64_t exponent = 0;
  bool operator==(PlainNumber const&) const = default;
};

PlainNumber plain(std::string_view text) {
  PlainNumber number;
  if (text.starts_with('-')) {
    number.is_negative = true;
    text.remove_prefix(1);
  }
  auto const e = text.find_first_of("eE");
  auto mantissa = text.substr(0, e);
  if (e != text.npos) {
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    // An exponent of twenty digits and more says nothing that a resource can mean.
    number.exponent = parse_integer<std::int32_t>(exponent).value_or(INT32_MAX);
  }
  auto const point = mantissa.find('.');
  number.digits = mantissa.substr(0, point);
  if (point != mantissa.npos) {
    auto const fraction = mantissa.substr(point + 1);
    number.digits.append(fraction);
    number.exponent -= static_cast<std::int64_t>(fraction.size());
  }
  while (number.digits.ends_with('0')) {
    number.digits.pop_back();
    ++number.exponent;
  }
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  if (number.digits.empty()) return {};
  return number;
}

std::string unescaped(std::string const& quoted) {
  auto const document = json::Document::parse(quoted);
  return document ? document->root().text() : quoted;
}

}  // namespace

Result<Tree> Tree::of(json::Value value) {
  Tree tree;
  tree.root_ = TRY(tree.graft(value));
  return tree;
}

NodeId Tree::add(json::Value value) {
  Node node;
  node.kind = value.kind();
  node.origin = value.source().data();
  if (!is_container(node.kind)) {
    node.text = value.source();
    text_bytes_ += node.text.size();
  }
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Tree::make(Kind kind) {
  Node node;
  node.kind = kind;
  if (kind == Kind::null) node.text = "null";
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

Result<NodeId> Tree::graft(json::Value value) {
  auto const top = add(value);
  std::vector<std::pair<json::Value, NodeId>> open;
  if (is_container(value.kind())) open.emplace_back(value, top);
  while (!open.empty()) {
    auto const [container, id] = open.back();
    open.pop_back();
    std::vector<NodeId> children;
    auto const take = [&](json::Value child, std::string_view name) {
      auto const made = add(child);
      nodes_[made].parent = id;
      nodes_[made].name = name;
      children.push_back(made);
      if (is_container(child.kind())) open.emplace_back(child, made);
    };
    if (container.is_object()) {
      for (auto const [name, child] : container.members()) take(child, name);
    } else {
      for (auto const child : container.elements()) take(child, {});
    }
    nodes_[id].children = std::move(children);
    TRY(check_limits());
  }
  return top;
}

Result<NodeId> Tree::copy(NodeId node) {
  auto const duplicate = [&](NodeId from, NodeId parent) {
    Node made;
    made.kind = nodes_[from].kind;
    made.name = nodes_[from].name;
    made.text = nodes_[from].text;
    made.parent = parent;
    text_bytes_ += made.text.size();
    nodes_.push_back(std::move(made));
    return static_cast<NodeId>(nodes_.size() - 1);
  };
  auto const top = duplicate(node, kNoNode);
  std::vector<std::pair<NodeId, NodeId>> open = {{node, top}};
  while (!open.empty()) {
    auto const [from, to] = open.back();
    open.pop_back();
    for (std::size_t i = 0; i < nodes_[from].children.size(); ++i) {
      auto const child = nodes_[from].children[i];
      auto const made = duplicate(child, to);
      nodes_[to].children.push_back(made);
      if (is_container(nodes_[child].kind)) open.emplace_back(child, made);
    }
    TRY(check_limits());
  }
  return top;
}

void Tree::set_root(NodeId node) {
  root_ = node;
  nodes_[node].parent = kNoNode;
  nodes_[node].name.clear();
}

NodeId Tree::member(NodeId object, std::string_view name) const {
  auto const& children = nodes_[object].children;
  steps_ += children.size();
  for (auto const child : children) {
    if (nodes_[child].name == name) return child;
  }
  return kNoNode;
}

std::size_t Tree::index_of(NodeId child) const {
  auto const& siblings = nodes_[nodes_[child].parent].children;
  steps_ += siblings.size();
  auto const found = std::ranges::find(siblings, child);
  SINEW_CHECK(found != siblings.end());
  return static_cast<std::size_t>(found - siblings.begin());
}

NodeId Tree::find(json::Value value) const {
  if (!value.exists()) return kNoNode;
  auto const found = std::ranges::find(nodes_, value.source().data(), &Node::origin);
  return found == nodes_.end() ? kNoNode : static_cast<NodeId>(found - nodes_.begin());
}

bool Tree::is_below(NodeId node, NodeId ancestor) const {
  while (node != kNoNode && node != ancestor) node = nodes_[node].parent;
  return node == ancestor;
}

void Tree::set_member(NodeId object, std::string_view name, NodeId child) {
  auto const old = member(object, name);
  if (old != kNoNode) return replace(old, child);
  nodes_[child].name = name;
  nodes_[child].parent = object;
  nodes_[object].children.push_back(child);
}

void Tree::insert(NodeId array, std::size_t index, NodeId child) {
  auto& children = nodes_[array].children;
  SINEW_CHECK(index <= children.size());
  steps_ += children.size();
  nodes_[child].name.clear();
  nodes_[child].parent = array;
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(index), child);
}

void Tree::replace(NodeId old, NodeId replacement) {
  if (old == root_) return set_root(replacement);
  auto const index = index_of(old);
  auto const parent = nodes_[old].parent;
  nodes_[parent].children[index] = replacement;
  nodes_[replacement].parent = parent;
  nodes_[replacement].name = nodes_[old].name;
  nodes_[old].parent = kNoNode;
}

void Tree::detach(NodeId child) {
  auto const parent = nodes_[child].parent;
  if (parent == kNoNode) return;
  auto& siblings = nodes_[parent].children;
  siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(index_of(child)));
  nodes_[child].parent = kNoNode;
  if (siblings.empty()) emptied_.push_back(parent);
}

void Tree::drop_emptied() {
  while (!emptied_.empty()) {
    auto const node = emptied_.back();
    emptied_.pop_back();
    if (node != root_ && nodes_[node].children.empty()) detach(node);
  }
}

bool Tree::same_scalar(Node const& a, Node const& b) const {
  if (a.text == b.text) return true;
  if (a.kind == Kind::number) return plain(a.text) == plain(b.text);
  bool const is_escaped = a.text.find('\\') != a.text.npos || b.text.find('\\') != b.text.npos;
  return a.kind == Kind::string && is_escaped && unescaped(a.text) == unescaped(b.text);
}

std::vector<NodeId> Tree::sorted_members(NodeId object) const {
  auto sorted = nodes_[object].children;
  std::ranges::sort(sorted, {}, [&](NodeId id) -> std::string const& { return nodes_[id].name; });
  return sorted;
}

bool Tree::equal(NodeId a, NodeId b) const {
  std::vector<std::pair<NodeId, NodeId>> open = {{a, b}};
  while (!open.empty()) {
    auto const [left, right] = open.back();
    open.pop_back();
    auto const& x = nodes_[left];
    auto const& y = nodes_[right];
    steps_ += x.children.size() + 1;
    if (x.kind != y.kind || x.children.size() != y.children.size()) return false;
    if (!is_container(x.kind)) {
      if (!same_scalar(x, y)) return false;
      continue;
    }
    bool const is_object = x.kind == Kind::object;
    auto const xs = is_object ? sorted_members(left) : x.children;
    auto const ys = is_object ? sorted_members(right) : y.children;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      if (is_object && nodes_[xs[i]].name != nodes_[ys[i]].name) return false;
      open.emplace_back(xs[i], ys[i]);
    }
  }
  return true;
}

std::string Tree::print() const {
  std::string out;
  std::vector<std::pair<NodeId, std::size_t>> open;
  auto const write = [&](NodeId id) {
    auto const& node = nodes_[id];
    if (!is_container(node.kind)) {
      out += node.text;
    } else {
      out += node.kind == Kind::object ? '{' : '[';
      open.emplace_back(id, 0);
    }
  };
  write(root_);
  while (!open.empty()) {
    auto& [id, next] = open.back();
    auto const& node = nodes_[id];
    if (next == node.children.size()) {
      out += node.kind == Kind::object ? '}' : ']';
      open.pop_back();
      continue;
    }
    if (next > 0) out += ',';
    auto const child = node.children[next++];
    if (node.kind == Kind::object) {
      json::append_string(out, nodes_[child].name);
      out += ':';
    }
    write(child);
  }
  return out;
}

Result<> Tree::check_limits() const {
  if (nodes_.size() > kNodesMax || text_bytes_ > kTextBytesMax || steps_ > kStepsMax) {
    return fail(ErrorCode::too_large, "the patch makes more than may be made of one resource");
  }
  return {};
}

}  // namespace sinew::patch
