#include "fhirpath/parser.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::fhirpath {
namespace {

enum class Right : std::uint8_t { expression, type };

/// Binary operators, the loosest first. Source: FHIRPath N1 #operator-precedence.
struct Infix {
  std::string_view symbol;
  int binding;
  OpCode code;
  OpCode jump;  ///< taken before the right operand is evaluated; `empty` for none
  Right right = Right::expression;
};
constexpr int kUnaryBinding = 11;
constexpr auto kInfixes = std::to_array<Infix>({
    {"implies", 1, OpCode::logical_implies, OpCode::true_if_false},
    {"or", 2, OpCode::logical_or, OpCode::keep_if_true},
    {"xor", 2, OpCode::logical_xor, OpCode::empty},
    {"and", 3, OpCode::logical_and, OpCode::keep_if_false},
    {"in", 4, OpCode::is_in, OpCode::empty},
    {"contains", 4, OpCode::contains, OpCode::empty},
    {"=", 5, OpCode::equal, OpCode::empty},
    {"~", 5, OpCode::equivalent, OpCode::empty},
    {"!=", 5, OpCode::not_equal, OpCode::empty},
    {"!~", 5, OpCode::not_equivalent, OpCode::empty},
    {"<", 6, OpCode::less, OpCode::empty},
    {"<=", 6, OpCode::less_or_equal, OpCode::empty},
    {">", 6, OpCode::greater, OpCode::empty},
    {">=", 6, OpCode::greater_or_equal, OpCode::empty},
    {"|", 7, OpCode::combine, OpCode::empty},
    {"is", 8, OpCode::is_type, OpCode::empty, Right::type},
    {"as", 8, OpCode::as_type, OpCode::empty, Right::type},
    {"+", 9, OpCode::add, OpCode::empty},
    {"-", 9, OpCode::subtract, OpCode::empty},
    {"&", 9, OpCode::concatenate, OpCode::empty},
    {"*", 10, OpCode::multiply, OpCode::empty},
    {"/", 10, OpCode::divide, OpCode::empty},
    {"div", 10, OpCode::divide_whole, OpCode::empty},
    {"mod", 10, OpCode::remainder, OpCode::empty},
});

Infix const* find_infix(Token const& token) {
  if (token.is_delimited) return nullptr;
  if (token.kind != TokenKind::identifier && token.kind != TokenKind::symbol) return nullptr;
  auto const row = std::ranges::find(kInfixes, token.text, &Infix::symbol);
  return row == kInfixes.end() ? nullptr : &*row;
}

}  // namespace

Parser::Parser(std::string_view text, CompileOptions const& options)
    : options_(options), lexer_(text), program_(std::make_unique<Program>()) {
  program_->text = text;
  program_->is_r4_definition = options.is_r4_definition;
  program_->takes_json_names = options.takes_json_names;
}

Result<> Parser::parse() {
  if (program_->text.size() > kExpressionBytesMax) {
    return fail(ErrorCode::too_large, "the expression is too long");
  }
  TRY(advance());
  TRY(expression(0));
  if (token_.kind != TokenKind::end) {
    return lexer_.fail_at(token_.position, "expected an operator or the end, found " + found());
  }
  return {};
}

Result<> Parser::advance() {
  token_ = TRY(lexer_.next());
  return {};
}

bool Parser::at_symbol(std::string_view symbol) const {
  return token_.kind == TokenKind::symbol && token_.text == symbol;
}

bool Parser::at_word(std::string_view word) const {
  return token_.kind == TokenKind::identifier && !token_.is_delimited && token_.text == word;
}

Result<> Parser::expect(std::string_view symbol) {
  if (!at_symbol(symbol)) {
    return lexer_.fail_at(token_.position,
                          "expected '" + std::string(symbol) + "', found " + found());
  }
  return advance();
}

std::string Parser::found() const {
  if (token_.kind == TokenKind::end) return "the end";
  return "'" + token_.text + "'";
}

std::size_t Parser::emit(OpCode code, std::uint32_t position, std::size_t x, std::size_t y,
                         std::size_t count) {
  program_->ops.push_back({code, static_cast<std::uint8_t>(count), false,
                           static_cast<std::uint16_t>(x), static_cast<std::uint32_t>(y), position});
  return program_->ops.size() - 1;
}

void Parser::emit_constant(Item item, std::uint32_t position) {
  program_->constants.push_back(item);
  emit(OpCode::constant, position, program_->constants.size() - 1);
}

std::string_view Parser::keep(std::string text) {
  return program_->strings.emplace_back(std::move(text));
}

std::size_t Parser::name_index(std::string const& text) {
  auto const [place, is_new] = names_.try_emplace(text, program_->names.size());
  if (is_new) {
    program_->names.push_back({text, "_" + text, is_choice_name(text), fhir::find_type(text)});
  }
  return place->second;
}

Result<> Parser::expression(int binding_min) {
  if (++depth_ > kNestingMax) {
    return lexer_.fail_at(token_.position, "the expression is nested too deeply",
                          ErrorCode::too_large);
  }
  auto const scope = defined_.size();
  TRY(operand());
  for (;;) {
    auto const* const row = find_infix(token_);
    if (row == nullptr || row->binding <= binding_min) break;
    TRY(infix(scope));
  }
  --depth_;
  return {};
}

