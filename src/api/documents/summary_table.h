#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "fhirpath/expression.h"

namespace sinew::documents {

// data/documents/ips: what a patient summary consists of.

/// A section of the Composition.
struct SectionRow {
  std::string code, title;
  std::string absent;  ///< a resource as JSON; empty: the section is left out when it is empty
  std::string text;    ///< what the narrative says then
};

/// Resources that belong into a section.
struct EntryRow {
  std::string section, type, query;
  std::size_t newest = 0;  ///< at most as many
  fhirpath::Expression filter;
};

/// A column of a section's narrative.
struct ColumnRow {
  std::string type, title;
  fhirpath::Expression path;
};

/// What a profile requires and the standard does not.
struct CompletionRow {
  std::string type;
  fhirpath::Expression unless;
  std::string member, json;
};

struct SummaryTable {
  std::vector<SectionRow> sections;
  std::vector<EntryRow> entries;
  std::vector<ColumnRow> columns;
  std::vector<CompletionRow> completions;
};

/// Reads the tables that are built in. Fails at the row that is wrong.
[[nodiscard]] Result<SummaryTable> load_summary_table();

}  // namespace sinew::documents
