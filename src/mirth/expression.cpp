#include "mirth/expression.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "mirth/js/code.h"

namespace sinew::mirth {
namespace {

constexpr std::size_t kExpressionBytesMax = 4096;
constexpr std::size_t kIndexMax = 9999;

/// Segments that stand once in a message, and their fields that repeat.
struct SingleRow {
  std::string_view segment;
  std::string_view repeating;  ///< field numbers between blanks
};
// Source: HL7 v2.5.1 chapters 2 and 3, the tables of the segments (RP/#).
constexpr auto kSingles = std::to_array<SingleRow>({
    {"EVN", " 5 "},
    {"MRG", " 1 2 6 7 "},
    {"MSA", " "},
    {"MSH", " 18 20 21 "},
    {"PD1", " 3 4 11 17 "},
    {"PID", " 3 4 5 6 9 10 11 13 14 21 22 26 39 "},
    {"PV1", " 7 8 9 15 17 20 52 "},
    {"PV2", " 5 7 "},
});

bool is_single(std::string_view segment, std::string_view field, bool has_repetition) {
  auto const row = std::ranges::find(kSingles, segment, &SingleRow::segment);
  if (row == kSingles.end()) return false;
  return has_repetition || row->repeating.find(' ' + std::string(field) + ' ') == std::string::npos;
}

std::string inner_of(std::string_view string) {
  std::string out;
  for (std::size_t i = 1; i + 1 < string.size(); ++i) {
    if (string[i] != '\\') {
      out += string[i];
      continue;
    }
    ++i;
    switch (string[i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      default:
        out += string[i];
    }
  }
  return out;
}

/// The keys of `msg['A'][0].B`; nothing when it is another expression.
std::optional<std::vector<std::string>> keys_of(js::Code const& code) {
  std::vector<std::string> keys;
  for (std::size_t at = 1; at < code.size();) {
    if (code.is(at, "[") && code.is(at + 2, "]") &&
        (code.kind(at + 1) == js::Kind::string || code.kind(at + 1) == js::Kind::number)) {
      auto const text = code.text(at + 1);
      keys.push_back(code.kind(at + 1) == js::Kind::string ? inner_of(text) : std::string(text));
      at += 3;
    } else if (code.is(at, ".") && code.is(at + 1, "toString") && code.is(at + 2, "(") &&
               code.is(at + 3, ")")) {
      bool const ends = at + 4 == code.size() || (at + 5 == code.size() && code.is(at + 4, ";"));
      if (!ends) return std::nullopt;
      return keys;
    } else if (code.is(at, ".") && code.is_name(at + 1) && !code.is(at + 2, "(")) {
      keys.emplace_back(code.text(at + 1));
      at += 2;
    } else if (code.is(at, ";") && at + 1 == code.size()) {
      return keys;
    } else {
      return std::nullopt;
    }
  }
  return keys;
}

std::optional<std::size_t> index_of(std::string_view key) {
  auto const index = parse_integer<std::size_t>(key);
  if (!index || *index > kIndexMax) return std::nullopt;
  return index;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 5 && std::ranges::all_of(text, is_ascii_digit) &&
         text.front() != '0';
}

/// `5` and `1` of 'PID.5.1' in a place of PID.
std::optional<std::vector<std::string_view>> numbers_of(std::string_view key,
                                                        std::string_view segment) {
  if (!key.starts_with(segment) || key.size() <= segment.size() || key[segment.size()] != '.')
    return std::nullopt;
  auto numbers = split(key.substr(segment.size() + 1), '.');
  if (numbers.size() > 3 || !std::ranges::all_of(numbers, is_number)) return std::nullopt;
  return numbers;
}

}  // namespace

std::optional<FieldPath> field_path(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) return std::nullopt;
  auto const code = js::Code::read(expression);
  if (!code || code->size() < 2 || (!code->is(0, "msg") && !code->is(0, "tmp")))
    return std::nullopt;
  auto const keys = keys_of(*code);
  if (!keys || keys->empty()) return std::nullopt;
  FieldPath found;
  found.is_outbound = code->is(0, "tmp");
  auto const& segment = keys->front();
  if (segment.size() != 3 ||
      !std::ranges::all_of(segment, [](char c) { return is_ascii_upper(c) || is_ascii_digit(c); }))
    return std::nullopt;
  std::string at_segment, at_field;
  std::vector<std::string_view> numbers;
  for (std::size_t i = 1; i < keys->size(); ++i) {
    auto const& key = (*keys)[i];
    if (auto const index = index_of(key)) {
      auto& place = numbers.empty() ? at_segment : at_field;
      if (!place.empty() || numbers.size() > 1) return std::nullopt;
      place = '[' + std::to_string(*index + 1) + ']';
      continue;
    }
    auto const next = numbers_of(key, segment);
    if (!next || next->size() <= numbers.size()) return std::nullopt;
    // Each names the one above it: 'PID.5' then 'PID.5.1'.
    if (!std::ranges::equal(
            numbers, std::vector(next->begin(),
                                 next->begin() + static_cast<std::ptrdiff_t>(numbers.size()))))
      return std::nullopt;
    numbers = *next;
  }
  found.path = segment + at_segment;
  if (numbers.empty()) return found;
  found.path += '-' + std::string(numbers[0]) + at_field;
  for (std::size_t i = 1; i < numbers.size(); ++i) found.path += '.' + std::string(numbers[i]);
  found.is_single = is_single(segment, numbers[0], !at_field.empty()) ||
                    (!at_segment.empty() && !at_field.empty());
  return found;
}

std::optional<std::string> literal_value(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) return std::nullopt;
  auto const code = js::Code::read(expression);
  if (!code || code->size() == 0 || code->size() > 2) return std::nullopt;
  if (code->size() == 2 && !code->is(1, ";")) return std::nullopt;
  if (code->kind(0) == js::Kind::string) return inner_of(code->text(0));
  if (code->kind(0) == js::Kind::number) return std::string(code->text(0));
  return std::nullopt;
}

}  // namespace sinew::mirth