/// `scope`: how many variables were defined where the left operand began; those that it defined
/// end with it.
Result<> Parser::infix(std::size_t scope) {
  auto const& row = *find_infix(token_);
  auto const position = token_.position;
  TRY(advance());
  defined_.resize(scope);
  if (row.right == Right::type) {
    emit(row.code, position, TRY(type_specifier()));
    return {};
  }
  auto const jump = row.jump == OpCode::empty ? 0 : emit(row.jump, position);
  TRY(expression(row.binding));
  emit(row.code, position);
  if (row.jump != OpCode::empty) {
    program_->ops[jump].y = static_cast<std::uint32_t>(program_->ops.size());
  }
  return {};
}

/// `-` and `+` bind tighter than `*` and looser than `.`: -1.abs() is -(1.abs()).
Result<> Parser::operand() {
  if (at_symbol("-") || at_symbol("+")) {
    auto const code = at_symbol("-") ? OpCode::negate : OpCode::plus;
    auto const position = token_.position;
    TRY(advance());
    TRY(expression(kUnaryBinding));
    emit(code, position);
    return {};
  }
  TRY(term());
  return postfix();
}

Result<> Parser::postfix() {
  for (;;) {
    auto const position = token_.position;
    if (at_symbol(".")) {
      TRY(advance());
      TRY(invocation());
    } else if (at_symbol("[")) {
      TRY(advance());
      TRY(expression(0));
      TRY(expect("]"));
      emit(OpCode::item_at, position);
    } else {
      return {};
    }
  }
}

Result<> Parser::term() {
  auto const position = token_.position;
  if (at_symbol("(")) {
    TRY(advance());
    TRY(expression(0));
    return expect(")");
  }
  if (at_symbol("{")) {
    TRY(advance());
    emit(OpCode::empty, position);
    return expect("}");
  }
  switch (token_.kind) {
    case TokenKind::identifier:
      return head();
    case TokenKind::external:
      return external();
    case TokenKind::variable:
      return variable();
    default:
      return literal();
  }
}

Result<> Parser::head() {
  auto const name = token_;
  if (!name.is_delimited && (name.text == "true" || name.text == "false")) {
    emit_constant(Item::of_boolean(name.text == "true"), name.position);
    return advance();
  }
  auto const* const row = find_infix(name);
  bool const may_be_name = row == nullptr || row->binding == 4 || row->binding == 8;
  if (!may_be_name) {
    return lexer_.fail_at(name.position, "expected a value, found the operator " + found());
  }
  TRY(advance());
  if (at_symbol("(")) {
    emit(OpCode::focus, name.position);
    return call(name);
  }
  auto const index = name_index(name.text);
  auto const is_type =
      fhir::find_type(name.text) != 0 || (!name.text.empty() && is_ascii_upper(name.text[0]));
  emit(is_type ? OpCode::type_or_child : OpCode::focus_child, name.position, index);
  return {};
}

Result<> Parser::invocation() {
  // The grammar lets `$this` follow a '.': it is what stands before it.
  if (token_.kind == TokenKind::variable && token_.text == "this") return advance();
  if (token_.kind != TokenKind::identifier) {
    return lexer_.fail_at(token_.position, "expected a name after '.', found " + found());
  }
  auto const name = token_;
  TRY(advance());
  if (at_symbol("(")) return call(name);
  emit(OpCode::child, name.position, name_index(name.text));
  return {};
}

Result<> Parser::variable() {
  struct Row {
    std::string_view name;
    OpCode code;
  };
  constexpr auto kVariables = std::to_array<Row>(
      {{"this", OpCode::focus}, {"index", OpCode::index}, {"total", OpCode::total}});
  auto const row = std::ranges::find(kVariables, token_.text, &Row::name);
  if (row == kVariables.end()) {
    return lexer_.fail_at(token_.position, "there is no variable $" + token_.text);
  }
  emit(row->code, token_.position);
  return advance();
}

Result<std::uint16_t> Parser::type_specifier() {
  auto const name = token_;
  if (name.kind != TokenKind::identifier) {
    return lexer_.fail_at(name.position, "expected the name of a type, found " + found());
  }
  TRY(advance());
  TypeSpecifier type;
  if ((name.text == "FHIR" || name.text == "System") && at_symbol(".")) {
    TRY(advance());
    if (token_.kind != TokenKind::identifier) {
      return lexer_.fail_at(token_.position, "expected the name of a type, found " + found());
    }
    type = specify_type(name.text, token_.text);
    TRY(advance());
  } else {
    type = specify_type({}, name.text);
  }
  if (options_.is_r4_definition && type.may_be_system && !type.may_be_fhir) {
    auto primitive = type.name;
    primitive[0] = to_ascii_lower(primitive[0]);
    type.fhir_type = fhir::find_type(primitive);
    type.may_be_fhir = type.fhir_type != 0;
  }
  program_->types.push_back(std::move(type));
  return static_cast<std::uint16_t>(program_->types.size() - 1);
}

Result<Expression> Expression::compile(std::string_view text, CompileOptions const& options) {
  Parser parser(text, options);
  TRY(parser.parse());
  auto program = parser.take();
  if (options.is_strict) TRY(check_program(*program, options));
  return Expression(std::move(program));
}

Expression::Expression(std::shared_ptr<Program const> program) : program_(std::move(program)) {}

std::string const& Expression::text() const { return program_->text; }

CompileOptions definition_options(fhir::TypeId context) {
  CompileOptions options;
  options.is_r4_definition = true;
  options.context = context;
  return options;
}

}  // namespace sinew::fhirpath
