#pragma once

#include <map>
#include <string>
#include <vector>

#include "fhirpath/function.h"
#include "fhirpath/lexer.h"
#include "fhirpath/program.h"

namespace sinew::fhirpath {

/// Reads an expression and writes instructions in one pass: operands before operators, so that
/// evaluation needs no recursion but for the bodies of functions. Its own recursion is bounded by
/// kNestingMax. Source: FHIRPath N1, grammar and #operator-precedence.
class Parser {
 public:
  Parser(std::string_view text, CompileOptions const& options);
  [[nodiscard]] Result<> parse();
  [[nodiscard]] std::unique_ptr<Program> take() { return std::move(program_); }

 private:
  [[nodiscard]] Result<> expression(int binding_min);
  [[nodiscard]] Result<> operand();
  [[nodiscard]] Result<> postfix();
  [[nodiscard]] Result<> term();
  [[nodiscard]] Result<> literal();
  [[nodiscard]] Result<> number();
  [[nodiscard]] Result<> moment(MomentKind kind);
  [[nodiscard]] Result<> external();
  [[nodiscard]] Result<> variable();
  [[nodiscard]] Result<> head();
  [[nodiscard]] Result<> invocation();
  [[nodiscard]] Result<> call(Token const& name);
  [[nodiscard]] Result<> value_arguments(Function const& function, Token const& name);
  [[nodiscard]] Result<> body_arguments(Function const& function, Token const& name);
  [[nodiscard]] Result<> type_argument(Function const& function, Token const& name);
  [[nodiscard]] Result<> sort_direction(std::size_t body);
  [[nodiscard]] Result<std::string> define_variable(std::size_t body);
  [[nodiscard]] Result<> attach_pattern(std::size_t first_argument);
  [[nodiscard]] Result<std::uint16_t> type_specifier();
  [[nodiscard]] Result<> infix(std::size_t scope);
  [[nodiscard]] Result<> check_count(Function const& function, std::size_t count,
                                     Token const& name) const;

  [[nodiscard]] Result<> advance();
  [[nodiscard]] bool at_symbol(std::string_view symbol) const;
  [[nodiscard]] bool at_word(std::string_view word) const;
  [[nodiscard]] Result<> expect(std::string_view symbol);
  [[nodiscard]] std::string found() const;

  std::size_t emit(OpCode code, std::uint32_t position, std::size_t x = 0, std::size_t y = 0,
                   std::size_t count = 0);
  void emit_constant(Item item, std::uint32_t position);
  [[nodiscard]] std::string_view keep(std::string text);
  [[nodiscard]] std::size_t name_index(std::string const& text);

  CompileOptions options_;
  Lexer lexer_;
  Token token_;
  std::unique_ptr<Program> program_;
  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<std::pair<std::string, std::uint16_t>> defined_;  ///< variables in scope
  int depth_ = 0;
};

}  // namespace sinew::fhirpath
