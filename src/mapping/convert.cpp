#include "mapping/convert.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/time.h"
#include "json/write.h"

namespace sinew::mapping {
namespace {

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNumberBytesMax = 64;

bool is_digits(std::string_view text) { return std::ranges::all_of(text, is_ascii_digit); }

int number_at(std::string_view text, std::size_t at, std::size_t length) {
  int value = 0;
  for (std::size_t i = at; i < at + length; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

bool is_control(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7F;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  out += text;
  out += '"';
}

/// True when nothing in the text has to be escaped in JSON or taken out: printable ASCII.
bool is_simple(std::string_view text) {
  bool simple = true;
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    simple = simple & (byte >= 0x20) & (byte < 0x7F) & (c != '"') & (c != '\\');
  }
  return simple;
}

/// A FHIR string: no control characters but white space, something other than white space in it.
Converted append_text(std::string& out, std::string_view text) {
  text = trim(text);
  if (text.empty()) return Converted::nothing;
  // OPTIMIZATION: one pass for what nearly every value is.
  if (is_simple(text)) {
    append_quoted(out, text);
    return Converted::written;
  }
  if (std::ranges::none_of(text, is_control)) {
    json::append_string(out, text);
    return Converted::written;
  }
  std::string clean;
  std::ranges::remove_copy_if(text, std::back_inserter(clean), is_control);
  return append_text(out, clean);
}

/// Source: FHIR R4 datatypes.html#code: no white space but single spaces inside.
Converted append_code(std::string& out, std::string_view text) {
  auto const is_space = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.empty()) return Converted::nothing;
  if (is_simple(text) && text.find(' ') == std::string_view::npos) {
    append_quoted(out, text);
    return Converted::written;
  }
  bool simple = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x7F || (is_space(text[i]) && (text[i] != ' ' || text[i + 1] == ' '))) {
      simple = false;
    }
  }
  if (simple) {
    json::append_string(out, text);
    return Converted::written;
  }
  std::string clean;
  for (char const c : text) {
    if (c == 0x7F) continue;
    if (!is_space(c)) clean += c;
    if (is_space(c) && !clean.empty() && clean.back() != ' ') clean += ' ';
  }
  if (clean.ends_with(' ')) clean.pop_back();
  if (clean.empty()) return Converted::nothing;
  json::append_string(out, clean);
  return Converted::written;
}

/// A URI holds no white space: what stands in one is escaped.
Converted append_uri(std::string& out, std::string_view text) {
  text = trim(text);
  if (text.empty()) return Converted::nothing;
  if (is_simple(text) && text.find(' ') == std::string_view::npos) {
    append_quoted(out, text);
    return Converted::written;
  }
  auto const must_escape = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  };
  if (std::ranges::none_of(text, must_escape)) {
    json::append_string(out, text);
    return Converted::written;
  }
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (char const c : text) {
    if (must_escape(c)) {
      escaped += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    } else {
      escaped += c;
    }
  }
  json::append_string(out, escaped);
  return Converted::written;
}

Converted append_id(std::string& out, std::string_view text) {
  auto const is_legal = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.';
  };
  if (text.empty()) return Converted::nothing;
  if (text.size() > kIdBytesMax || !std::ranges::all_of(text, is_legal)) return Converted::refused;
  append_quoted(out, text);
  return Converted::written;
}

Converted append_boolean(std::string& out, std::string_view text) {
  for (auto const* const yes : {"Y", "YES", "TRUE", "T", "1"}) {
    if (equals_ignoring_case(text, yes)) return out += "true", Converted::written;
  }
  for (auto const* const no : {"N", "NO", "FALSE", "F", "0"}) {
    if (equals_ignoring_case(text, no)) return out += "false", Converted::written;
  }
  return text.empty() ? Converted::nothing : Converted::refused;
}

Converted append_decimal(std::string& out, std::string_view text) {
  if (text.empty()) return Converted::nothing;
  std::string scratch;
  auto const number = clean_number(text, scratch);
  if (number.empty()) return Converted::refused;
  out += number;
  return Converted::written;
}

/// Source: FHIR R4 datatypes.html#integer: 32 bits.
Converted append_integer(std::string& out, std::string_view text, std::int32_t least) {
  if (text.empty()) return Converted::nothing;
  std::string scratch;
  auto number = clean_number(text, scratch);
  if (auto const dot = number.find('.'); dot != std::string_view::npos) {
    if (number.find_first_not_of('0', dot + 1) != std::string_view::npos) return Converted::refused;
    number = number.substr(0, dot);
  }
  auto const value = parse_integer<std::int32_t>(number);
  if (!value || *value < least) return Converted::refused;
  char digits[16];
  auto const end = std::to_chars(digits, digits + sizeof digits, *value).ptr;
  out.append(digits, end);
  return Converted::written;
}

