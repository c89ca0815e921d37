#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fhir/definitions.h"
#include "fhirpath/item.h"
#include "json/json.h"
#include "patch/tree.h"

namespace sinew::patch {

/// A value as JSON has it: the value itself, and what stands beside it as `_name`. Either may be
/// left out.
struct Content {
  NodeId value = kNoNode;
  NodeId twin = kNoNode;
};

/// Where one value of an element stands: `owner.name[index]`.
struct Place {
  NodeId owner = kNoNode;
  std::string name;  ///< without '_'
  std::optional<std::size_t> index;
};

/// Edits a resource by elements: the list of an element and that of its extensions (`_given`) stay
/// of one length, and neither is left with nothing but nulls.
/// Source: FHIR R4 json.html#primitive, "repeating primitive elements".
class Elements {
 public:
  explicit Elements(Tree& tree) : tree_(tree) {}

  /// The place of an item that was found in the document of the tree; nothing for its root, and for
  /// what does not stand in the document.
  [[nodiscard]] std::optional<Place> place_of(fhirpath::Item const& item) const;

  /// How many values the list has.
  [[nodiscard]] std::size_t size(NodeId owner, std::string_view name) const;
  [[nodiscard]] bool exists(NodeId owner, std::string_view name) const;

  void set(NodeId owner, std::string_view name, Content content);
  void insert(NodeId owner, std::string_view name, std::size_t index, Content content);
  /// Takes a value out; `place` exists.
  Content remove(Place const& place);
  void replace(Place const& place, Content content);

  /// The object that holds id and extensions of a primitive; made where there is none.
  [[nodiscard]] NodeId twin_object(Place const& place);

 private:
  /// The two arrays, made where missing, both of one length.
  struct Lists {
    NodeId values, twins;
  };
  [[nodiscard]] Lists open_lists(NodeId owner, std::string_view name);
  void close_lists(Lists lists);
  [[nodiscard]] NodeId or_null(NodeId node) {
    return node == kNoNode ? tree_.make(json::Kind::null) : node;
  }
  [[nodiscard]] NodeId unless_null(NodeId node) const {
    return tree_.kind(node) == json::Kind::null ? kNoNode : node;
  }

  Tree& tree_;
};

}  // namespace sinew::patch
