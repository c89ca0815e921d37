#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::fhirpath {

enum class TokenKind : std::uint8_t {
  end,
  identifier,  ///< `name`, also `` `delimited` ``
  external,    ///< %name
  variable,    ///< $this, $index, $total: without '$'
  string,
  number,       ///< 12, 12.5
  long_number,  ///< 12L: without 'L'
  date,         ///< @2014-01: without '@'
  date_time,    ///< @2014-01T, @2014-01-05T10:00
  time,         ///< @T10:00: without '@T'
  symbol,       ///< one or two characters: `.`, `<=`, `!~`
};

struct Token {
  TokenKind kind = TokenKind::end;
  bool is_delimited = false;   ///< identifier between back-ticks
  std::uint32_t position = 0;  ///< byte offset in the expression
  std::string text;            ///< unescaped
};

/// Cuts an expression into tokens. Source: FHIRPath N1, grammar.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// The next token; at the end, `end` again and again. Fails `malformed` at a line and column.
  [[nodiscard]] Result<Token> next();
  /// A failure that names a place of the expression.
  [[nodiscard]] Failure fail_at(std::size_t position, std::string what,
                                ErrorCode code = ErrorCode::malformed) const;

 private:
  [[nodiscard]] Result<> skip_space();
  [[nodiscard]] Result<Token> quoted(char quote, TokenKind kind);
  [[nodiscard]] Result<> escape(std::string& out);
  [[nodiscard]] Result<char32_t> code_unit();
  [[nodiscard]] Result<Token> external();
  [[nodiscard]] Result<Token> moment();
  [[nodiscard]] Token number();
  [[nodiscard]] Token word(TokenKind kind);
  [[nodiscard]] Result<Token> symbol();
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take_digits(std::size_t count);

  std::string_view text_;
  std::size_t at_ = 0;
};

/// `line 1, column 8` of a byte offset.
[[nodiscard]] std::string place_in(std::string_view expression, std::size_t position);

}  // namespace sinew::fhirpath
