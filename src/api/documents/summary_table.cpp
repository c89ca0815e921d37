#include "api/documents/summary_table.h"

#include <algorithm>
#include <array>

#include "base/data.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/definitions.h"

namespace sinew::documents {
namespace {

constexpr std::string_view kFolder = "documents/ips/";

/// How what a column's path yields becomes text: FHIRPath behind the path.
struct KindRow {
  std::string_view kind, then;
};
constexpr auto kKinds = std::to_array<KindRow>({
    {"concept",
     ".select(iif(text.exists(), text, iif(coding.display.exists(), coding.display.first(), "
     "coding.code.first())))"},
    {"text", ""},
    {"time",
     ".select(iif($this is Period, start.toString() & ' - ' & end.toString(), "
     "iif($this is Quantity, value.toString() & ' ' & unit, $this.toString())))"},
    {"value",
     ".select(iif($this is Quantity, comparator & value.toString() & ' ' & iif(unit.exists(), "
     "unit, code), iif($this is CodeableConcept, iif(text.exists(), text, "
     "iif(coding.display.exists(), coding.display.first(), coding.code.first())), "
     "iif($this is Period, start.toString() & ' - ' & end.toString(), "
     "iif($this is Range, low.value.toString() & ' - ' & high.value.toString() & ' ' & high.unit, "
     "iif($this is Ratio, numerator.value.toString() & ' : ' & denominator.value.toString(), "
     "$this.toString()))))))"},
});

/// A table file with its columns by name.
class File {
 public:
  static Result<File> open(std::string_view name) {
    auto const path = std::string(kFolder) + std::string(name);
    return File(TRY(Table::parse(TRY(embedded_data(path)), path)));
  }

  [[nodiscard]] std::vector<Table::Row> const& rows() const { return table_.rows(); }
  [[nodiscard]] std::string cell(Table::Row const& row, std::string_view column) const {
    return std::string(table_.cell(row, column));
  }
  [[nodiscard]] Failure fault(Table::Row const& row, std::string what) const {
    return fail(ErrorCode::internal, std::move(what), table_.where(row));
  }
  Result<fhirpath::Expression> expression(Table::Row const& row, std::string const& text) const {
    auto made = fhirpath::Expression::compile(text);
    if (!made) return fault(row, made.error().where + ": " + made.error().what);
    return made;
  }
  Result<std::string> type(Table::Row const& row) const {
    auto name = cell(row, "type");
    if (fhir::find_type(name) == 0) return fault(row, "no such type");
    return name;
  }

 private:
  explicit File(Table table) : table_(std::move(table)) {}
  Table table_;
};

Result<> read_sections(SummaryTable& table) {
  auto const file = TRY(File::open("sections.tsv"));
  for (auto const& row : file.rows()) {
    table.sections.push_back({file.cell(row, "code"), file.cell(row, "title"),
                              file.cell(row, "absent"), file.cell(row, "text")});
  }
  return {};
}

Result<> read_entries(SummaryTable& table) {
  auto const file = TRY(File::open("entries.tsv"));
  for (auto const& row : file.rows()) {
    auto const section = file.cell(row, "section");
    auto const newest = parse_integer<std::size_t>(file.cell(row, "newest"));
    bool const is_known =
        std::ranges::find(table.sections, section, &SectionRow::code) != table.sections.end();
    if (!is_known || !newest) return file.fault(row, "no such section, or no number");
    table.entries.push_back({section, TRY(file.type(row)), file.cell(row, "query"), *newest,
                             TRY(file.expression(row, file.cell(row, "filter")))});
  }
  return {};
}

Result<> read_columns(SummaryTable& table) {
  auto const file = TRY(File::open("columns.tsv"));
  for (auto const& row : file.rows()) {
    auto const kind = file.cell(row, "kind");
    auto const* const known = std::ranges::find(kKinds, kind, &KindRow::kind);
    if (known == kKinds.end()) return file.fault(row, "no such kind");
    auto const path = file.cell(row, "path") + std::string(known->then);
    table.columns.push_back(
        {TRY(file.type(row)), file.cell(row, "title"), TRY(file.expression(row, path))});
  }
  return {};
}

Result<> read_completions(SummaryTable& table) {
  auto const file = TRY(File::open("completions.tsv"));
  for (auto const& row : file.rows()) {
    table.completions.push_back({TRY(file.type(row)),
                                 TRY(file.expression(row, file.cell(row, "unless"))),
                                 file.cell(row, "member"), file.cell(row, "json")});
  }
  return {};
}

}  // namespace

Result<SummaryTable> load_summary_table() {
  SummaryTable table;
  TRY(read_sections(table));
  TRY(read_entries(table));
  TRY(read_columns(table));
  TRY(read_completions(table));
  return table;
}

}  // namespace sinew::documents
