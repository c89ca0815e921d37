#include "fhirpath/lexer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::fhirpath {
namespace {

bool begins_word(char c) { return is_ascii_alpha(c) || c == '_'; }
bool continues_word(char c) { return begins_word(c) || is_ascii_digit(c); }

constexpr auto kTwoCharacterSymbols = std::to_array<std::string_view>({"!=", "!~", "<=", ">="});
constexpr std::string_view kSymbols = ".,()[]{}+-*/&|=~<>";

int hex_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  auto const lower = to_ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

struct EscapeRow {
  char letter, meaning;
};
constexpr auto kEscapes = std::to_array<EscapeRow>({{'\'', '\''},
                                                    {'"', '"'},
                                                    {'`', '`'},
                                                    {'\\', '\\'},
                                                    {'/', '/'},
                                                    {'f', '\f'},
                                                    {'n', '\n'},
                                                    {'r', '\r'},
                                                    {'t', '\t'}});

}  // namespace

std::string place_in(std::string_view expression, std::size_t position) {
  auto const place = position_of(expression, std::min(position, expression.size()));
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
}

Failure Lexer::fail_at(std::size_t position, std::string what, ErrorCode code) const {
  return fail(code, std::move(what), place_in(text_, position));
}

Result<Token> Lexer::next() {
  TRY(skip_space());
  auto const c = peek();
  if (at_ >= text_.size()) return Token{TokenKind::end, false, static_cast<std::uint32_t>(at_), {}};
  if (begins_word(c)) return word(TokenKind::identifier);
  if (is_ascii_digit(c)) return number();
  if (c == '\'') return quoted('\'', TokenKind::string);
  if (c == '`') return quoted('`', TokenKind::identifier);
  if (c == '"') return quoted('"', TokenKind::identifier);
  if (c == '%') return external();
  if (c == '@') return moment();
  if (c == '$') {
    ++at_;
    if (!begins_word(peek())) return fail_at(at_ - 1, "a name must follow '$'");
    auto token = word(TokenKind::variable);
    --token.position;  // with its '$'
    return token;
  }
  return symbol();
}

Result<> Lexer::skip_space() {
  for (;;) {
    while (is_ascii_space(peek()) && at_ < text_.size()) ++at_;
    if (peek() != '/') return {};
    if (peek(1) == '/') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (peek(1) == '*') {
      auto const end = text_.find("*/", at_ + 2);
      if (end == text_.npos) return fail_at(at_, "the comment is not closed");
      at_ = end + 2;
    } else {
      return {};
    }
  }
}

Token Lexer::word(TokenKind kind) {
  auto const begin = at_;
  while (continues_word(peek())) ++at_;
  return {kind, false, static_cast<std::uint32_t>(begin),
          std::string(text_.substr(begin, at_ - begin))};
}

Token Lexer::number() {
  auto const begin = at_;
  auto kind = TokenKind::number;
  while (is_ascii_digit(peek())) ++at_;
  if (peek() == '.' && is_ascii_digit(peek(1))) {
    ++at_;
    while (is_ascii_digit(peek())) ++at_;
  }
  Token token{kind, false, static_cast<std::uint32_t>(begin),
              std::string(text_.substr(begin, at_ - begin))};
  if (peek() == 'L' && !continues_word(peek(1)) && token.text.find('.') == std::string::npos) {
    ++at_;
    token.kind = TokenKind::long_number;
  }
  return token;
}

Result<Token> Lexer::quoted(char quote, TokenKind kind) {
  auto const begin = at_++;
  Token token{kind, kind == TokenKind::identifier, static_cast<std::uint32_t>(begin), {}};
  for (;;) {
    if (at_ >= text_.size()) return fail_at(begin, "the quoted text is not closed");
    auto const c = text_[at_++];
    if (c == quote) return token;
    if (c != '\\') {
      token.text += c;
      continue;
    }
    TRY(escape(token.text));
  }
}

