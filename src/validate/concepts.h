#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "json/json.h"

namespace sinew::validate {

/// The concepts of a CodeSystem with what is above and below each: by nesting, and by the
/// properties that name a parent or a child. Source: FHIR R4 codesystem.html#hierarchy.
class Concepts {
 public:
  explicit Concepts(json::Value code_system);

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] json::Value at(std::size_t index) const { return values_[index]; }
  [[nodiscard]] bool has(std::string_view code) const { return find(code) != kNone; }
  /// The value of a concept's property, or a missing one; several: the first.
  [[nodiscard]] static json::Value property(json::Value of, std::string_view code);

  /// Whether this code system says what the filter asks: a property that it declares, or one of
  /// those that every code system has, with an operator that is known here.
  [[nodiscard]] bool knows(json::Value filter) const;
  /// Codes that every one of the filters lets through; all of them `known`.
  /// Source: FHIR R4 valueset-filter-operator.
  [[nodiscard]] std::unordered_set<std::string> select(json::Value filters) const;

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  [[nodiscard]] Index find(std::string_view code) const;
  void add_links();
  [[nodiscard]] std::vector<bool> let_through(json::Value filter) const;
  [[nodiscard]] std::vector<bool> reachable(std::string_view from, bool is_up) const;

  json::Value code_system_;
  std::vector<json::Value> values_;
  std::vector<Index> nested_in_;
  std::vector<std::vector<Index>> above_, below_;
  std::unordered_map<std::string, Index> by_code_;
};

/// The limit of concepts of one code system or value set that are read.
inline constexpr std::size_t kConceptsMax = 1'000'000;

}  // namespace sinew::validate
