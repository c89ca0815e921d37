#include "store/search_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <tuple>

#include "base/text.h"
#include "fhir/search_index.h"
#include "fhirpath/ucum.h"

namespace sinew::store {
namespace {

constexpr double kApproximately = 0.1;  // Source: FHIR R4 search.html#prefix, "ap": 10%

struct PrefixRow {
  std::string_view text;
  Prefix prefix;
};
constexpr auto kPrefixes = std::to_array<PrefixRow>({
    {"eq", Prefix::eq},
    {"ne", Prefix::ne},
    {"lt", Prefix::lt},
    {"le", Prefix::le},
    {"gt", Prefix::gt},
    {"ge", Prefix::ge},
    {"sa", Prefix::sa},
    {"eb", Prefix::eb},
    {"ap", Prefix::ap},
});

/// Half of the last digit written: 0.5 for `100`, 0.005 for `100.00`, 50 for `1e2`.
double half_a_digit(std::string_view text) {
  auto const exponent_at = text.find_first_of("eE");
  auto const mantissa = text.substr(0, exponent_at);
  auto const point = mantissa.find('.');
  int digits = point == mantissa.npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
  if (exponent_at != text.npos) {
    auto exponent = text.substr(exponent_at + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    digits -= parse_integer<int>(exponent).value_or(0);
  }
  return 0.5 * std::pow(10.0, -digits);
}

std::int64_t clamp_add(std::int64_t value, std::int64_t delta) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(value, delta, &sum)) return sum;
  return delta > 0 ? INT64_MAX : INT64_MIN;
}

/// An amount in another unit. Through decimals, so that 0.003 g is 3 mg and not nearly so.
double convert(double value, fhirpath::ucum::Unit const& from, fhirpath::ucum::Unit const& to) {
  std::array<char, 32> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  auto const decimal = fhirpath::parse_decimal({text.data(), end});
  auto const converted = decimal ? fhirpath::ucum::convert(*decimal, from, to) : std::nullopt;
  return converted ? static_cast<double>(fhirpath::to_floating(*converted))
                   : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Prefix take_prefix(std::string_view& value) {
  for (auto const& row : kPrefixes) {
    if (!value.starts_with(row.text)) continue;
    value.remove_prefix(row.text.size());
    return row.prefix;
  }
  return Prefix::eq;
}

bool DateCondition::holds(std::int64_t stored_low, std::int64_t stored_high) const {
  bool const contains = low <= stored_low && stored_high <= high;
  switch (prefix) {
    case Prefix::eq:
      return contains;
    case Prefix::ne:
      return !contains;
    case Prefix::gt:
      return stored_high > high;
    case Prefix::lt:
      return stored_low < low;
    case Prefix::ge:
      return stored_high > high || contains;
    case Prefix::le:
      return stored_low < low || contains;
    case Prefix::sa:
      return stored_low >= high;
    case Prefix::eb:
      return stored_high <= low;
    case Prefix::ap:
      return stored_low < high && stored_high > low;
  }
  return false;
}

Result<Instant> read_instant(std::string_view value, std::string_view parameter) {
  constexpr std::int64_t kSecondMs = 1000;
  std::string text(value);
  std::ranges::replace(text, ' ', '+');
  auto const interval = fhir::date_interval(text);
  if (!interval || interval->second - interval->first > kSecondMs)
    return fail(ErrorCode::invalid, "not an instant such as 2024-05-01T12:00:00.000Z",
                std::string(parameter));
  return Instant{interval->first};
}

Result<DateCondition> read_date(std::string_view value, Instant now, std::string_view parameter) {
  DateCondition condition;
  condition.prefix = take_prefix(value);
  auto const interval = fhir::date_interval(unescape(value));
  if (!interval) return fail(ErrorCode::invalid, "not a date", std::string(parameter));
  std::tie(condition.low, condition.high) = *interval;
  if (condition.prefix == Prefix::ap) {
    auto const distance =
        std::abs(static_cast<double>(now.ms) - static_cast<double>(condition.low));
    auto const tolerance = static_cast<std::int64_t>(distance * kApproximately);
    condition.low = clamp_add(condition.low, -tolerance);
    condition.high = clamp_add(condition.high, tolerance);
  }
  return condition;
}

bool NumberCondition::holds(double stored) const {
  bool const equal = (low <= stored && stored < high) || stored == value;
  switch (prefix) {
    case Prefix::eq:
    case Prefix::ap:
      return equal;
    case Prefix::ne:
      return !equal;
    case Prefix::gt:
    case Prefix::sa:
      return stored > value;
    case Prefix::lt:
    case Prefix::eb:
      return stored < value;
    case Prefix::ge:
      return stored >= value;
    case Prefix::le:
      return stored <= value;
  }
  return false;
}

bool NumberCondition::holds(double stored_low, double stored_high) const {
  if (stored_low == stored_high) return holds(stored_low);
  bool const contains = low <= stored_low && stored_high <= high;
  switch (prefix) {
    case Prefix::eq:
      return contains;
    case Prefix::ne:
      return !contains;
    case Prefix::gt:
      return stored_high > value;
    case Prefix::lt:
      return stored_low < value;
    case Prefix::ge:
      return stored_high >= value;
    case Prefix::le:
      return stored_low <= value;
    case Prefix::sa:
      return stored_low > value;
    case Prefix::eb:
      return stored_high < value;
    case Prefix::ap:
      return stored_low <= high && stored_high >= low;
  }
  return false;
}

Result<NumberCondition> read_number(std::string_view value, std::string_view parameter) {
  NumberCondition condition;
  condition.prefix = take_prefix(value);
  auto const* begin = value.data() + (value.starts_with('+') ? 1 : 0);
  auto const* end = value.data() + value.size();
  auto const [stop, error] = std::from_chars(begin, end, condition.value);
  if (begin == end || error != std::errc() || stop != end || !std::isfinite(condition.value))
    return fail(ErrorCode::invalid, "not a number", std::string(parameter));
  auto const tolerance = condition.prefix == Prefix::ap ? std::abs(condition.value) * kApproximately
                                                        : half_a_digit(value);
  condition.low = condition.value - tolerance;
  condition.high = condition.value + tolerance;
  return condition;
}

Result<QuantityCondition> read_quantity(std::string_view value, std::string_view parameter) {
  auto const parts = split_escaped(value, '|');
  QuantityCondition condition;
  condition.number = TRY(read_number(parts[0], parameter));
  if (parts.size() == 1) return condition;
  if (parts.size() != 3)
    return fail(ErrorCode::invalid, "a quantity is number, number|system|code or number||code",
                std::string(parameter));
  if (!parts[1].empty()) condition.system = unescape(parts[1]);
  if (!parts[2].empty()) condition.code = unescape(parts[2]);
  return condition;
}

std::optional<NumberCondition> QuantityCondition::in_unit(std::string_view stored_system,
                                                          std::string_view stored_code,
                                                          std::string_view unit) const {
  if (!system) {
    bool const fits = !code || *code == stored_code || *code == unit;
    return fits ? std::optional(number) : std::nullopt;
  }
  if (*system != stored_system) return std::nullopt;
  if (!code || *code == stored_code) return number;
  if (*system != kUcum) return std::nullopt;
  auto const asked = fhirpath::ucum::parse_unit(*code);
  auto const stored = fhirpath::ucum::parse_unit(stored_code);
  if (!asked || !stored || !fhirpath::ucum::are_comparable(*asked, *stored)) return std::nullopt;
  auto converted = number;
  converted.value = convert(number.value, *asked, *stored);
  converted.low = convert(number.low, *asked, *stored);
  converted.high = convert(number.high, *asked, *stored);
  if (std::isnan(converted.value) || std::isnan(converted.low) || std::isnan(converted.high))
    return std::nullopt;
  return converted;
}

TokenCondition read_token(std::string_view value) {
  auto const parts = split_escaped(value, '|');
  TokenCondition condition;
  if (parts.size() == 1) {
    condition.code = unescape(parts[0]);
    return condition;
  }
  condition.system = unescape(parts[0]);
  // An identifier's value may hold a bar that the client did not escape.
  auto const code = value.substr(parts[0].size() + 1);
  if (!code.empty()) condition.code = unescape(code);
  return condition;
}

std::vector<std::string> split_escaped(std::string_view value, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      parts.back() += value[i++];
      parts.back() += value[i];
    } else if (value[i] == separator) {
      parts.emplace_back();
    } else {
      parts.back() += value[i];
    }
  }
  return parts;
}

std::string unescape(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    constexpr std::string_view kEscaped = ",|$\\";
    if (value[i] == '\\' && i + 1 < value.size() && kEscaped.find(value[i + 1]) != kEscaped.npos)
      ++i;
    out += value[i];
  }
  return out;
}

}  // namespace sinew::store