Result<> Lexer::escape(std::string& out) {
  auto const begin = at_ - 1;
  auto const letter = peek();
  ++at_;
  if (letter == 'u') {
    auto code_point = TRY(code_unit());
    constexpr char32_t kHighFirst = 0xD800, kLowFirst = 0xDC00, kLowLast = 0xDFFF;
    if (code_point >= kHighFirst && code_point < kLowFirst && peek() == '\\' && peek(1) == 'u') {
      at_ += 2;
      auto const low = TRY(code_unit());
      if (low < kLowFirst || low > kLowLast) return fail_at(begin, "a surrogate stands alone");
      code_point = 0x10000 + ((code_point - kHighFirst) << 10) + (low - kLowFirst);
    }
    append_utf8(out, code_point);
    return {};
  }
  for (auto const& row : kEscapes) {
    if (row.letter != letter) continue;
    out += row.meaning;
    return {};
  }
  return fail_at(begin, "there is no such escape in a text");
}

Result<char32_t> Lexer::code_unit() {
  char32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    auto const digit = hex_digit(peek());
    if (digit < 0) return fail_at(at_, "four hexadecimal digits must follow '\\u'");
    unit = unit * 16 + static_cast<char32_t>(digit);
    ++at_;
  }
  return unit;
}

Result<Token> Lexer::external() {
  auto const begin = at_++;
  Token token;
  if (begins_word(peek())) {
    token = word(TokenKind::external);
    // `%vs-name` and `%ext-name` are written with and without quotes.
    while (peek() == '-' && continues_word(peek(1)) &&
           (token.text.starts_with("vs") || token.text.starts_with("ext"))) {
      ++at_;
      token.text += '-' + word(TokenKind::external).text;
    }
  } else if (peek() == '`' || peek() == '\'' || peek() == '"') {
    token = TRY(quoted(peek(), TokenKind::external));
  } else {
    return fail_at(begin, "a name must follow '%'");
  }
  token.kind = TokenKind::external;
  token.position = static_cast<std::uint32_t>(begin);
  return token;
}

bool Lexer::take_digits(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_ascii_digit(peek(i))) return false;
  }
  at_ += count;
  return true;
}

/// @YYYY-MM-DDThh:mm:ss.fff+zz:zz, any part of it missing from the end.
Result<Token> Lexer::moment() {
  auto const begin = at_++;
  auto const begin_text = at_;
  auto const part = [this](char separator, std::size_t digits) {
    if (peek() != separator || !is_ascii_digit(peek(1))) return false;
    ++at_;
    return take_digits(digits);
  };
  auto const finish = [&](TokenKind kind, std::size_t from) {
    return Token{kind, false, static_cast<std::uint32_t>(begin),
                 std::string(text_.substr(from, at_ - from))};
  };
  auto const clock = [&] {
    if (!take_digits(2)) return;
    if (!part(':', 2) || !part(':', 2)) return;
    if (peek() == '.' && is_ascii_digit(peek(1))) {
      ++at_;
      while (is_ascii_digit(peek())) ++at_;
    }
  };
  if (peek() == 'T') {
    ++at_;
    clock();
    return finish(TokenKind::time, begin_text + 1);
  }
  if (!take_digits(4)) return fail_at(begin, "a date or time must follow '@'");
  if (part('-', 2)) part('-', 2);
  if (peek() != 'T') return finish(TokenKind::date, begin_text);
  ++at_;
  auto const before_clock = at_;
  clock();
  if (at_ > before_clock) {
    if (peek() == 'Z') {
      ++at_;
    } else if ((peek() == '+' || peek() == '-') && is_ascii_digit(peek(1)) &&
               is_ascii_digit(peek(2)) && peek(3) == ':') {
      at_ += 4;
      take_digits(2);
    }
  }
  return finish(TokenKind::date_time, begin_text);
}

Result<Token> Lexer::symbol() {
  auto const two = text_.substr(at_, 2);
  auto const begin = static_cast<std::uint32_t>(at_);
  if (std::ranges::find(kTwoCharacterSymbols, two) != kTwoCharacterSymbols.end()) {
    at_ += 2;
    return Token{TokenKind::symbol, false, begin, std::string(two)};
  }
  if (kSymbols.find(peek()) == kSymbols.npos) return fail_at(at_, "unexpected character");
  ++at_;
  return Token{TokenKind::symbol, false, begin, std::string(two.substr(0, 1))};
}

}  // namespace sinew::fhirpath
