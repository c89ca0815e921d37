#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/xml.h"

namespace sinew::mirth {

inline constexpr std::size_t kExportBytesMax = std::size_t{256} << 20;

/// An export as XStream writes it. Owns the text that its items point into.
class Export {
 public:
  /// `name`  of the file, for messages.
  /// Old exports hold references to characters that XML 1.0 does not have (`&#x1c;`); they become
  /// U+FFFD, and `replaced` counts them.
  /// Fails as xml::Document::parse does; `too_large` over kExportBytesMax.
  [[nodiscard]] static Result<Export> read(std::string text, std::string name);

  [[nodiscard]] xml::Node root() const { return document_->root(); }
  [[nodiscard]] std::string const& name() const { return name_; }
  [[nodiscard]] std::size_t replaced() const { return replaced_; }

 private:
  Export(xml::Document document, std::string name, std::size_t replaced)
      : document_(std::make_unique<xml::Document>(std::move(document))),
        name_(std::move(name)),
        replaced_(replaced) {}
  std::unique_ptr<xml::Document> document_;
  std::string name_;
  std::size_t replaced_;
};

/// An object or a value of an export. What is absent gives the empty answer to every question. A
/// `reference` attribute is followed to the object that it means.
/// Source: XStream, "Object references" (relative XPath).
class Item {
 public:
  Item() = default;
  explicit Item(xml::Node node);

  [[nodiscard]] bool exists() const { return node_.exists(); }
  [[nodiscard]] std::string_view name() const { return node_.name(); }
  /// The last part of the class: of the attribute `class`, or of the element's name.
  [[nodiscard]] std::string kind() const;
  [[nodiscard]] std::string attribute(std::string_view name) const;
  /// The child of that name.
  [[nodiscard]] Item operator[](std::string_view name) const { return Item(node_[name]); }
  [[nodiscard]] std::vector<Item> items() const;
  [[nodiscard]] std::string text() const { return node_.exists() ? node_.text() : std::string(); }
  [[nodiscard]] std::string text(std::string_view child) const { return (*this)[child].text(); }
  /// Without white space around it.
  [[nodiscard]] std::string trimmed(std::string_view child) const;
  [[nodiscard]] bool is_true(std::string_view child) const { return trimmed(child) == "true"; }
  [[nodiscard]] std::int64_t number(std::string_view child, std::int64_t otherwise) const;
  /// The `<string>`s of a list.
  [[nodiscard]] std::vector<std::string> texts(std::string_view child) const;
  /// The entries of a map whose values are texts or lists of texts.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> entries(
      std::string_view child) const;

 private:
  xml::Node node_;
};

}  // namespace sinew::mirth
