// Compiles data/fhir/r4/{types,elements,value_sets}.tsv to the binary table that the program links
// in: `fhir_definitions_compile TYPES ELEMENTS VALUE_SETS OUT`. Part of the build.

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/table_format.h"

namespace sinew::fhir {
namespace {

/// Texts, each once, behind the header.
class Names {
 public:
  Name add(std::string_view text) {
    auto const [place, added] = places_.try_emplace(std::string(text), Name{});
    if (added) {
      auto const offset = static_cast<std::uint32_t>(sizeof(table::Header) + bytes_.size());
      place->second = {offset, static_cast<std::uint32_t>(text.size())};
      bytes_ += text;
    }
    return place->second;
  }
  std::string_view text(Name name) const {
    return std::string_view(bytes_).substr(name.offset - sizeof(table::Header), name.length);
  }
  std::string const& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::unordered_map<std::string, Name> places_;
};

/// One cell of the column `types`: `Reference(Patient Group)`, `Quantity:SimpleQuantity`.
struct TypeCell {
  std::string_view name;
  std::vector<std::string_view> targets;
};

std::vector<TypeCell> parse_types(std::string_view cell) {
  std::vector<TypeCell> cells;
  for (auto text : split(cell, '|')) {
    TypeCell parsed;
    parsed.name = text.substr(0, text.find_first_of(":("));
    if (auto const open = text.find('('); open != text.npos) {
      parsed.targets = split(text.substr(open + 1, text.size() - open - 2), ' ');
    }
    cells.push_back(std::move(parsed));
  }
  return cells;
}

/// The rows of `elements` by the path before the last dot.
using RowsByOwner = std::unordered_map<std::string, std::vector<Table::Row const*>>;

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

class Compiler {
 public:
  Result<> compile(Table const& types, Table const& elements, Table const& value_sets);
  std::string write() const;

 private:
  Result<> add_types(Table const& types);
  void add_value_sets(Table const& value_sets);
  Result<> add_elements(Table const& elements);
  Result<> add_element(TypeId owner, Table const& table, Table::Row const& row,
                       std::uint16_t& choices);
  std::vector<Table::Row const*> rows_of(TypeId id, Table const& elements,
                                         RowsByOwner const& own) const;
  Result<TypeId> find_type(std::string_view name, std::string where) const;
  std::uint16_t value_set(std::string_view url);
  template <class NameOf>
  table::Index add_index(std::size_t count, NameOf name_of);

