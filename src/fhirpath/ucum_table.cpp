#include "fhirpath/ucum_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"

namespace sinew::fhirpath::ucum {
namespace {

Int128 common_divisor(Int128 a, Int128 b) {
  while (b != 0) {
    auto const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/// Degrees: kelvin = (value + offset) × factor. Source: UCUM §22, the functions of these units.
struct OffsetRow {
  std::string_view kind;
  Decimal offset;
};
constexpr auto kOffsets = std::to_array<OffsetRow>({
    {"special:Cel", {27315, 2}},
    {"special:degF", {45967, 2}},
    {"special:degRe", {21852, 2}},
});

Table read_table(std::string_view name) {
  auto const text = embedded_data(name);
  SINEW_CHECK(bool(text));
  auto table = Table::parse(*text, name);
  SINEW_CHECK(bool(table));
  return *std::move(table);
}

/// The meaning of a row, when the units it is defined by are known already.
std::optional<Unit> define(Table::Row const& row, UnitTable const& known, std::uint16_t number) {
  auto const kind = row.cells[2];
  Unit unit;
  if (kind == "base") {
    auto const base =
        std::ranges::count_if(known.atoms, [](Atom const& atom) { return atom.unit.own == 0; });
    unit.dimension[static_cast<std::size_t>(base)] = 1;
    return unit;
  }
  auto const offset = std::ranges::find(kOffsets, kind, &OffsetRow::kind);
  bool const is_own = (kind == "arbitrary" && row.cells[4] == "1") ||
                      (kind.starts_with("special") && offset == kOffsets.end());
  if (is_own) {
    unit.own = number;
    unit.own_exponent = 1;
    return unit;
  }
  auto const defined_by = parse_unit(row.cells[4], known);
  if (!defined_by) return std::nullopt;
  unit = *defined_by;
  unit.factor = multiply(unit.factor, factor_of(row.cells[3]));
  if (offset != kOffsets.end()) unit.offset = offset->offset;
  return unit;
}

/// Rows may be defined by later ones, so the table is read until nothing new is understood.
UnitTable make_table() {
  UnitTable table;
  static auto const prefixes = read_table("ucum/prefixes.tsv");  // the codes are views into it
  for (auto const& row : prefixes.rows()) {
    table.prefixes.push_back({row.cells[0], factor_of(row.cells[1])});
  }
  static auto const units = read_table("ucum/units.tsv");
  std::vector<Table::Row const*> left;
  for (auto const& row : units.rows()) left.push_back(&row);
  while (!left.empty()) {
    std::vector<Table::Row const*> later;
    for (auto const* row : left) {
      auto const number = static_cast<std::uint16_t>(row->line);
      if (auto const unit = define(*row, table, number)) {
        table.atoms.push_back({row->cells[0], row->cells[1] == "yes", *unit});
      } else {
        later.push_back(row);
      }
    }
    SINEW_CHECK(later.size() < left.size());
    left = std::move(later);
  }
  std::ranges::sort(table.atoms, {}, &Atom::code);
  table.is_sorted = true;
  return table;
}

template <class Row>
Row const* find_sorted(std::vector<Row> const& rows, std::string_view code) {
  auto const at = std::ranges::lower_bound(rows, code, {}, &Row::code);
  return at != rows.end() && at->code == code ? &*at : nullptr;
}

}  // namespace

Atom const* UnitTable::find(std::string_view code) const {
  if (is_sorted) return find_sorted(atoms, code);
  auto const at = std::ranges::find(atoms, code, &Atom::code);
  return at == atoms.end() ? nullptr : &*at;
}

Prefix const* UnitTable::find_prefix(std::string_view code) const {
  auto const at = std::ranges::find(prefixes, code, &Prefix::code);
  return at == prefixes.end() ? nullptr : &*at;
}

UnitTable const& unit_table() {
  static UnitTable const table = make_table();
  return table;
}

Factor multiply(Factor const& a, Factor const& b) {
  Factor product;
  product.floating = a.floating * b.floating;
  product.exponent = a.exponent + b.exponent;
  auto const across = common_divisor(a.numerator, b.denominator);
  auto const back = common_divisor(b.numerator, a.denominator);
  product.is_exact =
      a.is_exact && b.is_exact &&
      !__builtin_mul_overflow(a.numerator / across, b.numerator / back, &product.numerator) &&
      !__builtin_mul_overflow(a.denominator / back, b.denominator / across, &product.denominator);
  if (!product.is_exact) product.numerator = product.denominator = 1;
  return product;
}

Factor invert(Factor const& factor) {
  return {factor.denominator, factor.numerator, -factor.exponent, 1 / factor.floating,
          factor.is_exact};
}

Factor factor_of(std::string_view number) {
  constexpr std::size_t kDigitsKept = 30;
  auto const mantissa = number.substr(0, number.find('e'));
  int exponent = 0;
  if (mantissa.size() < number.size()) {
    exponent = parse_integer<int>(number.substr(mantissa.size() + 1)).value_or(0);
  }
  auto const value = parse_decimal(mantissa.substr(0, kDigitsKept)).value_or(Decimal::of(1));
  Factor factor{value.coefficient, 1, exponent - value.scale, 0, true};
  while (factor.numerator != 0 && factor.numerator % 10 == 0) {
    factor.numerator /= 10;
    ++factor.exponent;
  }
  factor.floating = static_cast<long double>(factor.numerator) * std::pow(10.0L, factor.exponent);
  return factor;
}

}  // namespace sinew::fhirpath::ucum
