#pragma once

#include <string>
#include <string_view>

#include "api/graphql/document.h"

namespace sinew::graphql {

enum class TokenKind : std::uint8_t { end, punctuator, name, integer, number, string };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  ///< a string without quotes and escapes
  Offset at = 0;
};

/// Cuts a text into tokens; commas, white space and comments separate.
/// Source: GraphQL, October 2021, section 2.1.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// Fails `malformed`, `too_large` after kTokensMax.
  [[nodiscard]] Result<Token> next();

 private:
  void skip_ignored();
  [[nodiscard]] Result<Token> number();
  [[nodiscard]] Result<Token> string();
  [[nodiscard]] Result<Token> block_string();
  [[nodiscard]] Result<> escape(std::string& out);
  [[nodiscard]] Result<char32_t> unicode();
  [[nodiscard]] Result<char32_t> hexadecimal(std::size_t digits);
  [[nodiscard]] bool at(std::string_view text) const {
    return text_.substr(position_).starts_with(text);
  }
  [[nodiscard]] Offset offset() const { return static_cast<Offset>(position_); }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t tokens_ = 0;
};

/// The value of a block string: common indentation and blank lines at both ends removed.
/// Source: GraphQL, October 2021, section 2.9.4, BlockStringValue.
[[nodiscard]] std::string block_string_value(std::string_view raw);

}  // namespace sinew::graphql
