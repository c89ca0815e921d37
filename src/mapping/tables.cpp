#include "mapping/tables.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/data.h"
#include "base/file.h"
#include "base/table.h"
#include "base/text.h"

namespace sinew::mapping {
namespace {

constexpr std::string_view kBuiltInFolder = "map/hl7v2/";
/// More than any hospital's tables, and little enough to refuse early.
constexpr std::size_t kTableBytesMax = std::size_t{16} << 20;

// clang-format off
constexpr std::string_view kMessageColumns[]   = {"id", "source", "resource", "use", "when", "links", "note"};
constexpr std::string_view kRuleColumns[]      = {"id", "source", "target", "as", "when", "note"};
constexpr std::string_view kCodeColumns[]      = {"from", "to", "system", "display", "note"};
constexpr std::string_view kIdentityColumns[]  = {"id", "resource", "tuple", "when", "note"};
constexpr std::string_view kRequiredColumns[]  = {"id", "path", "policy", "note"};
constexpr std::string_view kEventColumns[]     = {"id", "event", "resource", "verb", "set", "when", "note"};
constexpr std::string_view kIgnoreColumns[]    = {"id", "source", "note"};
constexpr std::string_view kStructureColumns[] = {"structure", "table", "note"};
constexpr std::string_view kExtensionColumns[] = {"name", "url", "note"};
constexpr std::string_view kSystemColumns[]    = {"name", "uri", "note"};

struct KindRow {
  TableKind kind;
  std::string_view path;  ///< a folder, or a whole stem
  std::span<std::string_view const> columns;
};
constexpr auto kKinds = std::to_array<KindRow>({
    {TableKind::message,   "message/",  kMessageColumns},
    {TableKind::segment,   "segment/",  kRuleColumns},
    {TableKind::type,      "type/",     kRuleColumns},
    {TableKind::code,      "code/",     kCodeColumns},
    {TableKind::identity,  "identity/", kIdentityColumns},
    {TableKind::required,  "required/", kRequiredColumns},
    {TableKind::event,     "event/",    kEventColumns},
    {TableKind::ignore,    "ignore/",   kIgnoreColumns},
    {TableKind::structure, "structure", kStructureColumns},
    {TableKind::extension, "extension", kExtensionColumns},
    {TableKind::system,    "system",    kSystemColumns},
});
// clang-format on

std::optional<TableKind> kind_of(std::string_view stem) {
  for (auto const& row : kKinds) {
    bool const folder = row.path.ends_with('/');
    if (folder ? stem.starts_with(row.path) : stem == row.path) return row.kind;
  }
  return std::nullopt;
}

Issue mistake(std::string where, std::string what) {
  return {Severity::error, ErrorCode::malformed, std::move(what), std::move(where)};
}

/// Puts the rows of one file over what the lower layers have.
class Overlay {
 public:
  Overlay(EffectiveTables& out, std::vector<Issue>& issues) : out_(out), issues_(issues) {}

  void add(TableFile const& file, std::uint16_t layer) {
    std::string_view const path = file.path;
    if (!path.ends_with(".tsv") || path.starts_with("test/")) return;
    auto const stem = path.substr(0, path.size() - 4);
    auto const kind = kind_of(stem);
    if (!kind) {
      return issues_.push_back(
          mistake(file.path, "no table goes by this name: see mapping-tables.md"));
    }
    if (file.content.size() > kTableBytesMax) {
      return issues_.push_back(mistake(file.path, "the table is too large"));
    }
    auto const parsed = Table::parse(file.content, path);
    if (!parsed) {
      return issues_.push_back(mistake(parsed.error().where, parsed.error().what));
    }
    auto const places = places_of(*parsed, *kind, file.path);
    if (places.empty()) return;
    auto& table = table_for(stem, *kind);
    for (auto const& row : parsed->rows()) {
      TableRow made;
      made.file = path;
      made.line = static_cast<std::uint32_t>(row.line);
      made.layer = layer;
      for (std::size_t i = 0; i < row.cells.size(); ++i) made.cells[places[i]] = row.cells[i];
      place(table, made);
    }
  }

