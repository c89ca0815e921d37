#include "api/graphql/lexer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace sinew::graphql {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlockQuote = "\"\"\"";
constexpr std::string_view kPunctuators = "!$&():=@[]{|}";

bool is_name_start(char c) { return is_ascii_alpha(c) || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_ascii_digit(c); }

struct EscapeRow {
  char escaped, means;
};
constexpr auto kEscapes = std::to_array<EscapeRow>({
    {'"', '"'},
    {'\\', '\\'},
    {'/', '/'},
    {'b', '\b'},
    {'f', '\f'},
    {'n', '\n'},
    {'r', '\r'},
    {'t', '\t'},
});

int hexadecimal_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  auto const lower = to_ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n' && text[i] != '\r') continue;
    lines.push_back(text.substr(from, i - from));
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    from = i + 1;
  }
  lines.push_back(text.substr(from));
  return lines;
}

std::size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

}  // namespace

std::string block_string_value(std::string_view raw) {
  auto lines = lines_of(raw);
  auto common = std::string_view::npos;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto const indent = indentation(lines[i]);
    if (indent < lines[i].size()) common = std::min(common, indent);
  }
  for (std::size_t i = 1; i < lines.size() && common != std::string_view::npos; ++i) {
    lines[i].remove_prefix(std::min(common, lines[i].size()));
  }
  auto const is_blank = [](std::string_view line) { return indentation(line) == line.size(); };
  auto const first = std::ranges::find_if_not(lines, is_blank);
  auto last = lines.end();
  while (last != first && is_blank(*(last - 1))) --last;
  std::string out;
  for (auto line = first; line != last; ++line) {
    if (line != first) out += '\n';
    out += *line;
  }
  return out;
}

void Lexer::skip_ignored() {
  if (position_ == 0 && at(kByteOrderMark)) position_ += kByteOrderMark.size();
  while (position_ < text_.size()) {
    auto const c = text_[position_];
    if (c == '#') {
      position_ = std::min(text_.find_first_of("\n\r", position_), text_.size());
    } else if (is_ascii_space(c) || c == ',') {
      ++position_;
    } else {
      break;
    }
  }
}

Result<Token> Lexer::next() {
  skip_ignored();
  auto const begin = offset();
  if (position_ == text_.size()) return Token{TokenKind::end, {}, begin};
  if (++tokens_ > kTokensMax) {
    return fail_at(begin, "the query is too long", ErrorCode::too_large);
  }
  auto const c = text_[position_];
  if (is_name_start(c)) {
    while (position_ < text_.size() && is_name_part(text_[position_])) ++position_;
    return Token{TokenKind::name, std::string(text_.substr(begin, position_ - begin)), begin};
  }
  if (is_ascii_digit(c) || c == '-') return number();
  if (at(kBlockQuote)) return block_string();
  if (c == '"') return string();
  if (at("...")) {
    position_ += 3;
    return Token{TokenKind::punctuator, "...", begin};
  }
  if (kPunctuators.find(c) == std::string_view::npos) {
    return fail_at(begin, "a character that GraphQL has no use for", ErrorCode::malformed);
  }
  ++position_;
  return Token{TokenKind::punctuator, std::string(1, c), begin};
}

Result<Token> Lexer::number() {
  auto const begin = offset();
  bool is_integer = true;
  auto const digits = [&] {
    auto const from = position_;
    while (position_ < text_.size() && is_ascii_digit(text_[position_])) ++position_;
    return position_ - from;
  };
  auto const is_next = [&](char c) { return position_ < text_.size() && text_[position_] == c; };
  if (is_next('-')) ++position_;
  bool const has_zero = is_next('0');
  auto const whole = digits();
  bool is_good = whole == 1 || (whole > 1 && !has_zero);
  if (is_next('.') && !at("...")) {
    ++position_;
    is_integer = false;
    is_good &= digits() > 0;
  }
  if (is_next('e') || is_next('E')) {
    ++position_;
    is_integer = false;
    if (is_next('+') || is_next('-')) ++position_;
    is_good &= digits() > 0;
  }
  bool const runs_on = position_ < text_.size() && is_name_start(text_[position_]);
  if (!is_good || runs_on) return fail_at(begin, "not a number", ErrorCode::malformed);
  return Token{is_integer ? TokenKind::integer : TokenKind::number,
               std::string(text_.substr(begin, position_ - begin)), begin};
}

