#pragma once

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sinew::engine {

/// A name that a file may use, and what it stands for.
template <class Value>
struct NameRow {
  std::string_view name;
  Value value;
};

/// A part of a YAML file and the place that an error names. yaml-cpp reports by exceptions: whoever
/// loads a file catches them.
class Node {
 public:
  Node(YAML::Node const& node, std::string file, std::string key)
      : node_(node), file_(std::move(file)), key_(std::move(key)) {}

  /// The failure that says what is wrong with this part, and where it stands.
  [[nodiscard]] Failure wrong(std::string const& what) const;
  /// `file:line:column`.
  [[nodiscard]] std::string place() const;
  [[nodiscard]] std::string const& file() const { return file_; }
  /// Of the file, from one.
  [[nodiscard]] std::uint32_t line() const {
    return static_cast<std::uint32_t>(std::max(node_.Mark().line, 0)) + 1;
  }
  [[nodiscard]] bool exists() const { return node_.IsDefined() && !node_.IsNull(); }
  [[nodiscard]] bool is_list() const { return node_.IsSequence(); }
  [[nodiscard]] Node operator[](std::string const& key) const {
    auto const child = node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
    // A key that is absent has no place of its own; the error is then about its parent's.
    return {child.IsDefined() ? child : YAML::Node(), file_, key};
  }
  [[nodiscard]] bool is_map() const { return node_.IsMap(); }
  [[nodiscard]] std::vector<Node> elements() const;
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const;

  /// A misspelt key must not be a setting that silently does nothing.
  Result<> allow(std::set<std::string> const& keys) const;

  /// `${NAME}` in it stands for the variable of the environment.
  [[nodiscard]] Result<std::string> text() const;
  [[nodiscard]] Result<std::string> text_or(std::string otherwise) const {
    return exists() ? text() : Result<std::string>(std::move(otherwise));
  }
  /// As it is written; for program text, which has a `${` of its own.
  [[nodiscard]] Result<std::string> plain_text() const;
  /// A text that has to be there: `parent` is blamed when it is not.
  [[nodiscard]] Result<std::string> needed_text(Node const& parent) const;
  /// A password or token: only as `${NAME}`, so that none is ever in a file. Empty when absent.
  [[nodiscard]] Result<std::string> secret() const;
  /// An address that may hold a password (scheme://user:password@host), which has to be `${NAME}`.
  [[nodiscard]] Result<std::string> address(Node const& parent) const;
  [[nodiscard]] Result<std::vector<std::string>> texts() const;
  [[nodiscard]] Result<bool> truth(bool otherwise) const;
  template <class Number>
  [[nodiscard]] Result<Number> number(Number otherwise, Number least, Number most) const;
  [[nodiscard]] Result<std::chrono::milliseconds> duration(
      std::chrono::milliseconds otherwise) const;
  template <class Table>
  [[nodiscard]] auto one_of(Table const& table, decltype(table[0].value) otherwise) const
      -> Result<std::remove_cvref_t<decltype(table[0].value)>>;

  /// The whole of it as YAML, variables not put in: two that are the same mean the same.
  [[nodiscard]] std::string written() const { return YAML::Dump(node_); }

 private:
  YAML::Node node_;
  std::string file_, key_;
};

template <class Number>
Result<Number> Node::number(Number otherwise, Number least, Number most) const {
  if (!exists()) return otherwise;
  auto const written = TRY(text());
  char* end = nullptr;
  auto const value = std::strtod(written.c_str(), &end);
  if (written.empty() || *end != '\0' || !(value >= static_cast<double>(least)) ||
      !(value <= static_cast<double>(most))) {
    return wrong("has to be a number from " + std::to_string(least) + " to " +
                 std::to_string(most));
  }
  return static_cast<Number>(value);
}

template <class Table>
auto Node::one_of(Table const& table, decltype(table[0].value) otherwise) const
    -> Result<std::remove_cvref_t<decltype(table[0].value)>> {
  if (!exists()) return otherwise;
  auto const written = TRY(text());
  std::string known;
  for (auto const& row : table) {
    if (row.name == written) return row.value;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return wrong("is '" + written + "'; it can be: " + known);
}

}  // namespace sinew::engine
