#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

struct Limits {
  std::size_t depth_max = 64;
  std::size_t bytes_max = std::size_t{1} << 31;
};

class Value;

/// A parsed text. Owns the bytes and the nodes; values are views into it and die with it.
///
/// Keeps what JSON libraries lose: numbers as written (`113.50`), the order of members. Refuses
/// duplicate member names, malformed UTF-8, control characters in strings, and nesting deeper than
/// the limit; the error's `where` is the path to the place (`Patient.name[0].given`, by resource
/// type where the text is a FHIR resource, else `$.a.b[0]`) and its text holds line and column.
///
/// Source: RFC 8259; FHIR R4 json.html.
class Document {
 public:
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  [[nodiscard]] static Result<Document> parse(std::string text, Limits limits = {});

  [[nodiscard]] Value root() const;
  [[nodiscard]] std::string_view text() const;

  struct Nodes;  ///< the arena, private to json

 private:
  explicit Document(std::unique_ptr<Nodes> nodes);
  std::unique_ptr<Nodes> nodes_;
};

struct Member;

/// One value of a Document: cheap to copy, valid while the Document lives. A default-constructed
/// Value is `missing`: asking it for anything gives the empty answer, so that paths can be walked
/// without a check at every step.
class Value {
 public:
  Value() = default;

  [[nodiscard]] bool exists() const { return nodes_ != nullptr; }
  explicit operator bool() const { return exists(); }
  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_object() const { return exists() && kind() == Kind::object; }
  [[nodiscard]] bool is_array() const { return exists() && kind() == Kind::array; }
  [[nodiscard]] bool is_string() const { return exists() && kind() == Kind::string; }
  [[nodiscard]] bool is_number() const { return exists() && kind() == Kind::number; }

  /// The value's own bytes in the source text: `"abc"` with quotes, `113.50`, `{...}`.
  [[nodiscard]] std::string_view source() const;
  /// A string without quotes but still escaped; a number or boolean as written.
  [[nodiscard]] std::string_view raw() const;
  /// A string unescaped; a number or boolean as written; else empty.
  [[nodiscard]] std::string text() const;
  /// The same without a copy when nothing is escaped, else through `scratch`.
  [[nodiscard]] std::string_view text(std::string& scratch) const;
  [[nodiscard]] bool boolean() const;

  /// Members of an object or elements of an array; 0 otherwise.
  [[nodiscard]] std::size_t size() const;
  /// The member of that name, or missing.
  [[nodiscard]] Value operator[](std::string_view name) const;
  /// The element at that index, or missing.
  [[nodiscard]] Value at(std::size_t index) const;

  /// Iteration, in document order:
  ///   for (json::Value item : value.elements()) ...
  ///   for (auto [name, member] : value.members()) ...   (name: unescaped only if it needs it)
  class Elements;
  class Members;
  [[nodiscard]] Elements elements() const;
  [[nodiscard]] Members members() const;

 private:
  friend class Document;
  Value(Document::Nodes const* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
  Document::Nodes const* nodes_ = nullptr;
  std::uint32_t index_ = 0;
};

struct Member {
  std::string_view name;
  Value value;
};

/// What `Value::elements` gives: a forward range of Value.
class Value::Elements {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Value;

    Iterator() = default;
    Value operator*() const { return {nodes_, index_}; }
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(Iterator const& other) const { return index_ == other.index_; }

   private:
    friend class Elements;
    friend class Members;
    Iterator(Document::Nodes const* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
    Document::Nodes const* nodes_ = nullptr;
    std::uint32_t index_ = 0;
  };

  [[nodiscard]] Iterator begin() const { return {nodes_, first_}; }
  [[nodiscard]] Iterator end() const { return {nodes_, end_}; }
  [[nodiscard]] bool empty() const { return first_ == end_; }

 private:
  friend class Value;
  friend class Members;
  Elements(Document::Nodes const* nodes, std::uint32_t first, std::uint32_t end)
      : nodes_(nodes), first_(first), end_(end) {}
  Document::Nodes const* nodes_;
  std::uint32_t first_;
  std::uint32_t end_;
};

/// What `Value::members` gives: a forward range of Member.
class Value::Members {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Member;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Member;

    Iterator() = default;
    Member operator*() const;
    Iterator& operator++() { return ++at_, *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(Iterator const&) const = default;

   private:
    friend class Members;
    explicit Iterator(Elements::Iterator at) : at_(at) {}
    Elements::Iterator at_;
  };

  [[nodiscard]] Iterator begin() const { return Iterator(values_.begin()); }
  [[nodiscard]] Iterator end() const { return Iterator(values_.end()); }
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  friend class Value;
  explicit Members(Elements values) : values_(values) {}
  Elements values_;
};

}  // namespace sinew::json
