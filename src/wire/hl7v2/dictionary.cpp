#include "wire/hl7v2/dictionary.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "wire/hl7v2/dictionary_rows.h"

namespace sinew::hl7v2 {
namespace {

template <class Integer>
Integer number_in(std::string_view cell) {
  return parse_integer<Integer>(cell).value_or(Integer{});
}

char usage_in(std::string_view cell) { return cell.empty() ? 'O' : cell.front(); }

template <class Definition>
using Owners = std::unordered_map<std::string_view, Definitions<Definition>>;

/// Each file of data/hl7v2 is read when it is first asked for, and kept for ever.
Owners<FieldDefinition>& segments() {
  static auto owners = [] {
    static Table const table = load_table("fields.tsv");
    Owners<FieldDefinition> made;
    for (auto const& row : table.rows()) {
      auto cell = [&](std::size_t i) {
        return i < row.cells.size() ? row.cells[i] : std::string_view{};
      };
      made[cell(0)].add({parse_versions(cell(2)),
                         {cell(3), cell(4), number_in<std::uint16_t>(cell(1)), usage_in(cell(5)),
                          number_in<std::uint16_t>(cell(6)), number_in<std::uint32_t>(cell(7)),
                          number_in<std::uint16_t>(cell(8))}});
    }
    for (auto& [id, definitions] : made) definitions.seal();
    return made;
  }();
  return owners;
}

Owners<ComponentDefinition>& types() {
  static auto owners = [] {
    static Table const table = load_table("types.tsv");
    Owners<ComponentDefinition> made;
    for (auto const& row : table.rows()) {
      auto cell = [&](std::size_t i) {
        return i < row.cells.size() ? row.cells[i] : std::string_view{};
      };
      made[cell(0)].add({parse_versions(cell(2)),
                         {cell(3), cell(4), number_in<std::uint16_t>(cell(1)), usage_in(cell(5)),
                          number_in<std::uint32_t>(cell(6)), number_in<std::uint16_t>(cell(7))}});
    }
    for (auto& [id, definitions] : made) definitions.seal();
    return made;
  }();
  return owners;
}

/// A value per version set, under a key.
struct Choice {
  VersionSet versions;
  std::string_view value;
};
using Choices = std::unordered_map<std::string, std::vector<Choice>>;

std::string_view choose(Choices const& choices, std::string const& key, Version version) {
  auto const found = choices.find(key);
  if (found == choices.end()) return {};
  VersionSet all = 0;
  for (auto const& choice : found->second) all |= choice.versions;
  auto const best = bit_of(best_version(all, static_cast<std::size_t>(version)));
  auto const row = std::ranges::find_if(
      found->second, [&](Choice const& choice) { return (choice.versions & best) != 0; });
  return row == found->second.end() ? std::string_view{} : row->value;
}

Choices const& names_of_segments() {
  static auto const choices = [] {
    static Table const table = load_table("segments.tsv");
    Choices made;
    for (auto const& row : table.rows()) {
      made[std::string(row.cells[0])].push_back({parse_versions(row.cells[1]), row.cells[2]});
    }
    return made;
  }();
  return choices;
}

Choices const& events() {
  static auto const choices = [] {
    static Table const table = load_table("events.tsv");
    Choices made;
    for (auto const& row : table.rows()) {
      auto const key = std::string(row.cells[0]) + "^" + std::string(row.cells[1]);
      made[key].push_back({parse_versions(row.cells[2]), row.cells[3]});
    }
    return made;
  }();
  return choices;
}

using Structures = std::unordered_map<std::string_view, std::deque<StructureRow>>;

Structures& structures() {
  static auto rows = [] {
    static Table const table = load_table("structures.tsv");
    Structures made;
    for (auto const& row : table.rows()) {
      made[row.cells[0]].emplace_back(row.cells[0], parse_versions(row.cells[1]), row.cells[2]);
    }
    return made;
  }();
  return rows;
}

struct Code {
  std::uint16_t table;
  std::string_view code;
  std::string_view display;
  bool operator<(Code const& other) const {
    return table != other.table ? table < other.table : code < other.code;
  }
};

std::vector<Code> const& codes() {
  static auto const sorted = [] {
    static Table const table = load_table("codes.tsv");
    std::vector<Code> made;
    made.reserve(table.rows().size());
    for (auto const& row : table.rows()) {
      if (row.cells.size() == 3) {
        made.push_back({number_in<std::uint16_t>(row.cells[0]), row.cells[1], row.cells[2]});
      }
    }
    std::ranges::sort(made, std::less<>{});
    return made;
  }();
  return sorted;
}

template <class Definition>
std::vector<Definition> const* find_owner(Owners<Definition>& owners, Version version,
                                          std::string_view name) {
  auto const found = owners.find(name);
  if (found == owners.end()) return nullptr;
  return &found->second.of(
      best_version(found->second.versions(), static_cast<std::size_t>(version)));
}

}  // namespace

std::vector<FieldDefinition> const* find_segment(Version version, std::string_view id) {
  return find_owner(segments(), version, id);
}

std::vector<ComponentDefinition> const* find_type(Version version, std::string_view type) {
  return find_owner(types(), version, type);
}

std::string_view segment_name(Version version, std::string_view id) {
  return choose(names_of_segments(), std::string(id), version);
}

FieldDefinition const* find_field(Version version, std::string_view segment, std::size_t number) {
  auto const found = segments().find(segment);
  if (found == segments().end()) return nullptr;
  // A field that the version does not have yet is one that the sender has adopted early.
  auto const first = best_version(found->second.versions(), static_cast<std::size_t>(version));
  for (auto at = first; at < kVersionCount; ++at) {
    auto const& fields = found->second.of(at);
    auto const field = std::ranges::find(fields, number, &FieldDefinition::number);
    if (field != fields.end()) return &*field;
  }
  return nullptr;
}

StructureRow* find_structure_row(Version version, std::string_view structure) {
  auto const found = structures().find(structure);
  if (found == structures().end()) return nullptr;
  auto const wanted = bit_of(static_cast<std::size_t>(version));
  StructureRow* newest = nullptr;
  for (auto& row : found->second) {
    if (row.versions() & wanted) return &row;
    if (!newest || row.versions() > newest->versions()) newest = &row;
  }
  return newest;
}

StructureNode const* find_structure(Version version, std::string_view structure) {
  auto* const row = find_structure_row(version, structure);
  return row ? &row->node() : nullptr;
}

std::string_view structure_of_event(Version version, std::string_view type,
                                    std::string_view event) {
  if (type == "ACK") return "ACK";
  std::string key(type);
  key += '^';
  key += event;
  return choose(events(), key, version);
}

std::optional<std::string_view> table_display(std::uint16_t table, std::string_view code) {
  auto const found = std::ranges::lower_bound(codes(), Code{table, code, {}}, std::less<>{});
  if (found == codes().end() || found->table != table || found->code != code) return std::nullopt;
  return found->display;
}

std::string_view table_name(std::uint16_t table) {
  static Table const rows = load_table("tables.tsv");
  for (auto const& row : rows.rows()) {
    if (row.cells.size() == 2 && number_in<std::uint16_t>(row.cells[0]) == table)
      return row.cells[1];
  }
  return {};
}

}  // namespace sinew::hl7v2