Result<char32_t> Lexer::hexadecimal(std::size_t digits) {
  char32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i, ++position_) {
    auto const digit = position_ < text_.size() ? hexadecimal_digit(text_[position_]) : -1;
    if (digit < 0) return fail_at(offset(), "not a hexadecimal digit", ErrorCode::malformed);
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

/// What stands behind `\u`: four digits, two such for what lies beyond them, or digits in braces.
Result<char32_t> Lexer::unicode() {
  constexpr char32_t kLead = 0xD800, kTrail = 0xDC00, kTrailEnd = 0xE000, kLast = 0x10FFFF;
  constexpr std::size_t kDigitsMax = 6;
  auto const begin = offset();
  char32_t value = 0;
  if (at("{")) {
    ++position_;
    auto const close = text_.find('}', position_);
    auto const digits = close == std::string_view::npos ? 0 : close - position_;
    if (digits == 0 || digits > kDigitsMax) {
      return fail_at(begin, "not a character", ErrorCode::malformed);
    }
    value = TRY(hexadecimal(digits));
    ++position_;
  } else {
    value = TRY(hexadecimal(4));
    if (value >= kLead && value < kTrail && at("\\u")) {
      position_ += 2;
      auto const trail = TRY(hexadecimal(4));
      if (trail < kTrail || trail >= kTrailEnd) {
        return fail_at(begin, "half a character", ErrorCode::malformed);
      }
      return 0x10000 + ((value - kLead) << 10) + (trail - kTrail);
    }
  }
  bool const is_scalar = value <= kLast && (value < kLead || value >= kTrailEnd);
  if (!is_scalar) return fail_at(begin, "not a character", ErrorCode::malformed);
  return value;
}

Result<> Lexer::escape(std::string& out) {
  auto const begin = offset();
  ++position_;
  auto const c = position_ < text_.size() ? text_[position_] : '\0';
  ++position_;
  if (c == 'u') {
    append_utf8(out, TRY(unicode()));
    return {};
  }
  auto const* const row = std::ranges::find(kEscapes, c, &EscapeRow::escaped);
  if (row == kEscapes.end()) {
    return fail_at(begin, "no such escape in a string", ErrorCode::malformed);
  }
  out += row->means;
  return {};
}

Result<Token> Lexer::string() {
  Token token{TokenKind::string, {}, offset()};
  ++position_;
  while (position_ < text_.size() && text_[position_] != '"') {
    auto const c = text_[position_];
    if (c == '\n' || c == '\r') break;
    if (c == '\\') {
      TRY(escape(token.text));
    } else {
      token.text += c;
      ++position_;
    }
  }
  if (!at("\"")) return fail_at(token.at, "the string does not end", ErrorCode::malformed);
  ++position_;
  return token;
}

Result<Token> Lexer::block_string() {
  auto const begin = offset();
  position_ += kBlockQuote.size();
  std::string raw;
  while (position_ < text_.size() && !at(kBlockQuote)) {
    if (at("\\\"\"\"")) {
      raw += kBlockQuote;
      position_ += 1 + kBlockQuote.size();
    } else {
      raw += text_[position_++];
    }
  }
  if (!at(kBlockQuote)) return fail_at(begin, "the string does not end", ErrorCode::malformed);
  position_ += kBlockQuote.size();
  return Token{TokenKind::string, block_string_value(raw), begin};
}

}  // namespace sinew::graphql
