#include "mapping/lexer.h"

#include <utility>

#include "base/text.h"

namespace sinew::mapping {
namespace {

bool is_word_char(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }

/// The length of a source path at the start of `text`, or 0: `PID-3[2].4.1`, `.4.1`, `.`.
std::size_t source_length(std::string_view text) {
  std::size_t at = 0;
  auto const digits = [&] {
    auto const from = at;
    while (at < text.size() && is_ascii_digit(text[at])) ++at;
    return at > from;
  };
  if (text[0] != '.') {
    if (text.size() < 5 || text[3] != '-' || !is_ascii_upper(text[0])) return 0;
    for (char const c : text.substr(1, 2)) {
      if (!is_ascii_upper(c) && !is_ascii_digit(c)) return 0;
    }
    at = 4;
    if (!digits()) return 0;
    if (at < text.size() && text[at] == '[') {
      ++at;
      if (!digits() || at >= text.size() || text[at] != ']') return 0;
      ++at;
    }
  } else if (text.size() == 1 || !is_ascii_digit(text[1])) {
    return 1;
  }
  while (at + 1 < text.size() && text[at] == '.' && is_ascii_digit(text[at + 1])) {
    ++at;
    digits();
  }
  return at;
}

}  // namespace

Token Lexer::next() {
  auto token = std::move(token_);
  advance();
  return token;
}

bool Lexer::accept_word(std::string_view word) {
  if (token_.kind != Token::Kind::word || !equals_ignoring_case(token_.text, word)) return false;
  advance();
  return true;
}

bool Lexer::accept_symbol(std::string_view symbol) {
  if (token_.kind != Token::Kind::symbol || token_.text != symbol) return false;
  advance();
  return true;
}

void Lexer::take(Token::Kind kind, std::size_t length) {
  token_.kind = kind;
  token_.text = rest_.substr(0, length);
  rest_.remove_prefix(length);
}

void Lexer::read_literal() {
  std::size_t at = 1;
  for (; at < rest_.size(); ++at) {
    if (rest_[at] == '\'') {
      if (at + 1 >= rest_.size() || rest_[at + 1] != '\'') break;
      ++at;
    }
    token_.value += rest_[at];
  }
  if (at >= rest_.size()) {
    error_ = "a literal has no closing quote";
    rest_ = {};
    return;
  }
  take(Token::Kind::literal, at + 1);
}

void Lexer::advance() {
  token_ = {};
  while (!rest_.empty() && is_ascii_space(rest_[0])) rest_.remove_prefix(1);
  if (rest_.empty()) return;
  char const c = rest_[0];
  if (c == '\'') return read_literal();
  if (auto const length = source_length(rest_); length > 0) {
    return take(Token::Kind::source, length);
  }
  std::size_t length = 0;
  if (is_ascii_digit(c) || c == '-') {
    length = 1;
    while (length < rest_.size() && (is_ascii_digit(rest_[length]) || rest_[length] == '.')) {
      ++length;
    }
    take(Token::Kind::number, length);
    token_.value = token_.text;
    return;
  }
  while (length < rest_.size() && is_word_char(rest_[length])) ++length;
  if (length > 0) return take(Token::Kind::word, length);
  for (std::string_view const symbol : {"!=", "<=", ">=", "=", "<", ">", "(", ")", ","}) {
    if (rest_.starts_with(symbol)) return take(Token::Kind::symbol, symbol.size());
  }
  error_ = "a character that no expression has";
  rest_ = {};
}

}  // namespace sinew::mapping