  void sort() { std::ranges::sort(out_.tables, {}, &EffectiveTable::stem); }

 private:
  /// For each column of the file its place in TableRow::cells.
  std::vector<std::size_t> places_of(Table const& parsed, TableKind kind, std::string const& path) {
    auto const columns = columns_of(kind);
    std::vector<std::size_t> places;
    bool usable = true;
    for (auto const name : parsed.columns()) {
      auto const found = std::ranges::find(columns, name);
      if (found == columns.end()) {
        issues_.push_back(mistake(path + ":1", "unknown column `" + std::string(name) + "`"));
        usable = false;
      }
      places.push_back(static_cast<std::size_t>(found - columns.begin()));
    }
    for (std::size_t required = 0; required < 2; ++required) {
      if (!parsed.column(columns[required])) {
        issues_.push_back(
            mistake(path + ":1", "column `" + std::string(columns[required]) + "` is missing"));
        usable = false;
      }
    }
    if (!usable) places.clear();
    return places;
  }

  EffectiveTable& table_for(std::string_view stem, TableKind kind) {
    auto const [entry, fresh] = by_stem_.try_emplace(stem, out_.tables.size());
    if (fresh) out_.tables.push_back({kind, stem, {}});
    return out_.tables[entry->second];
  }

  void place(EffectiveTable& table, TableRow const& row) {
    auto key = row.key();
    if (key.empty()) {
      return issues_.push_back(mistake(row.where(), "the row has no id"));
    }
    auto& keys = keys_[table.stem];
    if (row.layer > 0 && key.size() > 1 && key[0] == '-' && !keys.contains(key)) {
      auto const found = keys.find(key.substr(1));
      if (found == keys.end()) {
        return issues_.push_back(
            mistake(row.where(), "no lower layer has the row that this deletes"));
      }
      auto const index = found->second;
      table.rows.erase(table.rows.begin() + static_cast<std::ptrdiff_t>(index));
      keys.erase(found);
      for (auto& [other, at] : keys) at -= at > index;
      return;
    }
    auto const [entry, fresh] = keys.try_emplace(key, table.rows.size());
    if (fresh) return table.rows.push_back(row);
    auto& old = table.rows[entry->second];
    if (old.layer == row.layer && old.file == row.file) {
      return issues_.push_back(mistake(row.where(), "`" + std::string(key) + "` stands in line " +
                                                        std::to_string(old.line) + " already"));
    }
    old = row;
  }

  EffectiveTables& out_;
  std::vector<Issue>& issues_;
  std::unordered_map<std::string_view, std::size_t> by_stem_;
  std::unordered_map<std::string_view, std::unordered_map<std::string_view, std::size_t>> keys_;
};

}  // namespace

std::string TableRow::where() const { return std::string(file) + ":" + std::to_string(line); }

std::span<std::string_view const> columns_of(TableKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].columns;
}

EffectiveTable const* EffectiveTables::find(std::string_view stem) const {
  auto const found = std::ranges::lower_bound(tables, stem, {}, &EffectiveTable::stem);
  return found != tables.end() && found->stem == stem ? &*found : nullptr;
}

EffectiveTables overlay(std::span<Layer const> layers, std::vector<Issue>& issues) {
  EffectiveTables out;
  Overlay overlay(out, issues);
  for (auto const& layer : layers) {
    auto const index = static_cast<std::uint16_t>(out.layers.size());
    out.layers.push_back(layer.name);
    for (auto const& file : layer.files) overlay.add(file, index);
  }
  overlay.sort();
  return out;
}

Layer built_in_layer() {
  Layer layer{"base", {}};
  for (auto const& file : embedded_data_below(kBuiltInFolder)) {
    layer.files.push_back({file.path.substr(kBuiltInFolder.size()), std::string(file.content)});
  }
  return layer;
}

Result<Layer> read_layer(std::string const& folder) {
  Layer layer{folder, {}};
  for (auto const& path : TRY(list_files(folder))) {
    layer.files.push_back({path, TRY(read_file(folder + "/" + path))});
  }
  return layer;
}

}  // namespace sinew::mapping
