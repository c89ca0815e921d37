#include <algorithm>
#include <array>

#include "base/text.h"
#include "validate/codes.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

constexpr std::string_view kLoinc = "http://loinc.org";

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_ascii_digit(c); });
}

// clang-format off
/// The dihedral group D5. Source: SNOMED CT Release File Specification, "Check-digit computation".
constexpr std::uint8_t kTimes[10][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
    {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
    {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
    {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
constexpr std::uint8_t kTurn[8][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
    {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
    {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
    {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
// clang-format on

bool has_verhoeff_digit(std::string_view digits) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    auto const digit = static_cast<std::size_t>(digits[digits.size() - 1 - i] - '0');
    sum = kTimes[sum][kTurn[i % 8][digit]];
  }
  return sum == 0;
}

constexpr std::size_t kSnomedDigitsMin = 6, kSnomedDigitsMax = 18;

/// A concept id but for its check digit. Source: SNOMED CT Release File Specification, "SNOMED CT
/// identifiers".
bool is_snomed_id(std::string_view code) {
  bool const is_sized = code.size() >= kSnomedDigitsMin && code.size() <= kSnomedDigitsMax;
  return is_sized && is_digits(code) && code[0] != '0';
}

/// Every id of an expression made of several. Source: SNOMED CT Compositional Grammar.
bool is_snomed_expression(std::string_view text) {
  bool is_term = false;
  bool has_operator = false;
  std::size_t ids = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '|') is_term = !is_term;
    if (is_term) continue;
    has_operator = has_operator || std::string_view(":+=|{(").find(text[i]) != text.npos;
    if (!is_ascii_digit(text[i])) continue;
    auto const begin = i;
    while (i < text.size() && is_ascii_digit(text[i])) ++i;
    if (i - begin >= kSnomedDigitsMin) ++ids;
    --i;
  }
  return has_operator && ids > 0;
}

/// Words between two operands of an expression constraint.
bool is_between(std::string_view word) {
  auto const lower = to_lower(word);
  return lower == "and" || lower == "or" || lower == "minus";
}

/// LOINC numbers, answers and parts are digits, a hyphen and a check digit.
/// Source: LOINC Users' Guide, "LOINC code".
bool is_loinc(std::string_view code) {
  auto number = code;
  if (number.starts_with("LA") || number.starts_with("LP") || number.starts_with("LL") ||
      number.starts_with("LG")) {
    number.remove_prefix(2);
  }
  auto const dash = number.find('-');
  if (dash == number.npos) return false;
  auto const digits = number.substr(0, dash);
  auto const check = number.substr(dash + 1);
  return is_digits(digits) && check.size() == 1 && is_digits(check);
}

}  // namespace

bool can_be_code(std::string_view system, std::string_view code) {
  if (system == kSnomed) return is_snomed_id(code) || is_snomed_expression(code);
  if (system == kLoinc) return is_loinc(code);
  return true;
}

bool has_wrong_digit(std::string_view snomed_id) {
  return is_snomed_id(snomed_id) && !has_verhoeff_digit(snomed_id);
}

bool can_be_ecl(std::string_view text) {
  bool after_operand = false;
  for (std::size_t i = 0; i < text.size();) {
    char const c = text[i];
    if (is_ascii_space(c)) {
      ++i;
    } else if (c == '|' || c == '"') {  // a term, or a string
      auto const end = text.find(c, i + 1);
      if (end == text.npos) return false;
      i = end + 1;
      after_operand = true;
    } else if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '*') {
      auto const begin = i++;
      while (c != '*' && i < text.size() && (is_ascii_alpha(text[i]) || is_ascii_digit(text[i])))
        ++i;
      bool const joins = is_between(text.substr(begin, i - begin));
      if (joins != after_operand) return false;
      after_operand = !joins;
    } else if (c == '<' || c == '^') {  // before an operand
      if (after_operand && c == '<') return false;
      ++i;
    } else {  // brackets, refinements, comparisons: what follows begins anew
      after_operand = c == ')' || c == '}' || c == ']';
      ++i;
    }
  }
  return after_operand;
}

/// "The code ... must be defined by the system": where a package holds the whole system, and by the
/// form of the code where the system says what it is. Source: FHIR R4 datatypes.html#Coding.
void Walker::check_coding(Node const& node) {
  auto const system = node.value["system"].text();
  auto const code = node.value["code"].text();
  if (system.empty()) return;
  if (system.find(':') == system.npos) {
    return refuse(FindingCode::code_invalid, "the system of a code is an absolute URI", node);
  }
  if (code.empty()) return;
  if (!can_be_code(system, code)) {
    return refuse(FindingCode::code_invalid, "code system " + system + " has no code of this form",
                  node);
  }
  if (system == kSnomed && has_wrong_digit(code) && wants(Severity::warning)) {
    report({Severity::warning, FindingCode::code_invalid, "the check digit of the code is wrong"},
           node);
  }
  auto const* const list = library_.code_list(system);
  if (list == nullptr) {
    if (library_.find("ValueSet", system) == nullptr) return;
    return refuse(FindingCode::code_invalid, system + " is a value set, not a code system", node);
  }
  if (list->is_supplement) {
    return refuse(FindingCode::code_invalid,
                  system + " is a supplement and has no codes of its own", node);
  }
  if (list->is_complete && !list->has(code)) {
    return refuse(FindingCode::code_invalid, "code system " + system + " has no such code", node);
  }
  auto const display = node.value["display"];
  if (!display.is_string()) return;
  auto const* const better = list->better_display(code, display.text());
  if (better == nullptr || !wants(options_.wrong_display)) return;
  report({options_.wrong_display, FindingCode::code_invalid,
          "the code is not called this, but \"" + *better + "\""},
         node);
}

}  // namespace sinew::validate
