#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "json/write.h"
#include "mapping/tables.h"

namespace sinew::app {
namespace {

std::string row_text(mapping::EffectiveTables const& tables, mapping::TableRow const& row,
                     std::size_t columns) {
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    text += row.cells[i];
    text += '\t';
  }
  return text + fmt::format("# {} {}:{}\n", tables.layers[row.layer], row.file, row.line);
}

std::string tables_text(mapping::EffectiveTables const& tables) {
  std::string text;
  for (auto const& table : tables.tables) {
    auto const columns = mapping::columns_of(table.kind);
    text += fmt::format("\n## {}\n", table.stem);
    for (auto const& row : table.rows) text += row_text(tables, row, columns.size());
  }
  return text;
}

std::string tables_json(mapping::EffectiveTables const& tables) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (auto const& table : tables.tables) {
    auto const columns = mapping::columns_of(table.kind);
    for (auto const& row : table.rows) {
      writer.begin_object();
      writer.member("table", table.stem);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!row.cells[i].empty()) writer.member(columns[i], row.cells[i]);
      }
      writer.member("layer", tables.layers[row.layer]);
      writer.member("where", row.where());
      writer.end_object();
    }
  }
  writer.end_array();
  return text + "\n";
}

}  // namespace

int map_print(MapCheckSettings const& settings) {
  auto const layers = open_layers(settings.map);
  if (!layers) return complain(layers.error()), kExitFailed;
  std::vector<Issue> issues;
  auto const tables = mapping::overlay(*layers, issues);
  print(settings.json ? tables_json(tables) : tables_text(tables));
  return kExitSuccess;
}

}  // namespace sinew::app
