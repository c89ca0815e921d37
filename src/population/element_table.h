#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"
#include "fhirpath/expression.h"
#include "json/json.h"

namespace sinew::population {

/// A coded element of a resource that has to hold one of these codes.
struct CodeFilter {
  struct Code {
    std::string system, code;  ///< empty: any
  };
  std::string element;  ///< "category"; a code, a Coding or a CodeableConcept, one or several
  std::vector<Code> codes;
};

/// One kind of resource that holds a data element.
struct ElementRow {
  std::size_t element = 0;  ///< into ElementTable::elements
  fhir::TypeId type = 0;
  std::string profile;  ///< canonical
  std::vector<CodeFilter> filters;
  fhirpath::Expression path;
};

struct DataElement {
  std::string group, name;  ///< "Vital Signs", "Heart Rate"
};

struct ElementTable {
  std::vector<DataElement> elements;  ///< in the order of the table
  std::vector<ElementRow> rows;
};

/// Reads a table of data elements. Fails `malformed` at file and line.
/// Source: the head of data/uscdi/v3.tsv says what its columns are.
[[nodiscard]] Result<ElementTable> read_element_table(std::string_view text, std::string_view name);

/// The elements of USCDI v3. Source: data/uscdi/v3.tsv.
[[nodiscard]] Result<ElementTable> uscdi_v3();

[[nodiscard]] bool passes(std::vector<CodeFilter> const& filters, json::Value resource);

}  // namespace sinew::population
