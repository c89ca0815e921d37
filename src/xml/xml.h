#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::xml {

struct Limits {
  std::size_t depth_max = 128;
  std::size_t bytes_max = std::size_t{256} << 20;
  std::size_t attributes_max = 128;  ///< of one element
};

class Node;

/// A parsed text. Owns the bytes and the nodes; nodes are views into it and die with it.
///
/// Takes well-formed XML 1.0 with namespaces, in UTF-8. Refuses every document type declaration
/// (and with it entities, expansion bombs and external files), unbound prefixes, duplicate
/// attributes, and what exceeds the limits. Comments and processing instructions are checked and
/// left out of the tree. The error's `where` is the path (`/Bundle/entry[2]/resource`), its text
/// holds line and column.
///
/// Source: XML 1.0 (fifth edition); Namespaces in XML 1.0; FHIR R4 xml.html, security.html#xml.
class Document {
 public:
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  [[nodiscard]] static Result<Document> parse(std::string text, Limits limits = {});

  [[nodiscard]] Node root() const;
  [[nodiscard]] std::string_view text() const;

  struct Nodes;  ///< the arena, private to xml

 private:
  explicit Document(std::unique_ptr<Nodes> nodes);
  std::unique_ptr<Nodes> nodes_;
};

struct Attribute;

/// An element or a run of text of a Document: cheap to copy, valid while the Document lives. A
/// default-constructed Node is `missing` and gives the empty answer to every question.
class Node {
 public:
  Node() = default;

  [[nodiscard]] bool exists() const { return nodes_ != nullptr; }
  explicit operator bool() const { return exists(); }
  [[nodiscard]] bool is_element() const;
  [[nodiscard]] bool is_text() const { return exists() && !is_element(); }

  /// The local name of an element, without its prefix.
  [[nodiscard]] std::string_view name() const;
  /// The URI of its namespace; empty where it has none.
  [[nodiscard]] std::string_view space() const;
  /// Whether it is an element of that name in that namespace.
  [[nodiscard]] bool is(std::string_view uri, std::string_view local_name) const;

  /// The value of the attribute of that name and no namespace, with references resolved.
  [[nodiscard]] std::optional<std::string> attribute(std::string_view name) const;
  /// The same in a namespace (`http://www.w3.org/2001/XMLSchema-instance`, `type`).
  [[nodiscard]] std::optional<std::string> attribute(std::string_view uri,
                                                     std::string_view name) const;

  /// A text node's characters, or those of all text below an element, with references resolved and
  /// line ends normalised.
  [[nodiscard]] std::string text() const;
  /// The node's own bytes in the source text, from `<` to the last `>`.
  [[nodiscard]] std::string_view source() const;
  /// Where `source` begins in the text of the document.
  [[nodiscard]] std::size_t offset() const;

  [[nodiscard]] Node parent() const;
  /// The first child element of that name, in the namespace of this element.
  [[nodiscard]] Node operator[](std::string_view name) const;

  /// Ranges in document order:
  ///   for (xml::Node child : node.children()) ...     elements and text
  ///   for (xml::Node child : node.elements()) ...     elements only
  ///   for (xml::Attribute a : node.attributes()) ...  namespace declarations are not among them
  class Children;
  class Attributes;
  [[nodiscard]] Children children() const;
  [[nodiscard]] Children elements() const;
  [[nodiscard]] Attributes attributes() const;

 private:
  friend class Document;
  Node(Document::Nodes const* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
  Document::Nodes const* nodes_ = nullptr;
  std::uint32_t index_ = 0;
};

struct Attribute {
  std::string_view name;   ///< local, without its prefix
  std::string_view space;  ///< URI; empty for an attribute without prefix
  std::string_view raw;    ///< between the quotes, as written
  std::string value;       ///< with references resolved
};

/// The path of a node, by local names and, among siblings of one name, position from 1:
/// `/Bundle/entry[2]/resource`.
[[nodiscard]] std::string path_of(Node node);

/// What `Node::children` and `Node::elements` give: a forward range of Node.
class Node::Children {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Node;

    Iterator() = default;
    Node operator*() const { return {nodes_, index_}; }
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(Iterator const& other) const { return index_ == other.index_; }

   private:
    friend class Children;
    Iterator(Document::Nodes const* nodes, std::uint32_t index, std::uint32_t end, bool all);
    void skip_text();
    Document::Nodes const* nodes_ = nullptr;
    std::uint32_t index_ = 0;
    std::uint32_t end_ = 0;
    bool all_ = true;
  };

  [[nodiscard]] Iterator begin() const { return {nodes_, first_, end_, all_}; }
  [[nodiscard]] Iterator end() const { return {nodes_, end_, end_, all_}; }
  [[nodiscard]] bool empty() const { return begin() == end(); }

 private:
  friend class Node;
  Children(Document::Nodes const* nodes, std::uint32_t first, std::uint32_t end, bool all)
      : nodes_(nodes), first_(first), end_(end), all_(all) {}
  Document::Nodes const* nodes_;
  std::uint32_t first_;
  std::uint32_t end_;
  bool all_;
};

/// What `Node::attributes` gives: a forward range of Attribute.
class Node::Attributes {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Attribute;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Attribute;

    Iterator() = default;
    Attribute operator*() const;
    Iterator& operator++() { return ++index_, *this; }
    Iterator operator++(int) { return Iterator(nodes_, index_++); }
    bool operator==(Iterator const& other) const { return index_ == other.index_; }

   private:
    friend class Attributes;
    Iterator(Document::Nodes const* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
    Document::Nodes const* nodes_ = nullptr;
    std::uint32_t index_ = 0;
  };

  [[nodiscard]] Iterator begin() const { return {nodes_, first_}; }
  [[nodiscard]] Iterator end() const { return {nodes_, end_}; }
  [[nodiscard]] bool empty() const { return first_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - first_; }

 private:
  friend class Node;
  Attributes(Document::Nodes const* nodes, std::uint32_t first, std::uint32_t end)
      : nodes_(nodes), first_(first), end_(end) {}
  Document::Nodes const* nodes_;
  std::uint32_t first_;
  std::uint32_t end_;
};

}  // namespace sinew::xml
