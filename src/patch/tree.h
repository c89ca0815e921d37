#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace sinew::patch {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

/// JSON that can be changed: values of documents copied into nodes, scalars as they were written.
/// Nodes are made and moved, never freed; `print` shows what hangs below the root.
class Tree {
 public:
  static constexpr std::size_t kNodesMax = 2'000'000;
  static constexpr std::size_t kTextBytesMax = std::size_t{512} << 20;
  static constexpr std::uint64_t kStepsMax = 500'000'000;

  /// Fails `too_large`.
  [[nodiscard]] static Result<Tree> of(json::Value value);

  /// A copy that hangs nowhere yet. Fails `too_large`.
  [[nodiscard]] Result<NodeId> graft(json::Value value);
  [[nodiscard]] Result<NodeId> copy(NodeId node);
  /// An empty object or array, or a null.
  [[nodiscard]] NodeId make(json::Kind kind);

  [[nodiscard]] NodeId root() const { return root_; }
  void set_root(NodeId node);
  [[nodiscard]] json::Kind kind(NodeId node) const { return nodes_[node].kind; }
  [[nodiscard]] NodeId parent(NodeId node) const { return nodes_[node].parent; }
  /// The name it has as a member of its parent.
  [[nodiscard]] std::string const& name(NodeId node) const { return nodes_[node].name; }
  [[nodiscard]] std::vector<NodeId> const& children(NodeId node) const {
    return nodes_[node].children;
  }
  [[nodiscard]] NodeId member(NodeId object, std::string_view name) const;
  [[nodiscard]] std::size_t index_of(NodeId child) const;
  /// The node that was made from this value of the document `of` was given; kNoNode: none.
  [[nodiscard]] NodeId find(json::Value value) const;
  [[nodiscard]] bool is_below(NodeId node, NodeId ancestor) const;

  /// Puts a node as a member, in the place of one of that name or last.
  void set_member(NodeId object, std::string_view name, NodeId child);
  void insert(NodeId array, std::size_t index, NodeId child);
  void replace(NodeId old, NodeId replacement);
  void detach(NodeId child);
  /// The member at that place gets another name.
  void rename(NodeId child, std::string_view name) { nodes_[child].name = name; }
  /// Takes away what `detach` has left empty, and what that leaves empty, up to the root.
  void drop_emptied();

  /// Equal as RFC 6902 §4.6 has it: numbers by value, members in any order.
  [[nodiscard]] bool equal(NodeId a, NodeId b) const;
  [[nodiscard]] std::string print() const;

  /// What has been done so far was within the limits. Fails `too_large`.
  [[nodiscard]] Result<> check_limits() const;

 private:
  struct Node {
    json::Kind kind = json::Kind::null;
    NodeId parent = kNoNode;
    char const* origin = nullptr;  ///< where it stood in the document
    std::string name;
    std::string text;  ///< of a scalar, as JSON
    std::vector<NodeId> children;
  };
  NodeId add(json::Value value);
  [[nodiscard]] bool same_scalar(Node const& a, Node const& b) const;
  [[nodiscard]] std::vector<NodeId> sorted_members(NodeId object) const;

  std::vector<Node> nodes_;
  std::vector<NodeId> emptied_;
  NodeId root_ = kNoNode;
  std::size_t text_bytes_ = 0;
  mutable std::uint64_t steps_ = 0;
};

}  // namespace sinew::patch
