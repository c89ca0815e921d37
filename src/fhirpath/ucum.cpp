#include "fhirpath/ucum.h"

#include <cmath>

#include "base/text.h"
#include "fhirpath/ucum_table.h"

namespace sinew::fhirpath::ucum {
namespace {

/// `a` × `b`^exponent for units; false when an exponent leaves its range or two units that are
/// only comparable to themselves meet.
bool multiply_into(Unit& a, Unit const& b, int exponent) {
  constexpr int kTotalExponentMax = 100;
  for (std::size_t i = 0; i < a.dimension.size(); ++i) {
    auto const sum = a.dimension[i] + b.dimension[i] * exponent;
    if (sum > kTotalExponentMax || sum < -kTotalExponentMax) return false;
    a.dimension[i] = static_cast<std::int8_t>(sum);
  }
  if (b.own != 0 && exponent != 0) {
    if (a.own != 0 && a.own != b.own) return false;
    auto const sum = a.own_exponent + b.own_exponent * exponent;
    if (sum > kTotalExponentMax || sum < -kTotalExponentMax) return false;
    a.own_exponent = static_cast<std::int8_t>(sum);
    a.own = sum == 0 ? std::uint16_t{0} : b.own;
  }
  auto const factor = exponent < 0 ? invert(b.factor) : b.factor;
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; --i) {
    a.factor = multiply(a.factor, factor);
  }
  return true;
}

/// Reads the grammar of UCUM §8: terms of components between `.` and `/`.
class UnitReader {
 public:
  UnitReader(std::string_view text, UnitTable const& table) : text_(text), table_(table) {}

