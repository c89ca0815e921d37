#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "mapping/compiler.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::mapping {

void Compiler::error(TableRow const& row, std::string what) {
  issues_.push_back({Severity::error, ErrorCode::invalid, std::move(what), row.where()});
}

void Compiler::warn(TableRow const& row, std::string what) {
  issues_.push_back({Severity::warning, ErrorCode::invalid, std::move(what), row.where()});
}

std::string_view Compiler::keep(std::string text) {
  return program_.strings.emplace_back(std::move(text));
}

Index Compiler::add_info(EffectiveTable const& table, TableRow const& row) {
  auto name = std::string(table.stem) + "#" + std::string(row.key());
  if (auto const found = infos_.find(name); found != infos_.end()) return found->second;
  auto const columns = columns_of(table.kind);
  auto const cell = [&](std::string_view column) -> std::string {
    auto const found = std::ranges::find(columns, column);
    if (found == columns.end()) return {};
    return std::string(row.cells[static_cast<std::size_t>(found - columns.begin())]);
  };
  auto const index = static_cast<Index>(program_.infos.size());
  infos_.emplace(keep(name), index);
  auto target = cell("target");
  for (auto const* other : {"resource", "path", "to"}) {
    if (target.empty()) target = cell(other);
  }
  auto source = cell("source");
  if (source.empty()) source = cell("from");
  program_.infos.push_back({std::move(name), row.where(), tables_.layers[row.layer],
                            std::move(source), std::move(target), cell("note")});
  program_.notes.push_back(keep(program_.infos.back().note));
  return index;
}

Index Compiler::code_map(std::string_view name) const {
  auto const found = maps_.find(name);
  return found == maps_.end() ? kNone : found->second;
}

void Compiler::compile_code_map(EffectiveTable const& table) {
  auto& map = program_.code_maps.emplace_back();
  map.name = table.name();
  maps_.emplace(map.name, static_cast<Index>(program_.code_maps.size() - 1));
  auto const code_type = fhir::find_type("code");
  auto const uri_type = fhir::find_type("uri");
  for (auto const& row : table.rows) {
    CodeRow made{row.cells[1], row.cells[2], row.cells[3], row.cells[4], add_info(table, row)};
    if (!made.to.empty() && !fhir::is_valid_primitive(code_type, made.to)) {
      error(row, "`" + std::string(made.to) + "` is no legal code");
    }
    if (!made.system.empty() && !fhir::is_valid_primitive(uri_type, made.system)) {
      error(row, "`" + std::string(made.system) + "` is no legal URI");
    }
    if (row.key() == "*") {
      map.fallback_row = made;
      map.fallback = &map.fallback_row;
      continue;
    }
    map.exact.emplace(row.key(), made);
    map.folded.try_emplace(to_lower(row.key()), made);
  }
}

void Compiler::compile_systems() {
  auto const* const table = tables_.find("system");
  if (table == nullptr) return;
  auto const uri_type = fhir::find_type("uri");
  for (auto const& row : table->rows) {
    if (row.cells[1].empty() || !fhir::is_valid_primitive(uri_type, row.cells[1])) {
      error(row, "`" + std::string(row.cells[1]) + "` is no legal URI");
    }
    program_.systems.try_emplace(to_lower(row.key()), row.cells[1]);
  }
}

void Compiler::compile_ignores() {
  for (auto const& table : tables_.tables) {
    if (table.kind != TableKind::ignore) continue;
    for (auto const& row : table.rows) {
      auto const path = row.cells[1];
      IgnoreRow made;
      made.info = add_info(table, row);
      made.note = program_.notes[made.info];
      auto segment = path;
      if (path.size() == 3) {
        // A segment on its own: everything in it.
        bool const known =
            path[0] == 'Z' || hl7v2::find_segment(hl7v2::Version::v2_9, path) != nullptr;
        if (!known) error(row, "no version has a segment " + std::string(path));
      } else if (auto const source = resolve_text(path, {}, row)) {
        made.source = source->source;
        segment = path.substr(0, 3);
      } else {
        continue;
      }
      if (made.note.empty()) error(row, "the reason is missing: it is what the ledger shows");
      program_.ignores[segment].push_back(made);
    }
  }
}

void Compiler::compile_vocabulary() {
  for (auto const& table : tables_.tables) {
    if (table.kind == TableKind::code) compile_code_map(table);
    if (table.kind == TableKind::type) types_.emplace(std::string(table.name()), &table);
    if (table.kind == TableKind::segment) segments_.emplace(table.name(), &table);
  }
  auto const uri_type = fhir::find_type("uri");
  if (auto const* const table = tables_.find("extension")) {
    for (auto const& row : table->rows) {
      if (row.cells[1].empty() || !fhir::is_valid_primitive(uri_type, row.cells[1])) {
        error(row, "`" + std::string(row.cells[1]) + "` is no legal URI");
      }
      extensions_.emplace(row.key(), row.cells[1]);
    }
  }
  compile_systems();
}

void Compiler::compile() {
  compile_vocabulary();
  compile_ignores();
  collect_names();
  compile_required();
  compile_identities();
  compile_events();
  compile_structures();
  // Tables that no structure reaches yet are checked all the same.
  for (auto const& table : tables_.tables) {
    if (table.kind == TableKind::type) object_of_table(table);
    if (table.kind == TableKind::segment) check_segment_table(table);
  }
  mark_segment_use();
  find_dependencies();
}

Compiled compile(std::span<Layer const> layers) {
  Compiled out;
  auto program = std::make_shared<Program>();
  program->layers.assign(layers.begin(), layers.end());
  auto const tables = overlay(program->layers, out.issues);
  std::string all;
  for (auto const& layer : program->layers) {
    all.append(layer.name).push_back('\0');
    for (auto const& file : layer.files) {
      if (!file.path.ends_with(".tsv")) continue;
      all.append(file.path).push_back('\0');
      all.append(file.content).push_back('\0');
    }
  }
  program->digest = sha256_hex(all);
  Compiler(*program, tables, out.issues).compile();
  std::ranges::sort(out.issues, {},
                    [](Issue const& issue) { return std::tie(issue.where, issue.what); });
  auto const repeated = std::ranges::unique(out.issues, [](Issue const& a, Issue const& b) {
    return a.where == b.where && a.what == b.what;
  });
  out.issues.erase(repeated.begin(), repeated.end());
  bool const bad = std::ranges::any_of(
      out.issues, [](Issue const& issue) { return issue.severity == Severity::error; });
  if (!bad) out.program = std::move(program);
  return out;
}

std::string_view digest(Program const& program) { return program.digest; }

RuleInfo rule_info(Program const& program, std::uint32_t rule) {
  return rule < program.infos.size() ? program.infos[rule] : RuleInfo{};
}

}  // namespace sinew::mapping