  Names names_;
  std::vector<Type> types_{1};
  std::unordered_map<std::string, TypeId> type_ids_;
  std::vector<Element> elements_;
  std::vector<table::Index> element_indexes_;
  std::vector<TypeId> targets_;
  std::vector<table::ValueSet> value_sets_{1};
  std::unordered_map<std::string, std::uint16_t> value_set_ids_;
  std::vector<table::Code> codes_;
  std::vector<std::uint16_t> slots_;
  table::Index type_index_;
};

Result<TypeId> Compiler::find_type(std::string_view name, std::string where) const {
  auto const found = type_ids_.find(std::string(name));
  if (found == type_ids_.end()) {
    return fail(ErrorCode::invalid, "unknown type " + std::string(name), std::move(where));
  }
  return found->second;
}

template <class NameOf>
table::Index Compiler::add_index(std::size_t count, NameOf name_of) {
  std::uint32_t size = 4;
  while (size < 2 * count) size *= 2;
  table::Index const index{static_cast<std::uint32_t>(slots_.size()), size - 1};
  slots_.resize(slots_.size() + size);
  for (std::size_t row = 0; row < count; ++row) {
    std::string_view const name = name_of(row);
    auto slot = table::hash_name(name) & index.mask;
    auto at = [&]() -> std::uint16_t& { return slots_[index.first + slot]; };
    while (at() != 0 && name_of(at() - 1u) != name) slot = (slot + 1) & index.mask;
    if (at() == 0) at() = static_cast<std::uint16_t>(row + 1);
  }
  return index;
}

Result<> Compiler::add_types(Table const& types) {
  static std::map<std::string_view, TypeKind> const kKinds = {{"primitive", TypeKind::primitive},
                                                              {"complex", TypeKind::complex},
                                                              {"backbone", TypeKind::backbone},
                                                              {"resource", TypeKind::resource}};
  for (auto const& row : types.rows()) {
    auto const kind = kKinds.find(types.cell(row, "kind"));
    if (kind == kKinds.end()) return fail(ErrorCode::invalid, "unknown kind", types.where(row));
    Type type{};
    type.name = names_.add(types.cell(row, "name"));
    type.kind = kind->second;
    type.is_abstract = types.cell(row, "abstract") == "true";
    if (auto const base = types.cell(row, "base"); !base.empty()) {
      type.base = TRY(find_type(base, types.where(row)));
    }
    type_ids_[std::string(types.cell(row, "name"))] = static_cast<TypeId>(types_.size());
    types_.push_back(type);
  }
  type_index_ = add_index(types_.size(), [this](std::size_t row) {
    return row == 0 ? std::string_view() : names_.text(types_[row].name);
  });
  return {};
}

std::uint16_t Compiler::value_set(std::string_view url) {
  auto const [place, added] =
      value_set_ids_.try_emplace(std::string(url), static_cast<std::uint16_t>(value_sets_.size()));
  if (added) value_sets_.push_back({names_.add(url), 0, 0, {}});
  return place->second;
}

void Compiler::add_value_sets(Table const& value_sets) {
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> sets;
  for (auto const& row : value_sets.rows()) {
    auto& set = sets[std::string(value_sets.cell(row, "value_set"))];
    for (auto code : split(value_sets.cell(row, "codes"), ' ')) {
      if (!code.empty()) set.emplace_back(code, value_sets.cell(row, "system"));
    }
  }
  for (auto& [url, set] : sets) {
    std::sort(set.begin(), set.end());
    auto const first = codes_.size();
    for (auto const& [code, system] : set) codes_.push_back({names_.add(code), names_.add(system)});
    auto& row = value_sets_[value_set(url)];
    row.first_code = static_cast<std::uint32_t>(first);
    row.code_count = static_cast<std::uint32_t>(set.size());
    auto const index =
        add_index(set.size(), [&](std::size_t i) -> std::string_view { return set[i].first; });
    value_sets_[value_set(url)].index = index;
  }
}

Result<> Compiler::add_element(TypeId owner, Table const& table, Table::Row const& row,
                               std::uint16_t& choices) {
  auto const path = table.cell(row, "path");
  auto name = last_part(path);
  bool const is_choice = name.ends_with("[x]");
  if (is_choice) name.remove_suffix(3);
  auto& owner_type = types_[owner];
  std::uint16_t order = owner_type.element_count == 0 ? 0 : elements_.back().order + 1;

  Element element{};
  element.min = parse_integer<std::uint16_t>(table.cell(row, "min")).value_or(0);
  element.is_list = table.cell(row, "max") != "1";
  element.order = order;
  element.is_summary = table.cell(row, "flags").find('S') != std::string_view::npos;
  element.is_modifier = table.cell(row, "flags").find('M') != std::string_view::npos;
  static std::map<std::string_view, Strength> const kStrengths = {
      {"", Strength::none},
      {"example", Strength::example},
      {"preferred", Strength::preferred},
      {"extensible", Strength::extensible},
      {"required", Strength::required}};
  element.strength = kStrengths.at(table.cell(row, "strength"));
  if (auto const url = table.cell(row, "value_set"); !url.empty()) element.binding = value_set(url);
  if (element.strength == Strength::required) element.value_set = element.binding;
  if (is_choice) element.choice = ++choices;

  for (auto const& cell : parse_types(table.cell(row, "types"))) {
    auto type_name = cell.name.starts_with('#') ? cell.name.substr(1) : cell.name;
    if (auto const backbone = type_ids_.find(std::string(path)); backbone != type_ids_.end()) {
      element.type = backbone->second;
    } else {
      element.type = TRY(find_type(type_name, table.where(row)));
    }
    std::string json_name(name);
    if (is_choice) json_name += to_ascii_upper(type_name[0]) + std::string(type_name.substr(1));
    element.name = names_.add(json_name);
    element.targets = static_cast<std::uint32_t>(targets_.size());
    element.target_count = static_cast<std::uint16_t>(cell.targets.size());
    for (auto target : cell.targets) targets_.push_back(TRY(find_type(target, table.where(row))));
    elements_.push_back(element);
    ++owner_type.element_count;
  }
  return {};
}

/// The rows of a type: those of its bases first, and where a type repeats an element of its base,
/// its own row in the place of the base's.
std::vector<Table::Row const*> Compiler::rows_of(TypeId id, Table const& elements,
                                                 RowsByOwner const& own) const {
  std::vector<TypeId> lineage;
  for (TypeId at = id; at != 0; at = types_[at].base) lineage.push_back(at);
  std::vector<Table::Row const*> rows;
  for (auto at = lineage.rbegin(); at != lineage.rend(); ++at) {
    auto const found = own.find(std::string(names_.text(types_[*at].name)));
    if (found == own.end()) continue;
    for (auto const* row : found->second) {
      auto const name = last_part(elements.cell(*row, "path"));
      auto const same = std::find_if(rows.begin(), rows.end(), [&](auto const* other) {
        return last_part(elements.cell(*other, "path")) == name;
      });
      same == rows.end() ? rows.push_back(row) : void(*same = row);
    }
  }
  return rows;
}

Result<> Compiler::add_elements(Table const& elements) {
  RowsByOwner own;
  for (auto const& row : elements.rows()) {
    auto const path = elements.cell(row, "path");
    own[std::string(path.substr(0, path.rfind('.')))].push_back(&row);
  }
  for (TypeId id = 0; id < types_.size(); ++id) {
    types_[id].first_element = static_cast<ElementId>(elements_.size());
    std::uint16_t choices = 0;
    for (auto const* row : rows_of(id, elements, own)) {
      if (elements.cell(*row, "max") != "0") TRY(add_element(id, elements, *row, choices));
    }
    element_indexes_.push_back(add_index(types_[id].element_count, [&](std::size_t i) {
      return names_.text(elements_[types_[id].first_element + i].name);
    }));
  }
  constexpr std::size_t kElementsMax = 0xFFFF;  // ElementId
  if (elements_.size() >= kElementsMax) return fail(ErrorCode::too_large, "too many elements");
  return {};
}

Result<> Compiler::compile(Table const& types, Table const& elements, Table const& value_sets) {
  TRY(add_types(types));
  add_value_sets(value_sets);
  return add_elements(elements);
}

/// Appends rows, aligned, and says where they are.
template <class Row>
table::Section append(std::string& out, std::vector<Row> const& rows) {
  constexpr std::size_t kAlignment = 16;
  out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment);
  table::Section const section{static_cast<std::uint32_t>(out.size()),
                               static_cast<std::uint32_t>(rows.size())};
  out.append(reinterpret_cast<char const*>(rows.data()), rows.size() * sizeof(Row));
  return section;
}

std::string Compiler::write() const {
  std::string out(sizeof(table::Header), '\0');
  out += names_.bytes();
  table::Header header;
  header.type_index = type_index_;
  header.types = append(out, types_);
  header.elements = append(out, elements_);
  header.element_indexes = append(out, element_indexes_);
  header.targets = append(out, targets_);
  header.value_sets = append(out, value_sets_);
  header.codes = append(out, codes_);
  header.slots = append(out, slots_);
  header.bytes = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

Result<> run(char** paths) {
  std::string texts[3];
  std::vector<Table> tables;
  for (int i = 0; i < 3; ++i) {
    texts[i] = TRY(read_file(paths[i]));
    tables.push_back(TRY(Table::parse(texts[i], paths[i])));
  }
  Compiler compiler;
  TRY(compiler.compile(tables[0], tables[1], tables[2]));
  return write_file(paths[3], compiler.write());
}

}  // namespace
}  // namespace sinew::fhir

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: fhir_definitions_compile TYPES ELEMENTS VALUE_SETS OUT\n", stderr);
    return 2;
  }
  auto const result = sinew::fhir::run(argv + 1);
  if (!result) std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
  return result ? 0 : 1;
}
