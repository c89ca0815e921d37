#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "fhir/date_time.h"
#include "fhir/definitions.h"

namespace sinew::fhir {
namespace {

constexpr std::size_t kStringBytesMax = std::size_t{1} << 20;  // datatypes.html#string: 1024*1024
constexpr std::size_t kIdBytesMax = 64;

bool is_hex_lower(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f'); }

/// Unicode characters are free, control characters but tab, CR and LF are not.
bool has_only_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' && c != '\n';
  });
}

bool is_string(std::string_view text) {
  return !text.empty() && text.size() <= kStringBytesMax && has_only_text(text);
}

bool is_markdown(std::string_view text) { return is_string(text); }

bool is_boolean(std::string_view text) { return text == "true" || text == "false"; }

bool has_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return is_ascii_space(c) || c == '\f' || c == '\v'; });
}

bool is_uri(std::string_view text) {
  return !text.empty() && !has_space(text) && has_only_text(text);
}

/// `[^\s]+(\s[^\s]+)*`: single spaces, inside only.
bool is_code(std::string_view text) {
  if (text.empty() || is_ascii_space(text.front()) || is_ascii_space(text.back())) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (is_ascii_space(text[i]) && is_ascii_space(text[i - 1])) return false;
  }
  return has_only_text(text);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.';
         });
}

/// A number without sign and without a leading zero, at most `max`.
bool is_natural(std::string_view digits, std::int64_t low, std::int64_t max) {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_ascii_digit)) return false;
  if (digits.size() > 1 && digits[0] == '0') return false;
  auto const value = parse_integer<std::int64_t>(digits);
  return value && *value >= low && *value <= max;
}

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int32_t>::max();

bool is_integer(std::string_view text) {
  bool const negative = text.starts_with('-');
  bool const is_signed = negative || text.starts_with('+');
  return is_natural(text.substr(is_signed ? 1 : 0), is_signed ? 1 : 0,
                    negative ? kIntegerMax + 1 : kIntegerMax);
}

bool is_unsigned_int(std::string_view text) { return is_natural(text, 0, kIntegerMax); }

bool is_positive_int(std::string_view text) {
  return is_natural(text.substr(text.starts_with('+') ? 1 : 0), 1, kIntegerMax);
}

std::size_t digit_run(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_ascii_digit) -
                                  text.begin());
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  auto run = digit_run(text);
  if (run == 0 || (run > 1 && text[0] == '0')) return false;
  text.remove_prefix(run);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    run = digit_run(text);
    if (run == 0) return false;
    text.remove_prefix(run);
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && digit_run(text) == text.size();
}

/// RFC 4648 §4 with white space between, as the data type allows.
bool is_base64(std::string_view text) {
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (char c : text) {
    if (is_ascii_space(c)) continue;
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || !(is_ascii_alpha(c) || is_ascii_digit(c) || c == '+' || c == '/')) {
      return false;
    } else {
      ++digits;
    }
  }
  return digits > 0 && padding <= 2 && (digits + padding) % 4 == 0;
}

bool is_date(std::string_view text) {
  auto const parsed = parse_date_time(text);
  return parsed && parsed->precision <= Precision::day;
}

/// "If hours and minutes are specified, a time zone SHALL be populated. Seconds must be provided".
bool is_date_time(std::string_view text) {
  auto const parsed = parse_date_time(text);
  return parsed && (parsed->precision <= Precision::day ||
                    (parsed->precision == Precision::second && parsed->has_zone));
}

bool is_instant(std::string_view text) {
  auto const parsed = parse_date_time(text);
  return parsed && parsed->precision == Precision::second && parsed->has_zone;
}

/// `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`
bool is_oid(std::string_view text) {
  constexpr std::string_view kPrefix = "urn:oid:";
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  if (text.size() < 3 || text[0] < '0' || text[0] > '2') return false;
  for (text.remove_prefix(1); !text.empty();) {
    if (text[0] != '.') return false;
    text.remove_prefix(1);
    auto const run = digit_run(text);
    if (run == 0 || (run > 1 && text[0] == '0')) return false;
    text.remove_prefix(run);
  }
  return true;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(),
                    [](char c, char shape) { return shape == 'x' ? is_hex_lower(c) : c == shape; });
}

/// The content has rules of its own (narrative.html); here, that it is one `div`.
bool is_xhtml(std::string_view text) {
  text = trim(text);
  return text.starts_with("<div") && (text.ends_with("</div>") || text.ends_with("/>"));
}

struct Form {
  std::string_view type;
  bool (*is_valid)(std::string_view);
};

/// The lexical form of every primitive type. Source: FHIR R4 datatypes.html#primitive.
constexpr auto kForms = std::to_array<Form>({
    {"base64Binary", is_base64},
    {"boolean", is_boolean},
    {"canonical", is_uri},
    {"code", is_code},
    {"date", is_date},
    {"dateTime", is_date_time},
    {"decimal", is_decimal},
    {"id", is_id},
    {"instant", is_instant},
    {"integer", is_integer},
    {"markdown", is_markdown},
    {"oid", is_oid},
    {"positiveInt", is_positive_int},
    {"string", is_string},
    {"time", is_time},
    {"unsignedInt", is_unsigned_int},
    {"uri", is_uri},
    {"url", is_uri},
    {"uuid", is_uuid},
    {"xhtml", is_xhtml},
});
static_assert(std::ranges::is_sorted(kForms, {}, &Form::type));

constexpr std::size_t kFormTypesMax = 64;  // primitives are among the first rows of the type table

using FormByType = std::array<bool (*)(std::string_view), kFormTypesMax>;

FormByType forms_by_type() {
  FormByType forms{};
  for (auto const& form : kForms) forms.at(find_type(form.type)) = form.is_valid;
  return forms;
}

}  // namespace

bool is_valid_primitive(TypeId primitive, std::string_view text) {
  static FormByType const kByType = forms_by_type();
  return primitive < kByType.size() && kByType[primitive] != nullptr && kByType[primitive](text);
}

}  // namespace sinew::fhir