  std::optional<Unit> read() {
    auto unit = term(0);
    if (!unit || at_ != text_.size()) return std::nullopt;
    return unit;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<Unit> term(int depth) {
    Unit product;
    int sign = take('/') ? -1 : 1;
    bool is_first = true;
    do {
      if (!is_first) sign = text_[at_ - 1] == '/' ? -1 : 1;
      auto const component = read_component(depth);
      if (!component) return std::nullopt;
      if (!is_first || sign < 0 || peek() == '.' || peek() == '/') {
        if (!multiply_into(product, *component, sign)) return std::nullopt;
      } else {
        product = *component;  // alone, it keeps its offset
      }
      is_first = false;
    } while (take('.') || take('/'));
    return product;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::optional<Unit> read_component(int depth) {
    if (take('(')) {
      if (depth >= kUnitDepthMax) return std::nullopt;
      auto const inner = term(depth + 1);
      if (!inner || !take(')')) return std::nullopt;
      return inner;
    }
    if (peek() == '{') return skip_annotation() ? std::optional(Unit{}) : std::nullopt;
    auto const simple = read_simple();
    if (!simple || (peek() == '{' && !skip_annotation())) return std::nullopt;
    return simple;
  }

  bool skip_annotation() {
    auto const end = text_.find('}', at_);
    if (end == text_.npos) return false;
    at_ = end + 1;
    return true;
  }

  /// A whole number, or a symbol with an exponent behind it: `10`, `m2`, `s-1`, `10*3`, `[H2O]`.
  std::optional<Unit> read_simple() {
    auto const begin = at_;
    bool in_brackets = false;
    for (; at_ < text_.size(); ++at_) {
      auto const c = text_[at_];
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      if (!in_brackets && (c == '.' || c == '/' || c == '(' || c == ')' || c == '{')) break;
    }
    auto const word = text_.substr(begin, at_ - begin);
    if (auto const number = parse_integer<std::int32_t>(word); number && *number > 0) {
      Unit unit;
      unit.factor = factor_of(word);
      return unit;
    }
    auto end = word.size();
    while (end > 0 && is_ascii_digit(word[end - 1])) --end;
    if (end > 0 && end < word.size() && (word[end - 1] == '-' || word[end - 1] == '+')) --end;
    auto digits = word.substr(end);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    auto const exponent = digits.empty() ? std::optional(1) : parse_integer<int>(digits);
    if (!exponent || *exponent > kExponentMax || *exponent < -kExponentMax) return std::nullopt;
    auto const symbol = find_symbol(word.substr(0, end));
    if (!symbol || digits.empty()) return symbol;
    Unit unit;
    if (!multiply_into(unit, *symbol, *exponent)) return std::nullopt;
    return unit;
  }

  std::optional<Unit> find_symbol(std::string_view symbol) const {
    if (auto const* const atom = table_.find(symbol)) return atom->unit;
    constexpr std::size_t kPrefixBytesMax = 2;
    for (std::size_t size = 1; size <= kPrefixBytesMax && size < symbol.size(); ++size) {
      auto const* const prefix = table_.find_prefix(symbol.substr(0, size));
      auto const* const atom = table_.find(symbol.substr(size));
      if (prefix == nullptr || atom == nullptr || !atom->is_metric) continue;
      auto unit = atom->unit;
      unit.factor = multiply(unit.factor, prefix->factor);
      if (unit.offset.coefficient != 0) {
        auto const scaled = divide(unit.offset, {prefix->factor.numerator, 0});
        auto const power = prefix->factor.exponent;
        if (!scaled || power > 6 || power < -6) return std::nullopt;
        auto offset = *scaled;
        for (int i = 0; i < power; ++i) offset = divide(offset, Decimal::of(10)).value_or(offset);
        for (int i = 0; i > power; --i) {
          offset = ::sinew::fhirpath::multiply(offset, Decimal::of(10)).value_or(offset);
        }
        unit.offset = offset;
      }
      return unit;
    }
    return std::nullopt;
  }

  std::string_view text_;
  UnitTable const& table_;
  std::size_t at_ = 0;
};

std::optional<Decimal> times_power_of_ten(Decimal value, int exponent) {
  if (exponent < 0) {
    if (value.scale - exponent > kDecimalScaleMax) value = normalized(value);
    value.scale -= exponent;
    if (value.scale > kDecimalScaleMax) return std::nullopt;
    return value;
  }
  for (; exponent > 0 && value.scale > 0; --exponent) --value.scale;
  for (; exponent > 0; --exponent) {
    auto const next = multiply(value, Decimal::of(10));
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

/// (value + offset) × numerator × 10^exponent
std::optional<Decimal> scaled(Decimal value, Decimal offset, Int128 numerator, int exponent) {
  auto const shifted = offset.coefficient == 0 ? std::optional(value) : add(value, offset);
  if (!shifted) return std::nullopt;
  auto const product = numerator == 1 ? shifted : multiply(*shifted, {numerator, 0});
  return product ? times_power_of_ten(*product, exponent) : std::nullopt;
}

long double floating_value(Decimal value, Unit const& unit) {
  return (to_floating(value) + to_floating(unit.offset)) * unit.factor.floating;
}

}  // namespace

std::optional<Unit> parse_unit(std::string_view code, UnitTable const& table) {
  if (code.empty() || code.size() > kUnitBytesMax) return std::nullopt;
  return UnitReader(code, table).read();
}

std::optional<Unit> parse_unit(std::string_view code) { return parse_unit(code, unit_table()); }

bool are_comparable(Unit const& a, Unit const& b) {
  return a.dimension == b.dimension && a.own == b.own && a.own_exponent == b.own_exponent;
}

Factor ratio_of(Unit const& a, Unit const& b) { return multiply(a.factor, invert(b.factor)); }

std::strong_ordering compare(Decimal a, Unit const& unit_a, Decimal b, Unit const& unit_b,
                             Factor const& ratio) {
  if (ratio.is_exact) {
    auto const left = scaled(a, unit_a.offset, ratio.numerator, ratio.exponent);
    auto const right = scaled(b, unit_b.offset, ratio.denominator, 0);
    if (left && right) return fhirpath::compare(*left, *right);
  }
  auto const left = floating_value(a, unit_a);
  auto const right = floating_value(b, unit_b);
  constexpr long double kRelativeError = 1e-15L;
  if (std::fabs(left - right) <= kRelativeError * std::fmax(std::fabs(left), std::fabs(right))) {
    return std::strong_ordering::equal;
  }
  return left < right ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::optional<Decimal> convert(Decimal value, Unit const& from, Unit const& to) {
  auto const ratio = ratio_of(from, to);
  std::optional<Decimal> converted;
  if (ratio.is_exact) {
    converted = scaled(value, from.offset, ratio.numerator, ratio.exponent);
    if (converted && ratio.denominator != 1) {
      converted = divide(*converted, {ratio.denominator, 0});
    }
  }
  if (!converted) converted = from_floating(floating_value(value, from) / to.factor.floating);
  return converted ? subtract(*converted, to.offset) : std::nullopt;
}

}  // namespace sinew::fhirpath::ucum
