#include "wire/hl7v2/structure.h"

#include <algorithm>
#include <array>

namespace sinew::hl7v2 {
namespace {

/// A group that holds one of these directly is an order: the observations, notes and specimens
/// that follow belong to it until another order begins.
constexpr auto kOrderSegments = std::to_array<std::uint32_t>(
    {pack_id("ORC"), pack_id("OBR"), pack_id("ODS"), pack_id("ODT"), pack_id("ORO"), pack_id("RQ1"),
     pack_id("RQD"), pack_id("RX1"), pack_id("RXA"), pack_id("RXD"), pack_id("RXE"), pack_id("RXG"),
     pack_id("RXO"), pack_id("BPO"), pack_id("BTX")});

/// Structures of the dictionary are at most 12 levels deep; deeper ones are cut off here.
constexpr int kDepthMax = 32;

using Ids = std::vector<std::uint32_t>;

void add_unique(Ids& ids, std::uint32_t id) {
  if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
}

class Compiler {
 public:
  explicit Compiler(CompiledStructure& out) : out_(out) {}

  /// Recursion over our own tables, bounded by kDepthMax.
  void fill(StructureNode const& node, std::uint32_t at, int depth) {
    auto const first = static_cast<std::uint32_t>(out_.nodes.size());
    auto const count = depth < kDepthMax ? node.children.size() : 0;
    out_.nodes.resize(first + count);
    out_.nodes[at].first_child = first;
    out_.nodes[at].child_count = static_cast<std::uint32_t>(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      auto const& child = node.children[i];
      auto& made = out_.nodes[first + i];
      made.name = child.name;
      made.parent = at;
      made.id = child.is_group ? 0 : pack_id(child.name);
      made.required = child.required;
      made.repeats = child.repeats;
      made.is_choice = child.is_choice;
      if (child.is_group) fill(child, first + i, depth + 1);
    }
    summarize(at);
  }

 private:
  void summarize(std::uint32_t at) {
    Ids openers;
    Ids leaders;
    Ids members;
    auto node = out_.nodes[at];
    bool reachable = true;
    for (std::uint32_t i = node.first_child; i < node.first_child + node.child_count; ++i) {
      auto const& child = out_.nodes[i];
      if (child.id != 0) {
        if (reachable) add_unique(openers, child.id);
        add_unique(members, child.id);
        node.is_order |= std::ranges::find(kOrderSegments, child.id) != kOrderSegments.end();
      } else {
        for (auto k = child.first_opener; reachable && k < child.first_opener + child.opener_count;
             ++k) {
          add_unique(openers, out_.ids[k]);
        }
        for (auto k = child.first_member; k < child.first_member + child.member_count; ++k) {
          add_unique(members, out_.ids[k]);
        }
        // A choice of orders (OBR, RXO, …) makes the group around it the order.
        node.is_order |= child.is_choice && child.is_order;
      }
      if (i == node.first_child || node.is_choice) {
        if (child.id != 0) add_unique(leaders, child.id);
        for (auto k = child.first_leader; k < child.first_leader + child.leader_count; ++k) {
          add_unique(leaders, out_.ids[k]);
        }
      } else if (child.id != 0 && child.required && !node.is_choice) {
        node.needs = child.id;
      }
      if (child.required && !node.is_choice) reachable = false;
    }
    auto put = [&](Ids const& ids, std::uint32_t& first, std::uint32_t& count) {
      first = static_cast<std::uint32_t>(out_.ids.size());
      count = static_cast<std::uint32_t>(ids.size());
      out_.ids.insert(out_.ids.end(), ids.begin(), ids.end());
    };
    put(openers, node.first_opener, node.opener_count);
    put(leaders, node.first_leader, node.leader_count);
    put(members, node.first_member, node.member_count);
    out_.nodes[at] = node;
  }

  CompiledStructure& out_;
};

}  // namespace

CompiledStructure compile_structure(StructureNode const& root) {
  CompiledStructure compiled;
  compiled.name = root.name;
  compiled.nodes.resize(1);
  compiled.nodes[0].name = root.name;
  compiled.nodes[0].required = true;
  Compiler(compiled).fill(root, 0, 0);
  return compiled;
}

}  // namespace sinew::hl7v2
