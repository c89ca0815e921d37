#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sinew::mapping {

struct Token {
  enum class Kind : std::uint8_t { end, word, literal, number, source, symbol };
  Kind kind = Kind::end;
  std::string_view text;  ///< as written
  std::string value;      ///< of a literal without quotes, or a number
};

/// Cuts an expression into tokens, one ahead.
/// A literal stands in single quotes; a quote in it is written twice.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) { advance(); }

  [[nodiscard]] Token const& peek() const { return token_; }
  [[nodiscard]] bool at_end() const { return token_.kind == Token::Kind::end && error_.empty(); }
  Token next();
  /// Takes the token when it is that word (letters in any case) or symbol.
  bool accept_word(std::string_view word);
  bool accept_symbol(std::string_view symbol);
  /// What could not be read; empty when all is well.
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  void advance();
  void read_literal();
  void take(Token::Kind kind, std::size_t length);
  std::string_view rest_;
  Token token_;
  std::string_view error_;
};

}  // namespace sinew::mapping
