#include "population/element_table.h"

#include <algorithm>

#include "base/data.h"
#include "base/table.h"
#include "base/text.h"

namespace sinew::population {
namespace {

constexpr std::string_view kProfiles = "http://hl7.org/fhir/us/core/StructureDefinition/";
constexpr std::string_view kTable = "uscdi/v3.tsv";

/// `category=system|code,code`
Result<CodeFilter> read_filter(std::string_view text) {
  auto const equals = text.find('=');
  if (equals == text.npos || equals == 0) return fail(ErrorCode::malformed, "no element=codes");
  CodeFilter filter{std::string(text.substr(0, equals)), {}};
  for (auto const code : split(text.substr(equals + 1), ',')) {
    auto const bar = code.find('|');
    if (bar == code.npos) {
      filter.codes.push_back({{}, std::string(code)});
    } else {
      filter.codes.push_back({std::string(code.substr(0, bar)), std::string(code.substr(bar + 1))});
    }
  }
  return filter;
}

Result<ElementRow> read_row(Table const& table, Table::Row const& row) {
  auto const text = table.cell(row, "path");
  auto const type = fhir::find_type(text.substr(0, text.find('.')));
  if (type == 0) return fail(ErrorCode::malformed, "the path begins with no type");
  auto path = TRY(fhirpath::Expression::compile(text, {.is_strict = false, .context = type}));
  ElementRow made{
      0, type, std::string(kProfiles) + std::string(table.cell(row, "profile")), {}, path};
  auto const when = table.cell(row, "when");
  if (!when.empty()) {
    for (auto const filter : split(when, ' ')) made.filters.push_back(TRY(read_filter(filter)));
  }
  return made;
}

bool holds(json::Value coded, CodeFilter::Code const& wanted) {
  auto const is_one = [&](std::string_view system, std::string_view code) {
    return (wanted.system.empty() || wanted.system == system) &&
           (wanted.code.empty() || wanted.code == code) && !code.empty();
  };
  if (coded.is_string()) return is_one({}, coded.text());
  if (auto const codings = coded["coding"]; codings) {
    return std::ranges::any_of(codings.elements(), [&](json::Value coding) {
      return is_one(coding["system"].text(), coding["code"].text());
    });
  }
  return is_one(coded["system"].text(), coded["code"].text());
}

bool passes(CodeFilter const& filter, json::Value resource) {
  auto const element = resource[filter.element];
  auto const matches = [&](json::Value coded) {
    return std::ranges::any_of(filter.codes, [&](auto const& code) { return holds(coded, code); });
  };
  if (!element.is_array()) return element && matches(element);
  return std::ranges::any_of(element.elements(), matches);
}

}  // namespace

Result<ElementTable> read_element_table(std::string_view text, std::string_view name) {
  auto const table = TRY(Table::parse(text, name));
  ElementTable made;
  for (auto const& row : table.rows()) {
    auto read = read_row(table, row);
    if (!read) return fail(ErrorCode::malformed, read.error().what, table.where(row));
    DataElement const element{std::string(table.cell(row, "class")),
                              std::string(table.cell(row, "element"))};
    auto const known = std::ranges::find_if(made.elements, [&](DataElement const& other) {
      return other.group == element.group && other.name == element.name;
    });
    read->element = static_cast<std::size_t>(known - made.elements.begin());
    if (known == made.elements.end()) made.elements.push_back(element);
    made.rows.push_back(*std::move(read));
  }
  return made;
}

Result<ElementTable> uscdi_v3() { return read_element_table(TRY(embedded_data(kTable)), kTable); }

bool passes(std::vector<CodeFilter> const& filters, json::Value resource) {
  return std::ranges::all_of(filters,
                             [&](CodeFilter const& filter) { return passes(filter, resource); });
}

}  // namespace sinew::population
