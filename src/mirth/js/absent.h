#pragma once

#include <string_view>

namespace sinew::mirth::js {

/// The reason why something of Mirth's scripts has no counterpart; empty where it has one.
[[nodiscard]] std::string_view why_absent(std::string_view name);

/// What stands for a class or a method of Java; empty where nothing does. `path` is dotted, without
/// `Packages.`.
struct JavaRow {
  std::string_view path;
  std::string_view counterpart;
  bool drops_new = false;  ///< `new java.lang.String(x)` is `String(x)`
};
[[nodiscard]] JavaRow const* find_java(std::string_view path);

/// Whether a name is one that every script has, and so none of an element in a predicate.
[[nodiscard]] bool is_known_name(std::string_view name);
[[nodiscard]] bool is_reserved_word(std::string_view name);
/// Methods of XML objects, which a predicate calls without naming the object.
[[nodiscard]] bool is_xml_method(std::string_view name);

}  // namespace sinew::mirth::js
