#include "fhir/search_compartment.h"

#include "base/check.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"

namespace sinew::fhir {
namespace {

Table const& compartment_table() {
  static Table const kTable = [] {
    auto const text = embedded_data("fhir/r4/compartments.tsv");
    SINEW_CHECK(bool(text));
    auto table = Table::parse(*text, "compartments.tsv");
    SINEW_CHECK(bool(table));
    return *std::move(table);
  }();
  return kTable;
}

}  // namespace

std::vector<std::string_view> compartment_parameters(std::string_view compartment,
                                                     std::string_view type) {
  auto const& table = compartment_table();
  for (auto const& row : table.rows())
    if (table.cell(row, "compartment") == compartment && table.cell(row, "type") == type)
      return split(table.cell(row, "parameters"), ' ');
  return {};
}

std::vector<std::string_view> compartment_types(std::string_view compartment) {
  auto const& table = compartment_table();
  std::vector<std::string_view> types;
  for (auto const& row : table.rows())
    if (table.cell(row, "compartment") == compartment) types.push_back(table.cell(row, "type"));
  return types;
}

}  // namespace sinew::fhir
