#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/conformance.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/text.h"

namespace sinew::contract {

/// An instance of something that a profile speaks of: a group, a segment, or a value in it.
struct Place {
  enum class Kind : std::uint8_t { group, segment, field, component, subcomponent };
  Kind kind{};
  std::uint32_t node = 0;    ///< of the tree, for a group or segment
  std::string_view raw;      ///< of a value
  std::string path;          ///< "PID[1]-3[2].4"
  std::size_t instance = 1;  ///< among those of its place in its parent
};

/// A message arranged by a profile: which node of the profile each segment and group is.
class Places {
 public:
  static constexpr std::size_t kPlacesMax = 10'000;  ///< that one path may lead to
  static constexpr std::size_t kNone = 0;

  Places(hl7v2::Message const& message, ProfiledNode const& profile);

  [[nodiscard]] hl7v2::GroupTree const& tree() const { return tree_; }
  [[nodiscard]] hl7v2::Message const& message() const { return message_; }
  /// Of a tree node; null where the profile has no place for it.
  [[nodiscard]] ProfiledNode const* profiled(std::uint32_t node) const { return profiled_[node]; }
  /// Its position among the children of its group, from 1; kNone.
  [[nodiscard]] std::size_t position(std::uint32_t node) const { return positions_[node]; }
  [[nodiscard]] Place place_of(std::uint32_t node) const;
  /// Values that are there and not empty; groups and segments that are there.
  [[nodiscard]] std::vector<Place> children(Place const& place, std::size_t position) const;
  [[nodiscard]] std::vector<Place> resolve(Place const& from, RulePath const& path) const;
  /// The same without the last step.
  [[nodiscard]] std::vector<Place> resolve_parents(Place const& from, RulePath const& path) const;
  /// The text of a value, decoded; of a value in parts, of its first.
  [[nodiscard]] std::string text(Place const& place) const;

 private:
  [[nodiscard]] std::vector<Place> walk(Place const& from, RulePath const& path,
                                        std::size_t steps) const;

  hl7v2::Message const& message_;
  hl7v2::Charset charset_;
  hl7v2::StructureNode structure_;
  hl7v2::GroupTree tree_;
  std::vector<ProfiledNode const*> profiled_;
  std::vector<std::size_t> positions_, instances_;
  std::vector<std::string> paths_;
};

}  // namespace sinew::contract
