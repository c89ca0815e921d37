#include "net/http.h"

#include <algorithm>

#include "base/text.h"

namespace sinew::net {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

int hexadecimal_value(char c) {
  auto const at = kHexDigits.find(to_ascii_upper(c));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Source: RFC 3986 §2.3.
bool is_unreserved(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string_view Headers::value(std::string_view name) const {
  auto const found = std::ranges::find_if(
      fields_, [&](auto const& field) { return equals_ignoring_case(field.first, name); });
  return found == fields_.end() ? std::string_view() : std::string_view(found->second);
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(
      fields_, [&](auto const& field) { return equals_ignoring_case(field.first, name); });
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  auto const mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      int const high = i + 2 < text.size() ? hexadecimal_value(text[i + 1]) : -1;
      int const low = i + 2 < text.size() ? hexadecimal_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(ErrorCode::malformed, "broken percent escape");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char const c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      auto const byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto const part : split(query, '&')) {
    if (part.empty()) continue;
    auto const equals = std::min(part.find('='), part.size());
    auto name = TRY(percent_decode(part.substr(0, equals), true));
    auto value = TRY(percent_decode(part.substr(std::min(equals + 1, part.size())), true));
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

}  // namespace sinew::net
