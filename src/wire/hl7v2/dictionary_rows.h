#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/table.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/structure.h"

namespace sinew::hl7v2 {

inline constexpr std::size_t kVersionCount = 14;

/// One bit per Version.
using VersionSet = std::uint16_t;
[[nodiscard]] constexpr VersionSet bit_of(std::size_t version) {
  return static_cast<VersionSet>(1u << version);
}
/// `2.3-2.5.1 2.7`: ranges over the versions of the dictionary. Zero when malformed.
[[nodiscard]] VersionSet parse_versions(std::string_view ranges);
/// The version itself when the set has it, else the nearest newer one, else the newest.
[[nodiscard]] std::size_t best_version(VersionSet set, std::size_t wanted);

/// A file of data/hl7v2, read once.
[[nodiscard]] Table load_table(std::string_view name);

/// The rows of one owner (a segment or a data type), made into definitions per version on demand.
template <class Definition>
class Definitions {
 public:
  struct Row {
    VersionSet versions;
    Definition definition;
  };
  void add(Row row) { rows_.push_back(row); }
  [[nodiscard]] VersionSet versions() const { return versions_; }
  void seal() {
    for (auto const& row : rows_) versions_ |= row.versions;
  }
  std::vector<Definition> const& of(std::size_t version) {
    std::call_once(once_[version], [&] {
      for (auto const& row : rows_) {
        if (row.versions & bit_of(version)) made_[version].push_back(row.definition);
      }
    });
    return made_[version];
  }

 private:
  std::vector<Row> rows_;
  VersionSet versions_ = 0;
  std::array<std::once_flag, kVersionCount> once_;
  std::array<std::vector<Definition>, kVersionCount> made_;
};

/// A message structure of some versions, parsed and compiled on demand.
class StructureRow {
 public:
  StructureRow(std::string_view id, VersionSet versions, std::string_view text)
      : id_(id), text_(text), versions_(versions) {}
  [[nodiscard]] VersionSet versions() const { return versions_; }
  StructureNode const& node();
  CompiledStructure const& compiled();

 private:
  std::string_view id_, text_;
  VersionSet versions_;
  std::once_flag parsed_, compiled_once_;
  StructureNode node_;
  std::unique_ptr<CompiledStructure> compiled_;
};

/// The row of a structure for a version, or nullptr.
[[nodiscard]] StructureRow* find_structure_row(Version version, std::string_view structure);

/// `MSH [{SFT}] {ORDER(ORC [OBR])}` as a tree under a root of that name.
[[nodiscard]] StructureNode parse_structure(std::string_view id, std::string_view text);

}  // namespace sinew::hl7v2
