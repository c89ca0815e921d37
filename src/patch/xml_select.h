#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "patch/xml_tree.h"

namespace sinew::patch {

/// What a selector names: an element or a run of text, or an attribute of an element.
struct Selected {
  XmlId node = kNoXml;
  std::size_t attribute = kNone;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

/// The namespace that a prefix stands for; the empty prefix is the default. Nothing: not declared.
using NamespaceOf = std::function<std::optional<std::string>(std::string_view prefix)>;

/// The one node that a selector names. The XPath of RFC 5261: child steps (`f:name`, `*`), the
/// predicates `[2]`, `[@a='x']`, `[f:use='x']`, `[.='x']` and, beyond it, `[f:use/@value='x']`;
/// last `@a`, `text()`, `text()[1]`, `comment()`.
/// Fails `malformed` for what it cannot read, `invalid` unless it names exactly one node.
/// Source: RFC 5261 §4.1, §8.
[[nodiscard]] Result<Selected> select(XmlTree const& tree, std::string_view selector,
                                      NamespaceOf const& namespace_of);

}  // namespace sinew::patch