/// Source: RFC 4648 §4. White space in it is dropped.
Converted append_base64(std::string& out, std::string_view text) {
  auto const begin = out.size();
  out += '"';
  std::size_t digits = 0, padding = 0;
  for (char const c : text) {
    if (static_cast<unsigned char>(c) <= 0x20) continue;
    bool const is_digit = is_ascii_alpha(c) || is_ascii_digit(c) || c == '+' || c == '/';
    if (c == '=') {
      ++padding;
    } else if (is_digit && padding == 0) {
      ++digits;
    } else {
      out.resize(begin);
      return Converted::refused;
    }
    out += c;
  }
  if (digits == 0 || padding > 2 || (digits + padding) % 4 != 0) {
    out.resize(begin);
    return text.empty() ? Converted::nothing : Converted::refused;
  }
  out += '"';
  return Converted::written;
}

/// `-0500` or `+01:00` as minutes, when FHIR knows such a zone.
std::optional<int> zone_of(std::string_view text) {
  if (text.size() == 6 && text[3] == ':') {
    auto const hours = text.substr(0, 3);
    char compact[5] = {hours[0], hours[1], hours[2], text[4], text[5]};
    return zone_of({compact, 5});
  }
  if (text.size() != 5 || !is_digits(text.substr(1))) return std::nullopt;
  auto const hours = number_at(text, 1, 2);
  auto const minutes = number_at(text, 3, 2);
  if (minutes > 59 || hours > 14 || (hours == 14 && minutes > 0)) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

void append_two(std::string& out, int value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

void append_zone(std::string& out, int minutes) {
  out += minutes < 0 ? '-' : '+';
  auto const size = minutes < 0 ? -minutes : minutes;
  append_two(out, size / 60);
  out += ':';
  append_two(out, size % 60);
}

/// The parts of a DTM: `YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]`.
struct DateTime {
  std::string_view digits, fraction;
  std::optional<int> zone;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

bool is_date(std::string_view digits) {
  constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  auto const year = number_at(digits, 0, 4);
  if (year == 0) return false;
  if (digits.size() < 6) return true;
  auto const month = number_at(digits, 4, 2);
  if (month < 1 || month > 12) return false;
  if (digits.size() < 8) return true;
  auto const day = number_at(digits, 6, 2);
  return day >= 1 && day <= kDays[month - 1] && (month != 2 || day < 29 || is_leap(year));
}

bool is_time(std::string_view digits) {
  if (digits.size() >= 2 && number_at(digits, 0, 2) > 23) return false;
  if (digits.size() >= 4 && number_at(digits, 2, 2) > 59) return false;
  return digits.size() < 6 || number_at(digits, 4, 2) <= 59;
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  DateTime out;
  if (auto const sign = text.find_first_of("+-"); sign != std::string_view::npos && sign >= 4) {
    out.zone = zone_of(text.substr(sign));
    text = trim(text.substr(0, sign));
  }
  auto const dot = text.find('.');
  out.digits = text.substr(0, dot);
  if (dot != std::string_view::npos) out.fraction = text.substr(dot + 1);
  if (!is_digits(out.digits) || !is_digits(out.fraction)) return std::nullopt;
  if (out.digits.size() < 4 || out.digits.size() > 14 || out.digits.size() % 2 != 0) {
    return std::nullopt;
  }
  if (out.digits.size() < 14) out.fraction = {};
  if (!is_date(out.digits.substr(0, 8))) return std::nullopt;
  return out;
}

void append_date(std::string& out, std::string_view digits) {
  out += digits.substr(0, 4);
  if (digits.size() >= 6) out.append("-").append(digits.substr(4, 2));
  if (digits.size() >= 8) out.append("-").append(digits.substr(6, 2));
}

Converted append_date_time(std::string& out, std::string_view text, std::optional<int> zone,
                           Primitive primitive) {
  if (text.empty()) return Converted::nothing;
  // A literal of a table is in the form of FHIR already.
  if (text.size() >= 7 && text[4] == '-') {
    constexpr std::string_view kTypes[] = {"date", "dateTime", "instant"};
    auto const index =
        static_cast<std::size_t>(primitive) - static_cast<std::size_t>(Primitive::date);
    if (fhir::is_valid_primitive(fhir::find_type(kTypes[index]), text)) {
      append_quoted(out, text);
      return Converted::written;
    }
  }
  auto const parsed = parse_date_time(text);
  if (!parsed) return Converted::refused;
  auto const time = parsed->digits.size() > 8 ? parsed->digits.substr(8) : std::string_view{};
  if (primitive == Primitive::date) {
    out += '"';
    append_date(out, parsed->digits);
    out += '"';
    return Converted::written;
  }
  if (parsed->zone) zone = parsed->zone;
  // "the hour and minute must be there with a time, and a zone": neither is invented.
  // "Seconds must be provided ... but may be zero-filled". Source: FHIR R4 datatypes.html#dateTime
  bool const whole = time.size() >= 4 && is_time(time) && zone.has_value();
  if (primitive == Primitive::instant && !whole) return Converted::refused;
  out += '"';
  append_date(out, parsed->digits.substr(0, 8));
  if (whole) {
    out.append("T").append(time.substr(0, 2)).append(":").append(time.substr(2, 2)).append(":");
    out += time.size() >= 6 ? time.substr(4, 2) : std::string_view("00");
    if (!parsed->fraction.empty()) out.append(".").append(parsed->fraction);
    append_zone(out, *zone);
  }
  out += '"';
  return time.empty() || whole ? Converted::written : Converted::without_time;
}

/// Source: FHIR R4 datatypes.html#time; HL7 v2.5.1 §2.A.75 (TM). A zone has no place in it.
Converted append_time(std::string& out, std::string_view text) {
  if (text.empty()) return Converted::nothing;
  text = text.substr(0, text.find_first_of("+-"));
  auto const dot = text.find('.');
  auto const digits = text.substr(0, dot);
  auto const fraction = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  bool const usable = (digits.size() == 4 || digits.size() == 6) && is_digits(digits) &&
                      is_digits(fraction) && is_time(digits);
  if (!usable) return Converted::refused;
  out.append("\"").append(digits.substr(0, 2)).append(":").append(digits.substr(2, 2)).append(":");
  out += digits.size() == 6 ? digits.substr(4, 2) : std::string_view("00");
  if (digits.size() == 6 && !fraction.empty()) out.append(".").append(fraction);
  out += '"';
  return Converted::written;
}

/// Types whose form only the definitions know.
Converted append_checked(std::string& out, std::string_view type, std::string_view text) {
  if (text.empty()) return Converted::nothing;
  if (!fhir::is_valid_primitive(fhir::find_type(type), text)) return Converted::refused;
  json::append_string(out, text);
  return Converted::written;
}

}  // namespace

void append_base64_of(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto const byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    auto const group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (std::size_t digit = 0; digit < 4; ++digit) {
      // Of one byte two digits say something, of two bytes three.
      bool const says = i + digit <= bytes.size();
      out += says ? kDigits[group >> (18 - 6 * digit) & 63] : '=';
    }
  }
}

std::string_view clean_number(std::string_view text, std::string& scratch) {
  text = trim(text);
  scratch.clear();
  if (text.size() > kNumberBytesMax) return {};
  bool const negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text = trim(text.substr(1));
  auto const dot = text.find('.');
  auto whole = text.substr(0, dot);
  auto const fraction = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (!is_digits(whole) || !is_digits(fraction) || (whole.empty() && fraction.empty())) return {};
  auto const first = whole.find_first_not_of('0');
  whole = first == std::string_view::npos ? std::string_view("0") : whole.substr(first);
  if (negative) scratch += '-';
  scratch += whole;
  if (!fraction.empty()) scratch.append(".").append(fraction);
  return scratch;
}

std::string_view fhir_date_time(std::string_view text, std::optional<int> zone,
                                std::string& scratch, bool& lost_time) {
  scratch.clear();
  auto const result = append_date_time(scratch, trim(text), zone, Primitive::date_time);
  lost_time = result == Converted::without_time;
  if (scratch.size() < 2) return {};
  return std::string_view(scratch).substr(1, scratch.size() - 2);
}

Converted append_primitive(std::string& out, Primitive primitive, std::string_view text,
                           std::optional<int> zone) {
  switch (primitive) {
    case Primitive::string:
    case Primitive::markdown:
      return append_text(out, text);
    case Primitive::code:
      return append_code(out, text);
    case Primitive::uri:
      return append_uri(out, text);
    case Primitive::url:
      return append_uri(out, text);
    case Primitive::id:
      return append_id(out, trim(text));
    case Primitive::oid:
      return append_checked(out, "oid", trim(text));
    case Primitive::uuid:
      return append_checked(out, "uuid", trim(text));
    case Primitive::date:
    case Primitive::date_time:
    case Primitive::instant:
      return append_date_time(out, trim(text), zone, primitive);
    case Primitive::time:
      return append_time(out, trim(text));
    case Primitive::boolean:
      return append_boolean(out, trim(text));
    case Primitive::decimal:
      return append_decimal(out, trim(text));
    case Primitive::integer:
      return append_integer(out, trim(text), INT32_MIN);
    case Primitive::unsigned_integer:
      return append_integer(out, trim(text), 0);
    case Primitive::positive_integer:
      return append_integer(out, trim(text), 1);
    case Primitive::base64:
      return append_base64(out, text);
    case Primitive::none:
      break;
  }
  return Converted::refused;
}

}  // namespace sinew::mapping
