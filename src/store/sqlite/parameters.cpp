#include "store/sqlite/parameters.h"

#include <algorithm>

#include "json/write.h"
#include "store/whole_expression.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kParametersMax = 4096;

void write_names(json::Writer& writer, std::string_view key,
                 std::vector<std::string> const& names) {
  if (names.empty()) return;
  writer.key(key);
  writer.begin_array();
  for (auto const& name : names) writer.string(name);
  writer.end_array();
}

/// As a SearchParameter again.
std::string print(fhir::ParameterDefinition const& definition) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "SearchParameter");
  writer.member("url", definition.url);
  writer.member("status", "active");
  writer.member("code", definition.code);
  write_names(writer, "base", definition.bases);
  writer.member("type", definition.type);
  writer.member("expression", definition.expression);
  write_names(writer, "target", definition.targets);
  if (!definition.components.empty()) {
    writer.key("component");
    writer.begin_array();
    for (auto const& [url, expression] : definition.components) {
      writer.begin_object();
      writer.member("definition", url);
      writer.member("expression", expression);
      writer.end_object();
    }
    writer.end_array();
  }
  writer.end_object();
  return out;
}

/// True where R4 has a parameter of that code for every type it concerns: R4's stays.
bool is_r4s(fhir::ParameterDefinition const& definition) {
  fhir::SearchScope const r4_alone(nullptr);
  return std::ranges::all_of(definition.bases, [&](std::string const& base) {
    bool const is_abstract = fhir::type(fhir::find_type(base)).is_abstract;
    auto const type = fhir::find_type(is_abstract ? "Patient" : base);
    return fhir::find_parameter(type, definition.code) != nullptr;
  });
}

bool is_same(fhir::ParameterDefinition a, fhir::ParameterDefinition const& b) {
  a.in_force = b.in_force;
  return a == b;
}

/// Why nothing can be found by a definition; empty: something can.
std::string fault_of(fhir::ParameterDefinition const& definition) {
  auto const tables = fhir::make_search_tables({&definition, 1}, 1);
  if (!add_evaluation(*tables).empty()) return definition.url + ": the expression cannot be read";
  // What R4's own definitions are not read for comes first.
  fhir::SearchScope const r4_alone(nullptr);
  auto const known = fhir::search_tables().not_compiled.size();
  if (tables->not_compiled.size() > known)
    return definition.url + ": " + tables->not_compiled[known];
  return {};
}

}  // namespace

Result<std::vector<ParameterRow>> load_parameters(Connection& connection) {
  std::vector<ParameterRow> rows;
  auto cursor =
      connection.query("SELECT seq, source, in_force, definition FROM parameter ORDER BY seq");
  while (TRY(cursor.next())) {
    auto const document = TRY(json::Document::parse(std::string(cursor.text(3))));
    auto definition = TRY(fhir::read_parameter_definition(document.root()));
    definition.in_force = cursor.integer(2) != 0;
    rows.push_back({cursor.integer(0), cursor.integer(1), std::move(definition)});
  }
  return rows;
}

Result<> save_parameters(Connection& connection, std::vector<ParameterRow> const& before,
                         std::vector<ParameterRow> const& after) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    auto const& row = after[i];
    std::int64_t const in_force = row.definition.in_force ? 1 : 0;
    if (i >= before.size())
      TRY(connection.execute(
          "INSERT INTO parameter(seq, source, in_force, definition) VALUES(?, ?, ?, ?)", row.seq,
          row.source, in_force, print(row.definition)));
    else if (before[i].definition.in_force != row.definition.in_force)
      TRY(connection.execute("UPDATE parameter SET in_force=? WHERE seq=?", in_force, row.seq));
  }
  return {};
}

std::shared_ptr<fhir::SearchTables const> tables_of(std::vector<ParameterRow> const& rows,
                                                    std::uint64_t generation) {
  if (rows.empty()) return nullptr;
  std::vector<fhir::ParameterDefinition> definitions;
  for (auto const& row : rows) definitions.push_back(row.definition);
  auto const tables = fhir::make_search_tables(definitions, generation);
  (void)add_evaluation(*tables);  // each was tried when it was taken in
  return tables;
}

std::vector<ParameterRow> with_definitions(
    std::vector<ParameterRow> rows, std::int64_t source,
    std::vector<fhir::ParameterDefinition> const& definitions, std::vector<std::string>& faults) {
  for (auto const& definition : definitions) {
    if (is_r4s(definition)) continue;
    auto same = rows.end();
    for (auto row = rows.begin(); row != rows.end(); ++row) {
      if (row->source != source || row->definition.url != definition.url) continue;
      row->definition.in_force = false;
      if (is_same(row->definition, definition)) same = row;
    }
    if (same != rows.end()) {
      same->definition.in_force = definition.in_force;
      continue;
    }
    if (!definition.in_force) continue;
    if (auto fault = fault_of(definition); !fault.empty()) {
      faults.push_back(std::move(fault));
    } else if (rows.size() >= kParametersMax) {
      faults.push_back(definition.url + ": too many search parameters");
    } else {
      rows.push_back({rows.empty() ? 1 : rows.back().seq + 1, source, definition});
    }
  }
  return rows;
}

std::vector<fhir::TypeId> types_of_path(fhir::PathId path) {
  auto const base = fhir::index_paths()[path].resource;
  if (!fhir::type(base).is_abstract) return {base};
  std::vector<fhir::TypeId> types;
  for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) {
    auto const& type = fhir::type(id);
    if (type.kind != fhir::TypeKind::resource || type.is_abstract) continue;
    for (auto at = id; at != 0; at = fhir::type(at).base)
      if (at == base) types.push_back(id);
  }
  return types;
}

}  // namespace sinew::store::sqlite
